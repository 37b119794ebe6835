/** `given no_pii: pass x 9, fail x 1 each 1m`, `given helpful: score 4 x 20 each 1m`: results over virtual time. */
import { reportWord } from './clauses.ts'
import { compileLabels } from './compile-labels.ts'
import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborate } from './elaborate/expression.ts'
import { adapt } from './elaborate/literals.ts'
import { readsOnlyScore } from './hash.ts'
import { durationNs } from './literals.ts'
import type { Module } from './module.ts'
import type { EvalPlan, Subject, TestGiven, VerdictName } from './plan.ts'
import { scoreOf } from './score-of.ts'
import type { GivenNode } from './syntax/ast.ts'
import { commonType, describeType } from './types.ts'

type VerdictsNode = Extract<GivenNode, { kind: 'verdicts' }>
type VerdictsGiven = Extract<TestGiven, { kind: 'verdicts' }>

const VERDICTS: readonly VerdictName[] = ['pass', 'fail', 'unknown', 'error']
const MOST = 100_000

/** Null when it is in error (told); so is a `plan` that is null. */
export function compileVerdicts(
  node: VerdictsNode,
  plan: EvalPlan | null,
  module: Module,
  project: Project,
): VerdictsGiven | null {
  const { reporter } = module
  const runs = node.runs.map((run) => compileRun(run, node, plan, module, project))
  if (node.each === null) {
    reporter.report('E0415', node.span, 'a stream of verdicts says how far they are apart', { label: 'add `each 1m`' })
    return null
  }
  const labels = plan === null ? null : compileLabels(node.labels, subjectOf(plan), module)
  const eachNs = durationNs(node.each.text)
  const verdicts = runs.filter((run) => run !== null)
  if (plan === null || labels === null || eachNs === null || verdicts.length < runs.length) return null
  if (eachNs === 0)
    reporter.report('E0415', node.each.span, 'verdicts that are not apart cannot be put in order', {
      label: 'more than nothing is needed',
    })
  const stream = { kind: 'verdicts', evalId: plan.id, verdicts, eachNs } as const
  return node.labels.length === 0 ? stream : { ...stream, labels }
}

function subjectOf(plan: EvalPlan): Subject {
  return (plan.kind === 'online' ? plan.scope : plan.sample.scope).subject
}

function compileRun(
  { verdict, score, times }: VerdictsNode['runs'][number],
  node: VerdictsNode,
  plan: EvalPlan | null,
  module: Module,
  project: Project,
): VerdictsGiven['verdicts'][number] | null {
  const { reporter } = module
  if (verdict.text === '') return null
  const count = times === null ? 1 : Number(times.text)
  if (count < 1 || count > MOST) {
    reporter.report('E0415', times?.span ?? verdict.span, `a run has from 1 to ${MOST} verdicts`, {
      label: 'out of range',
    })
    return null
  }
  if (verdict.text === 'score') {
    const value = scoreIn(score, verdict.span, plan, node, module, project)
    return value === null ? null : { score: value, times: count }
  }
  const word = VERDICTS.find((known) => known === verdict.text)
  if (word === undefined) {
    const written = { kind: 'path' as const, path: verdict.text, span: verdict.span }
    reportWord(reporter, node.evalName.text, written, [...VERDICTS, 'score 4'])
    return null
  }
  if (score === null) return { verdict: word, times: count }
  if (score.kind !== 'error')
    reporter.report('E0415', score.span, `\`${word}\` takes no value`, {
      label: `for several, write \`${word} x 9\`; for a score, \`score 4\``,
    })
  return null
}

/** The score of a run in the plan's unit; null when it is none that the eval could give (told). */
function scoreIn(
  value: VerdictsNode['runs'][number]['score'],
  at: VerdictsNode['span'],
  plan: EvalPlan | null,
  node: VerdictsNode,
  module: Module,
  project: Project,
): number | null {
  const { reporter } = module
  if (plan === null || value?.kind === 'error') return null
  const name = node.evalName.text
  const refuse = (span: VerdictsNode['span'], message: string, label: string): null => {
    reporter.report('E0415', span, message, { label })
    return null
  }
  if (value === null) return refuse(at, '`score` takes a value', 'such as `score 4 x 20`')
  const facts = scoreOf(plan)
  if (facts === null) return refuse(at, `\`${name}\` has no score`, 'write `pass` or `fail`')
  if (!readsOnlyScore(plan.pass))
    return refuse(at, `a score alone does not decide \`${name}\``, 'its `pass:` reads more: write `pass` or `fail`')
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  const typed = adapt(elaborate(value, context), facts.type)
  if (typed.type.kind === 'unknown' || typed.expr.op !== 'literal') return null
  const score = typed.expr.value
  if (commonType(facts.type, typed.type) === null || typeof score !== 'number')
    return refuse(value.span, `a score of \`${name}\` is ${describeType(facts.type)}`, describeType(typed.type))
  if (score >= facts.range.low && score <= facts.range.high) return score
  const { low, high } = facts.range
  const label = Number.isFinite(high) ? `from ${low} to ${high}` : 'never below zero'
  return refuse(value.span, `\`${name}\` never has this score`, label)
}
