/** The online evals of a plan on stored traces: what is masked in them is not taken for what was said. */
import type { OnlineEvalPlan, Plan } from '../../dsl/plan.ts'
import { compileEvaluator, type EvalLedger } from '../evaluate/evaluator.ts'
import { maskedTextsOf, type TextsRead, textsReadBy } from '../evaluate/masked.ts'
import type { OptionalField } from '../evaluate/subject.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span } from '../model/span.ts'

/** Verdicts from when the texts were whole, by `storedKey`. */
export type StoredVerdicts = ReadonlyMap<string, EvalResult>

export interface StoredJudge {
  /** Ids of the evals whose stored verdicts are wanted for these traces: they would read texts that are masked. */
  wanted(traces: readonly (readonly Span[])[]): string[]
  /** Results on a trace, its spans' first. Each span id once. `stored` holds what `wanted` asked for. */
  judge(spans: readonly Span[], stored: StoredVerdicts): EvalResult[]
  /** Whether the result is unknown because a text that it would read is masked. */
  isMasked(result: EvalResult): boolean
  ledger(): EvalLedger[]
  /** Subjects whose verdict was taken from the store, and those that are unknown because their texts are masked. */
  readonly masked: { taken: number; unknown: number }
}

export function storedKey(evalId: string, traceId: string, spanId: string): string {
  return `${evalId} ${traceId} ${spanId}`
}

/** `results` with the latest of a subject first, as the store gives them. */
export function byStoredKey(results: readonly EvalResult[]): Map<string, EvalResult> {
  const found = new Map<string, EvalResult>()
  for (const result of results) {
    const key = storedKey(result.evalId, result.traceId, result.spanId)
    if (!found.has(key)) found.set(key, result)
  }
  return found
}

const NO_FIELDS: ReadonlySet<OptionalField> = new Set()

/** `storedAs`: the names by which evals' verdicts were stored, where they are others. */
export function createStoredJudge(plan: Plan, storedAs: ReadonlyMap<string, string> = new Map()): StoredJudge {
  const storedId = (evalId: string): string => storedAs.get(evalId) ?? evalId
  const evaluator = compileEvaluator(plan)
  const online = new Map(plan.evals.filter((one) => one.kind === 'online').map((one) => [one.id, one]))
  const readers = textsReadBy(plan)
  const texts = [...new Set([...readers.values()].flatMap(({ own, others }) => [...own, ...others]))]
  const masked = { taken: 0, unknown: 0 }

  const unknown = new WeakSet<EvalResult>()

  /** The first text that it reads and that is masked. */
  const readsMasked = (
    reads: TextsRead,
    ofSpan: ReadonlySet<OptionalField>,
    ofTrace: ReadonlySet<OptionalField>,
  ): OptionalField | undefined => firstOfBoth(reads.own, ofSpan) ?? firstOfBoth(reads.others, ofTrace)

  const settled = (result: EvalResult, path: string | undefined, stored: StoredVerdicts): EvalResult => {
    const known = stored.get(storedKey(storedId(result.evalId), result.traceId, result.spanId))
    const plan = online.get(result.evalId)
    if (known !== undefined && plan !== undefined && isBySame(known, plan)) {
      masked.taken++
      return { ...result, verdict: known.verdict, score: known.score, reason: known.reason, evidence: known.evidence }
    }
    if (result.verdict === 'error') return result
    masked.unknown++
    const reason = { code: 'truncated', ...(path !== undefined && { field: path }) } as const
    const open: EvalResult = { ...result, verdict: 'unknown', score: undefined, reason, evidence: [] }
    unknown.add(open)
    return open
  }

  return {
    masked,
    wanted: (traces) => {
      if (texts.length === 0) return []
      const found = new Set<OptionalField>()
      for (const spans of traces)
        for (const span of spans) for (const field of maskedTextsOf(span, texts)) found.add(field)
      if (found.size === 0) return []
      return [...readers]
        .filter(([, reads]) => readsMasked(reads, found, found) !== undefined)
        .map(([id]) => storedId(id))
    },
    judge: (spans, stored) => {
      const [first] = spans
      if (first === undefined) return []
      const results: EvalResult[] = []
      for (const span of spans) for (const result of evaluator.onSpan(span, 0)) results.push(result)
      const { tenant, traceId } = first
      for (const result of evaluator.onTrace({ tenant, traceId, spans }, 1, 0)) results.push(result)
      if (texts.length === 0) return results
      const bySpan = new Map<string, ReadonlySet<OptionalField>>()
      const ofTrace = new Set<OptionalField>()
      for (const span of spans) {
        const found = maskedTextsOf(span, texts)
        if (found.length === 0) continue
        bySpan.set(span.spanId, new Set(found))
        for (const field of found) ofTrace.add(field)
      }
      if (ofTrace.size === 0) return results
      return results.map((result) => {
        const reads = readers.get(result.evalId)
        const field = reads && readsMasked(reads, bySpan.get(result.spanId) ?? NO_FIELDS, ofTrace)
        return field === undefined ? result : settled(result, reads?.paths.get(field), stored)
      })
    },
    isMasked: (result) => unknown.has(result),
    ledger: () => evaluator.ledger(),
  }
}

function isBySame(result: EvalResult, plan: OnlineEvalPlan): boolean {
  return result.measureHash === plan.measureHash && result.verdictHash === plan.verdictHash
}

function firstOfBoth(a: ReadonlySet<OptionalField>, b: ReadonlySet<OptionalField>): OptionalField | undefined {
  if (b.size === 0) return undefined
  for (const field of a) if (b.has(field)) return field
  return undefined
}
