/** The online evals of a plan on stored traces, a page at a time; a few findings of each eval are kept. */
import type { Plan } from '../../dsl/plan.ts'
import { byStoredKey, createStoredJudge } from '../../engine/backtest/judge-stored.ts'
import type { EvalLedger } from '../../engine/evaluate/evaluator.ts'
import { fieldsReadBy } from '../../engine/evaluate/masked.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { TraceWindow } from '../../storage/traces/port.ts'
import type { EvalRun } from '../run-evals.ts'
import { MAX_SHOWN } from '../run-report.ts'
import { createProgress } from '../stored/progress.ts'
import { readPages } from '../stored/read-pages.ts'
import type { TraceSource } from '../stored/source.ts'

export interface StoredRun {
  run: EvalRun
  /** Of every trace, where asked for. */
  traceIds: string[]
}

/** Null when it was interrupted. */
export async function evaluateStored(
  plan: Plan,
  source: TraceSource,
  window: TraceWindow,
  options: { signal: AbortSignal; onResult: (result: EvalResult) => void; keepIds: boolean },
): Promise<StoredRun | null> {
  const judge = createStoredJudge(plan)
  const counts = new Map(plan.evals.map(({ id }) => [id, { pass: 0, fail: 0, unknown: 0, error: 0 }]))
  const kept = new Map<string, EvalResult[]>(plan.evals.map(({ id }) => [id, []]))
  const progress = createProgress(process.stderr)
  const traceIds: string[] = []
  let [traceCount, spanCount, openCount] = [0, 0, 0]
  try {
    for await (const one of readPages(source, window, fieldsReadBy([plan]), options.signal)) {
      const wanted = judge.wanted(one.traces)
      const stored = byStoredKey(wanted.length === 0 ? [] : await source.results(one.page, wanted))
      openCount += one.openTraces
      traceCount += one.traces.length
      for (const spans of one.traces) {
        spanCount += spans.length
        if (options.keepIds) traceIds.push(spans[0]!.traceId)
        for (const result of judge.judge(spans, stored)) {
          options.onResult(result)
          counts.get(result.evalId)![result.verdict]++
          const findings = kept.get(result.evalId)!
          if (result.verdict !== 'pass' && findings.length < MAX_SHOWN) findings.push(result)
        }
      }
      progress.show(one.nth / one.total, `${traceCount.toLocaleString('en-GB')} traces`)
    }
  } finally {
    progress.clear()
  }
  if (options.signal.aborted) return null
  // What was masked when it was stored changed verdicts after the evaluator had counted them.
  const ledger = judge.ledger().map((row): EvalLedger => ({ ...row, ...counts.get(row.evalId) }))
  const { taken, unknown } = judge.masked
  const notes = [`from ${source.shown}`]
  if (openCount > 0) notes.push(`${openCount} more traces have not settled yet: left out`)
  if (taken + unknown > 0)
    notes.push(`texts were stored masked: ${taken} verdicts taken from the store, ${unknown} unknown`)
  return {
    run: {
      plan,
      spanCount,
      traceCount,
      results: [...kept.values()].flat(),
      ledger,
      notRun: plan.evals.filter(({ kind }) => kind === 'offline').map(({ id }) => id),
      notes,
    },
    traceIds,
  }
}
