/** What alerts on changes can see, over HTTP, from an hourly history such as the store gives. */
import { expect, test } from 'vitest'
import { compileText } from '../dsl/testing.ts'

import type { HistoryRow } from '../storage/traces/result-history.ts'
import { buildApi } from './api.ts'
import type { ApiContext } from './api-context.ts'
import type { AlertDetectabilityResponse } from './schemas.ts'

const HOUR_MS = 3_600_000
const nowMs = () => Date.UTC(2026, 10, 21, 10)
const { plan } = compileText(`package shop
online eval fast { on: trace  pass: duration <= 8s }
online eval rare { on: trace  pass: duration <= 9s }
alert worse { on: fast  when: pass_rate regresses by 5pp vs 14d  severity: page }
alert parts { on: fast by agent.version  when: pass_rate regresses by 5pp vs 14d  severity: page }
alert blind { on: rare  when: pass_rate regresses by 5pp vs 14d  severity: page }
alert plain { on: fast  when: rate(fail) > 5% over 1h  severity: page }
`)

/** A fortnight of 200 an hour of which 180 pass, or of one a day. */
const rows = (toMs: number, isRare: boolean): HistoryRow[] =>
  Array.from({ length: 14 * 24 }, (_, i) => ({
    startMs: toMs - (14 * 24 - i) * HOUR_MS,
    agentName: 'shop',
    env: 'prod',
    counts: isRare
      ? { pass: i % 24 === 0 ? 1 : 0, fail: 0, unknown: 0, error: 0 }
      : { pass: 180, fail: 20, unknown: 0, error: 0 },
    scores: { count: 0, sum: 0, sumSquares: 0 },
    bins: [],
  }))

test('each alert on changes says which drop it sees in how many hours, its budget, and whether it is blind', async () => {
  const traces = {
    resultHistory: async (_: string, { evalId, toMs }: { evalId: string; toMs: number }) =>
      rows(toMs, evalId === 'shop/rare'),
  }
  const definitions = { current: () => ({ plan }) }
  const context = { alerts: {}, definitions, traces, nowMs } as unknown as ApiContext
  const app = buildApi(context, {
    gate: () => ({ ok: true, principal: { tenant: 'default', role: 'viewer', keyId: null } }),
    isLocal: false,
  })
  const response = await app.request('http://127.0.0.1:3000/v1/alerts/detectability')
  const { alerts } = (await response.json()) as AlertDetectabilityResponse
  expect(alerts.map(({ alert, isBlind }) => [alert, isBlind])).toEqual([
    ['shop/worse', false],
    ['shop/parts', false],
    ['shop/blind', true],
  ])
  const [worse, parts, blind] = alerts
  expect(worse).toMatchObject({ baseline: 0.9, perHour: 200, falseAlarms: { ratio: 0.05 } })
  // The design's own example: a drop of 5 points at 200 an hour.
  const hours = worse!.drops.find(({ drop }) => Math.abs(drop - 0.05) < 1e-9)?.hours
  expect(hours).toBeGreaterThan(3)
  expect(hours).toBeLessThan(10)
  expect(worse!.lines.join('\n')).toContain('sees 2pp in')
  const isOfOneGroup = /^told for a group that has all of this traffic/
  expect(worse!.lines.at(-1)).not.toMatch(isOfOneGroup)
  expect(parts!.lines.at(-1)).toMatch(isOfOneGroup)
  expect(blind!.lines[0]).toMatch(/^blind: /)
})
