/** The online evals of a plan on spans that are all there: every trace is settled. */
import type { Plan } from '../dsl/plan.ts'
import { compileEvaluator, type EvalLedger } from '../engine/evaluate/evaluator.ts'
import type { EvalResult } from '../engine/model/result.ts'
import type { Span } from '../engine/model/span.ts'

export interface EvalRun {
  readonly plan: Plan
  readonly spanCount: number
  readonly traceCount: number
  /** By trace in the order of the file; of each, its spans' and then its own. Of stored traces, the first that did not pass. */
  readonly results: readonly EvalResult[]
  readonly ledger: readonly EvalLedger[]
  /** Ids of offline evals, which need a judge. */
  readonly notRun: readonly string[]
  /** What else is to be told, a line each. */
  readonly notes: readonly string[]
}

/** A span that is in the file more than once is judged once: the first one counts. */
export function evaluateSpans(plan: Plan, spans: readonly Span[], nowMs: number): EvalRun {
  const evaluator = compileEvaluator(plan)
  const traces = new Map<string, Map<string, Span>>()
  for (const span of spans) {
    let trace = traces.get(span.traceId)
    if (trace === undefined) {
      trace = new Map()
      traces.set(span.traceId, trace)
    }
    if (!trace.has(span.spanId)) trace.set(span.spanId, span)
  }
  const results: EvalResult[] = []
  let spanCount = 0
  for (const [traceId, byId] of traces) {
    const own = [...byId.values()]
    spanCount += own.length
    for (const span of own) for (const result of evaluator.onSpan(span, nowMs)) results.push(result)
    const settled = { tenant: own[0]!.tenant, traceId, spans: own }
    for (const result of evaluator.onTrace(settled, 1, nowMs)) results.push(result)
  }
  const offline = plan.evals.filter((one) => one.kind === 'offline')
  return {
    plan,
    spanCount,
    traceCount: traces.size,
    results,
    ledger: evaluator.ledger(),
    notRun: offline.map((one) => one.id),
    notes: [],
  }
}
