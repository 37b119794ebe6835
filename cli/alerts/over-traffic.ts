/** Alerts over the traces that a source has: a page at a time, with a bar on a terminal. */
import type { Plan } from '../../dsl/plan.ts'
import { type AlertBacktest, createAlertsBacktest } from '../../engine/backtest/alerts.ts'
import { byStoredKey } from '../../engine/backtest/judge-stored.ts'
import type { TraceWindow } from '../../storage/traces/port.ts'
import { createProgress } from '../stored/progress.ts'
import { readPages } from '../stored/read-pages.ts'
import type { TraceSource } from '../stored/source.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'

/** `only`: ids of alerts; without it all of the plan. Null where it was interrupted. Throws `SourceError`. */
export async function alertsOver(
  source: TraceSource,
  window: TraceWindow,
  plan: Plan,
  only: ReadonlySet<string> | null = null,
): Promise<AlertBacktest[] | null> {
  const alerts = createAlertsBacktest(plan, only)
  const progress = createProgress(process.stderr)
  return untilInterrupted(async (signal) => {
    try {
      for await (const { page, traces, nth, total } of readPages(source, window, alerts.fields, signal)) {
        const wanted = alerts.wanted(traces)
        alerts.add(traces, byStoredKey(wanted.length === 0 ? [] : await source.results(page, wanted)))
        progress.show(nth / total, 'reading traces')
      }
    } finally {
      progress.clear()
    }
    return signal.aborted ? null : alerts.finish(window.fromUs / 1000, window.toUs / 1000)
  })
}
