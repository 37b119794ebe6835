import type { EvalLedger } from '../../engine/evaluate/evaluator.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { EvalRun } from '../run-evals.ts'

/**
 * Null when it was interrupted; else the run with what `judge` adds to it: results of offline evals, and why others have none. Without
 * `asksJudges` those that need a judge stay as not run.
 */
export async function withOffline(
  run: EvalRun,
  { signal, asksJudges }: { signal: AbortSignal; asksJudges: boolean },
  judge: (onResult: (result: EvalResult) => void) => Promise<string[]>,
): Promise<EvalRun | null> {
  const results: EvalResult[] = []
  const notes = await judge((result) => results.push(result))
  if (signal.aborted) return null
  const ledger = run.plan.evals.flatMap((one): EvalLedger[] => {
    if (one.kind === 'online') return []
    const own = results.filter(({ evalId }) => evalId === one.id)
    const count = (verdict: EvalResult['verdict']): number => own.filter((result) => result.verdict === verdict).length
    const counts = { pass: count('pass'), fail: count('fail'), unknown: count('unknown'), error: count('error') }
    return own.length === 0 ? [] : [{ evalId: one.id, ...counts, filtered: 0, filteredUnknown: 0 }]
  })
  const judged = new Set(ledger.map(({ evalId }) => evalId))
  const tried = new Set(
    run.plan.evals.filter((one) => one.kind === 'offline' && (asksJudges || isMeasured(one))).map(({ id }) => id),
  )
  const silent = run.notRun.filter(
    (id) => tried.has(id) && !judged.has(id) && !notes.some((note) => note.startsWith(`${id} `)),
  )
  return {
    ...run,
    results: [...run.results, ...results],
    ledger: [...run.ledger, ...ledger],
    notRun: run.notRun.filter((id) => !tried.has(id)),
    notes: [...run.notes, ...notes, ...silent.map((id) => `${id} was not judged: none of the traces is in its sample`)],
  }
}
