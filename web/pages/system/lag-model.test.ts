import { expect, test } from 'vitest'
import { lagsOf } from './lag-model.ts'

test('lags are read out of the metrics', () => {
  const text = `# HELP assay_log_lag_records Records.
# TYPE assay_log_lag_records gauge
assay_log_lag_records{group="trans-store",topic="agent-traces"} 12
assay_log_lag_records{group="alerts",topic="eval-results"} 0
assay_log_lag_records_total 3
`
  expect(lagsOf(text)).toEqual([
    { group: 'trans-store', topic: 'agent-traces', records: 12 },
    { group: 'alerts', topic: 'eval-results', records: 0 },
  ])
})
