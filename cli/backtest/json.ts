/** `assay backtest --json`: for programs. Keys are only ever added. */
import { alertJson } from '../alerts/wording.ts'
import type { BacktestReport } from './report.ts'

export function backtestJson(report: BacktestReport): string {
  const { rows, alerts, window, evaluationMs, judged, ...rest } = report
  const body = {
    version: 1,
    ...rest,
    from: new Date(window.fromUs / 1000).toISOString(),
    to: new Date(window.toUs / 1000).toISOString(),
    judged,
    evaluationMs: Math.round(evaluationMs),
    subjectsPerSecond: evaluationMs > 0 ? Math.round(judged / (evaluationMs / 1000)) : null,
    alerts: alerts.map(alertJson),
    evals: rows.map(({ scoreType: _, ...row }) => row),
  }
  return `${JSON.stringify(body, null, 2)}\n`
}
