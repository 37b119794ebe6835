/** A stored trace as a test of the evals at hand. */
import type { EvalPlan, Plan } from '../../dsl/plan.ts'
import { printFixture } from '../../dsl/print-fixture.ts'
import { printLiteral, quote } from '../../dsl/print-literal.ts'
import { fieldOf, findField, isSubject } from '../../dsl/schema.ts'
import { withDependencies } from '../evaluate/dependencies.ts'
import { graver } from '../evaluate/verdict.ts'
import type { EvalResult, Verdict } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { captureTrace } from './capture.ts'
import { type BuiltTrace, buildTrace } from './fixture-trace.ts'
import { buildRecorded } from './recorded-trace.ts'
import { createVerdictSource, type VerdictSource } from './verdicts.ts'

export interface CaptureInput {
  readonly plan: Plan
  /** Of one file: a test names evals of its own file. */
  readonly evals: readonly EvalPlan[]
  readonly spans: readonly Span[]
  readonly redact: (text: string) => string
  readonly all: boolean
  /** What a judge said of the trace, by eval. */
  readonly judged: ReadonlyMap<string, number>
  /** What production said of the trace by the same definitions, by eval. */
  readonly stored: ReadonlyMap<string, Verdict>
  readonly name: string
}

/** More belong into a file of traces. */
const MAX_SPANS = 50
const MAX_TEXT_UNITS = 2_000

/** Unformatted. Null where none of the evals says anything of the trace. */
export function captureBlock(input: CaptureInput): string | null {
  const { plan, evals, spans, redact, all, name } = input
  const plans = new Map(plan.evals.map((one) => [one.id, one]))
  const needed = [...new Set(evals.flatMap((one) => withDependencies(one, plans)))]
  const limits = { all, redact, maxSpans: MAX_SPANS, maxTextUnits: MAX_TEXT_UNITS }
  const { fixture, notes } = captureTrace(spans, needed, limits)
  return blockText(input, name, printFixture(fixture), notes, buildTrace(fixture, 0))
}

/** The same with `given file`: `recorded` is what the file holds. */
export function captureFileBlock(input: CaptureInput, path: string, recorded: readonly Span[]): string | null {
  return blockText(input, input.name, `given file ${quote(path)}`, [], buildRecorded(recorded, []))
}

function blockText(
  { plan, evals, spans, judged, stored }: CaptureInput,
  name: string,
  given: string,
  notes: readonly string[],
  fixture: BuiltTrace,
): string | null {
  const source = createVerdictSource(plan)
  const before = buildRecorded(spans, [])
  const judges: string[] = []
  const lines = evals.flatMap((one) => {
    const score = one.kind === 'offline' ? judged.get(one.id) : undefined
    const now = verdictOf(source, one, fixture, score)
    const then = verdictOf(source, one, before, score)
    if (now === null || then === null || (now.verdict === 'none' && then.verdict === 'none')) return []
    const judge =
      score === undefined ? [] : [`given ${one.name} judge returns ${printLiteral(score, { kind: 'number' })}`]
    const differs = differenceOf(now.verdict, then.verdict, stored.get(one.id))
    judges.push(...judge)
    return [`expect ${one.name}: ${now.verdict}${becauseOf(now.decisive)}${differs}`]
  })
  if (lines.length === 0) return null
  return `${notes.map((note) => `# ${note}\n`).join('')}test ${quote(name)} {\n${[given, ...judges, ...lines].join('\n')}\n}\n`
}

/** What the reader has to know before trusting the expectation: a comment behind it, or nothing. */
function differenceOf(now: Outcome['verdict'], then: Outcome['verdict'], stored: Verdict | undefined): string {
  if (stored !== undefined && stored !== now)
    return `  # ${stored} in production, by texts that are masked or cut since`
  return now === then ? '' : `  # ${then} of the trace itself, before it was redacted and cut`
}

interface Outcome {
  readonly verdict: Verdict | 'none'
  readonly decisive: EvalResult | undefined
}

/** Null where a judge would have to be asked. */
function verdictOf(
  source: VerdictSource,
  { id }: EvalPlan,
  trace: BuiltTrace,
  score: number | undefined,
): Outcome | null {
  const outcome = source.resultsOf(id, trace, score)
  if (outcome.kind !== 'results') return null
  const { results } = outcome
  const verdict = results.reduce<Verdict | 'none'>((worst, result) => graver(worst, result.verdict), 'none')
  return { verdict, decisive: results.find((result) => result.verdict === verdict) }
}

/** The field that was missing, where it has a name; else the reason's own. */
function becauseOf(result: EvalResult | undefined): string {
  const { reason } = result ?? {}
  if (result?.verdict !== 'unknown' || reason === undefined) return ''
  return ` because ${reason.code === 'not_captured' && isField(reason.field) ? reason.field : reason.code}`
}

function isField(path: string): boolean {
  if (findField(path) !== undefined) return true
  const head = path.slice(0, path.indexOf('.'))
  return isSubject(head) && fieldOf(head, path.slice(head.length + 1)) !== undefined
}
