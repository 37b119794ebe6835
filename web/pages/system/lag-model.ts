/** How far readers of the log are behind, out of what Prometheus reads. */

export interface Lag {
  readonly group: string
  readonly topic: string
  readonly records: number
}

const LINE = /^assay_log_lag_records\{group="([^"]*)",topic="([^"]*)"\} (\d+(?:\.\d+)?(?:e\+?\d+)?)$/gm

export const lagsOf = (metrics: string): Lag[] =>
  [...metrics.matchAll(LINE)].map(([, group = '', topic = '', records]) => ({ group, topic, records: Number(records) }))
