/** A scorecard with all that one may have: what tests of its renderings and receivers begin with. */
import type { Scorecard } from './scorecard-json.ts'

const DAY_MS = 86_400_000
const toMs = Date.UTC(2026, 10, 23, 9)
const ratio = { kind: 'ratio' } as const

export const SAMPLE_SCORECARD: Scorecard = {
  id: 'support/weekly',
  title: "The support agent's week",
  owner: '@support',
  period: { fromMs: toMs - 7 * DAY_MS, toMs },
  before: { fromMs: toMs - 14 * DAY_MS, toMs: toMs - 7 * DAY_MS },
  trend: { fromMs: toMs - 14 * DAY_MS, stepMs: DAY_MS },
  rows: [
    {
      cells: [
        {
          fn: 'pass_rate',
          evalId: 'support/fast',
          group: {},
          type: ratio,
          value: 0.9048,
          interval: { low: 0.8575, high: 0.9375 },
          method: 'wilson',
          n: 210,
          coverage: 0.9545,
          change: { before: 0.95, delta: -0.0452, interval: { low: -0.1, high: 0.02 }, isClear: false },
          corrected: null,
          trend: [0.95, 0.96, 0.94, null, 0.95, 0.97, 0.95, 0.94, 0.95, 0.93, 0.9, 0.88, 0.85, 0.88],
        },
        {
          fn: 'coverage',
          evalId: 'other/no_pii',
          group: {},
          type: ratio,
          value: 0.9545,
          interval: { low: 0.9184, high: 0.9751 },
          method: 'wilson',
          n: 220,
          coverage: 0.9545,
          change: { before: 1, delta: -0.0455, interval: { low: -0.082, high: -0.012 }, isClear: true },
          corrected: null,
          trend: [],
        },
      ],
    },
    {
      cells: [
        {
          fn: 'mean',
          evalId: 'support/helpful',
          group: { 'agent.version': '2.1' },
          type: { kind: 'number' },
          value: 3.6,
          interval: { low: 3.4, high: 3.8 },
          method: 'clustered',
          n: 120,
          coverage: 1,
          change: { before: 4.1, delta: -0.5, interval: { low: -0.8, high: -0.2 }, isClear: true },
          corrected: { value: 3.3, interval: { low: 3, high: 3.6 }, labelled: 40 },
          trend: [4.1, 4.2, 4, 4.1, 4, 4.1, 4.2, 4.1, 4, 3.6, 3.3, 3.2, 3.4, 3.5],
        },
        {
          fn: 'p95',
          evalId: 'support/fast',
          group: {},
          type: { kind: 'duration' },
          value: null,
          interval: null,
          method: null,
          n: 0,
          coverage: null,
          change: null,
          corrected: null,
          trend: [null, null],
        },
      ],
    },
  ],
  spend: { now: 1_250_000, before: 1_000_000 },
  worst: [
    { evalId: 'support/helpful', traceId: 'ab'.repeat(16), spanId: '', score: 1 },
    { evalId: 'support/fast', traceId: 'cd'.repeat(16), spanId: '12'.repeat(8), score: null },
  ],
  alerts: [
    {
      alertId: 'support/helpful_regressed',
      title: 'Answers help less <than> before & more',
      severity: 'ticket',
      group: { 'agent.version': '2.1' },
      sinceMs: toMs - 3 * DAY_MS,
      acknowledgedBy: 'ann',
    },
  ],
}
