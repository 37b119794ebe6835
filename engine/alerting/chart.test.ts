/** The chart of an alert's message, whole. */
import { describe, expect, test } from 'vitest'
import { svgToPng } from '../images/png.ts'
import { alertChartSvg, type Charted } from './chart.ts'

const atMs = Date.UTC(2026, 10, 21, 10)
const stepMs = 50_000
/** Flat at 5%, with a gap, then rising to 30%. */
const points = Array.from({ length: 40 }, (_, i): readonly [number, number | null] => [
  atMs - (39 - i) * stepMs,
  i === 7 ? null : 0.05 + (i % 3) * 0.01 + (i > 30 ? (i - 30) * 0.025 : 0),
])

const firing: Charted = {
  alertId: 'shop/leak',
  title: 'An answer leaks <personal> data & more',
  rule: 'rate(fail) >= 20% over 10m',
  group: { env: 'prod' },
  to: 'firing',
  atMs,
  sinceMs: atMs - 2 * stepMs,
  why: {
    baseline: { value: 0.05, interval: null, n: 300 },
    detection: { kind: 'threshold', cmp: '>=', value: 0.3, limit: 0.2 },
  },
  numbers: {
    measure: { kind: 'rate', verdict: 'fail', type: { kind: 'ratio' } },
    cmp: '>=',
    threshold: 0.2,
    windowMs: 600_000,
    value: 0.3,
    count: 3,
    total: 10,
    verdicts: { pass: 7, fail: 3, unknown: 0, error: 0 },
  },
  trend: { points },
}
const resolved: Charted = {
  ...firing,
  to: 'resolved',
  sinceMs: atMs - 9 * stepMs,
  why: {
    baseline: null,
    detection: {
      kind: 'anomaly',
      distance: 9,
      alarmFrom: 4,
      usual: { low: 0.02, high: 0.11 },
    },
  },
}

describe.each([
  ['firing', firing],
  ['resolved', resolved],
])('%s', (name, alert) => {
  test('is drawn so', async () => {
    await expect(alertChartSvg(alert)).toMatchFileSnapshot(`golden/chart-${name}.svg`)
  })
})

test('its text is escaped, and it becomes a picture twice as fine', async () => {
  const svg = alertChartSvg(firing)!
  expect(svg).toContain('&lt;personal&gt; data &amp; more')
  const png = await svgToPng(svg)
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1_600, 640])
})

test.each<[string, Charted['trend']]>([
  ['no trend', undefined],
  ['one value', { points: [[atMs, 0.1]] }],
  [
    'gaps alone',
    {
      points: [
        [atMs - 1, null],
        [atMs, null],
      ],
    },
  ],
])('of %s there is none', (_, trend) => {
  const { trend: _trend, ...rest } = firing
  expect(alertChartSvg({ ...rest, ...(trend !== undefined && { trend }) })).toBeNull()
})

test('values that never differ have a scale too', () => {
  const flat = { points: points.map(([at]) => [at, 0] as const) }
  const svg = alertChartSvg({ ...firing, why: null, numbers: { ...firing.numbers, threshold: 0 }, trend: flat })
  expect(svg).not.toContain('NaN')
})
