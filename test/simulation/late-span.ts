/** What comes of a span whose trace was judged before evaluation began anew, when the store has the rest. */
import type { EvalResult } from '../../engine/model/result.ts'
import type { Ledger } from './ledger.ts'
import { SHORT } from './plan.ts'

export interface JudgedTrace {
  readonly traceKey: string
  readonly revision: number
  readonly spans: number
}

/** One that was judged by all of its spans; null when there is none. */
export function judgedWhole(ledger: Ledger): JudgedTrace | null {
  for (const { traceKey, spanKeys, kills } of ledger.traces.values()) {
    if (kills.length > 0) continue
    const result = verdictOn(ledger, traceKey)
    if (result?.score === spanKeys.size) return { traceKey, revision: result.revision, spans: spanKeys.size }
  }
  return null
}

export function brokenLateSpan(ledger: Ledger, { traceKey, revision, spans }: JudgedTrace): string | null {
  const result = verdictOn(ledger, traceKey)
  if (result?.score !== spans + 1)
    return `${traceKey} is judged by ${result?.score} spans of ${spans + 1} after a late one`
  return result.revision > revision ? null : `${traceKey} stays in revision ${revision} after a late span`
}

function verdictOn(ledger: Ledger, traceKey: string): EvalResult | undefined {
  return ledger.store.visibleResults().get(`${traceKey}//${SHORT}/`)
}
