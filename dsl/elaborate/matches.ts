/** `x matches /re/`, `x matches card`, `x matches any [pii.card, /re/]`. */
import type { Details } from '../diagnostics/diagnostic.ts'
import { renaming, replacement } from '../machine-fix.ts'
import { lookup, type Module, namesIn, otherMeaning } from '../module.ts'
import type { PatternPlan } from '../plan.ts'
import { type RegexProblem, splitRegex } from '../regex.ts'
import { hasRequiredLiteral } from '../required-literal.ts'
import type { Span } from '../source.ts'
import { didYouMean } from '../suggest.ts'
import type { ExprNode } from '../syntax/ast.ts'
import { BOOL, describeType } from '../types.ts'
import type { ExprContext, Typed } from './context.ts'
import { isSlowInFile, problemInFile } from './file-patterns.ts'

/** Sets of patterns run together on the hot path: more than these and the automaton outgrows its bound. */
export const MAX_PATTERNS = 10

type Elaborate = (node: ExprNode, context: ExprContext) => Typed

export function elaborateMatches(
  node: Extract<ExprNode, { kind: 'matches' }>,
  context: ExprContext,
  elaborate: Elaborate,
): Typed {
  const { reporter } = context.module
  const value = elaborate(node.value, context)
  if (value.type.kind !== 'string' && value.type.kind !== 'enum' && value.type.kind !== 'unknown') {
    const notes = value.type.kind === 'documents' ? ['regexes look at one text'] : []
    reporter.report('E0201', node.value.span, `\`matches\` asks of a text, and this is ${describeType(value.type)}`, {
      label: 'not a text',
      notes,
    })
  }
  if (node.patterns.kind === 'list' && !node.any)
    reporter.report('E0309', node.patterns.span, 'several patterns are asked by `matches any`', {
      label: 'a list',
      fix: {
        applicability: 'machine',
        title: 'write',
        options: [{ text: 'matches any […]' }],
        edit: { start: node.patterns.span.start, end: node.patterns.span.start, text: 'any ' },
      },
    })
  const nodes = node.patterns.kind === 'list' ? node.patterns.items : [node.patterns]
  if (nodes.length > MAX_PATTERNS)
    reporter.report('E0307', node.patterns.span, `${nodes.length} patterns at once are too many`, {
      label: `at most ${MAX_PATTERNS}`,
      notes: ['join some with `|`, or split the eval'],
    })
  if (nodes.length === 0)
    reporter.report('E0309', node.patterns.span, 'no pattern to match with', { label: 'an empty list matches nothing' })
  const patterns = nodes.flatMap((pattern) => {
    const plan = patternOf(pattern, context)
    if (plan === null) return []
    const index = context.project.patterns.add(plan)
    context.matched.add(index)
    return [index]
  })
  return { expr: { op: 'matches', value: value.expr, patterns }, type: BOOL, flexible: false, missing: value.missing }
}

function patternOf(node: ExprNode, context: ExprContext): PatternPlan | null {
  const { module, project } = context
  if (node.kind === 'error') return null
  if (node.kind === 'regex') return inlinePattern(node, context)
  if (node.kind !== 'path') {
    const text = node.kind === 'literal' && node.token === 'text'
    module.reporter.report('E0309', node.span, 'this is not a pattern', {
      label: 'a regex is written `/…/`',
      notes: text ? ['to look for a text as it is, write `contains`'] : [],
    })
    return null
  }
  const found = lookup(module, 'patterns', node.path)
  if (found.kind === 'broken') return null
  if (found.kind === 'found') return project.pattern(found.found.module, found.found.decl.name.text)
  const meaning = otherMeaning(module, node.path)
  const message =
    meaning === null
      ? `there is no pattern \`${node.path}\`${didYouMean(node.path, found.candidates)}`
      : `\`${node.path}\` is ${meaning}, not a pattern`
  module.reporter.report(meaning === null ? 'E0104' : 'E0309', node.span, message, {
    label: 'not a pattern',
    ...(meaning === null && renaming(node.span, node.path, found.candidates)),
    notes: packAdvice(node.path, namesIn(module, 'patterns')),
  })
  return null
}

function packAdvice(path: string, known: readonly string[]): string[] {
  return path.startsWith('pii.') && !known.some((name) => name.startsWith('pii.'))
    ? ['the standard pack is imported by `import pii from "assay:pii"`']
    : []
}

function inlinePattern(node: Extract<ExprNode, { kind: 'regex' }>, context: ExprContext): PatternPlan | null {
  const problem = problemInFile(node.raw, context.module)
  if (problem !== null) {
    const span = { start: node.span.start + problem.start, end: node.span.start + problem.end }
    context.module.reporter.report(problem.code, span, problem.message, regexDetails(problem, node.span))
    return null
  }
  const { source, flags } = splitRegex(node.raw)
  warnOfCost(node, source, context.module)
  return { name: node.raw, source, caseInsensitive: flags.includes('i'), check: null, builtin: null }
}

export function regexDetails({ notes, instead }: RegexProblem, literal: Span): Details {
  return { notes: [...notes], ...(instead !== undefined && { fix: replacement(literal, instead) }) }
}

/** Standard packs are exempt: their patterns are reviewed, and run by gates of their own. */
export function warnOfCost(node: Extract<ExprNode, { kind: 'regex' }>, source: string, module: Module): void {
  if (isSlowInFile(node.raw, module)) {
    module.reporter.report('W0313', node.span, 'a hostile text makes this pattern slow', {
      label: 'leads to a new state with every character',
      notes: [
        'fewer repetitions of what overlaps with the text in front make it fast: `.{0,40}` behind `foo`, say, to `[^f]{0,40}`',
      ],
    })
  }
  if (module.path.startsWith('assay:') || hasRequiredLiteral(source)) return
  module.reporter.report(
    'W0310',
    node.span,
    'no fixed text is in every match of this pattern, which makes it the slowest kind',
    {
      label: 'walks every character of every text',
      notes: ['a fixed part makes it fast, such as the `sk-` of `/sk-\\w{20,}/`'],
    },
  )
}
