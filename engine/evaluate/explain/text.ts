/** A tree of an explanation as people read it. */
import { quote } from '../../../dsl/print-literal.ts'
import { describeReason } from '../reason-text.ts'
import type { Explanation, SpanNode, TreeNode } from './tree.ts'

/** A condition of many lines would hide its parts. */
const MAX_EXPR = 100

/** Without a line end; the first line says the verdict. */
export function explanationText(explanation: Explanation): string {
  return [verdictLine(explanation), ...clauseLines(explanation)].join('\n')
}

export function verdictLine(explanation: Omit<Explanation, 'clauses'>): string {
  const { verdict, reason, evalId, subject, name, spanId } = explanation
  const why = reason === undefined ? '' : `: ${describeReason(reason)}`
  const of = spanId === '' ? subject : `${subject} ${quote(name)}`
  return verdict === 'none'
    ? `${evalId} says nothing of this ${of}: it is not in its scope`
    : `${evalId} is ${verdict} of this ${of}${why}`
}

export function clauseLines({ clauses }: Pick<Explanation, 'clauses'>): string[] {
  return clauses.flatMap(({ clause, tree }) => {
    const [first = '', ...rest] = treeLines(tree)
    const label = `${clause}:`.padEnd(CLAUSE_WIDTH)
    return [`${label}${first}`, ...rest.map((line) => `${' '.repeat(CLAUSE_WIDTH)}${line}`)]
  })
}

const CLAUSE_WIDTH = 'score:  '.length

/** `EXPRESSION  = VALUE`, with its parts below. */
export function treeLines(node: TreeNode): string[] {
  const note = node.note === null ? '' : `  (${node.note})`
  const sign = node.value.kind === 'missing' ? '?' : '='
  const value = node.value.text === `${node.expr} is missing` ? 'missing' : node.value.text
  const head = `${cut(node.expr)}  ${sign} ${value}${note}`
  const leaves = [
    ...node.matches.map(({ pattern, start, end, masked }) => [`${cut(pattern)} at ${start}–${end}: ${masked}`]),
    ...node.spans.map(spanLines),
    ...node.parts.map(treeLines),
  ]
  return [head, ...leaves.flatMap((lines, i) => branch(lines, i === leaves.length - 1))]
}

function spanLines({ subject, name, text, taken, tree, spanId }: SpanNode): string[] {
  const head = `${taken ? '•' : '✗'} ${subject} ${quote(name)} ${spanId}${text === null ? '' : `  ${text}`}`
  return [head, ...(tree === null ? [] : branch(treeLines(tree), true))]
}

function branch([first = '', ...rest]: string[], last: boolean): string[] {
  return [`${last ? '└' : '├'} ${first}`, ...rest.map((line) => `${last ? ' ' : '│'} ${line}`)]
}

function cut(text: string): string {
  const line = text.replaceAll('\n', ' ')
  return line.length <= MAX_EXPR ? line : `${line.slice(0, MAX_EXPR - 1).toWellFormed()}…`
}
