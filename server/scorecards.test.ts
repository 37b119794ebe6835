/** Scorecards as they were posted, over HTTP, on a log in memory. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SAMPLE_SCORECARD } from '../engine/scorecard/sample.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { openPostedScorecards, type PostedScorecards } from '../storage/scorecards/posted.ts'
import { buildApi } from './api.ts'
import type { ApiApp, ApiContext } from './api-context.ts'
import { postedScorecardSchema, scorecardHistoryResponseSchema } from './schemas.ts'

const slotMs = SAMPLE_SCORECARD.period.toMs
const slot = new Date(slotMs).toISOString()
let log: EmbeddedLog
let posted: PostedScorecards
let app: ApiApp

beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: () => slotMs, retentionIntervalMs: null })
  posted = await openPostedScorecards({ log, onProblem: expect.fail })
  const definitions = { current: () => ({ plan: { scorecards: [] }, loadedAtMs: 0, diagnostics: [] }) }
  app = buildApi({ scorecards: posted, definitions, nowMs: () => slotMs } as unknown as ApiContext, {
    gate: () => ({ ok: true, principal: { tenant: 'default', role: 'viewer', keyId: null } }),
    isLocal: false,
  })
  const first = { slotMs, postedAtMs: slotMs + 5_000, receivers: ['slack("#support")'], scorecard: SAMPLE_SCORECARD }
  await posted.put('default', first)
  await posted.put('default', { ...first, slotMs: slotMs - 604_800_000 })
  // The slot again: what was said stays what was said.
  await posted.put('default', { ...first, scorecard: { ...SAMPLE_SCORECARD, title: 'changed' } })
  await posted.put('rival', { ...first, scorecard: { ...SAMPLE_SCORECARD, title: 'theirs' } })
})
afterEach(async () => {
  await posted.close()
  await log.close()
})

const ask = (path: string): Promise<Response> => Promise.resolve(app.request(`http://127.0.0.1:3000${path}`))

test('what was posted is listed, the newest first, and kept as it was said', async () => {
  const history = await ask('/v1/scorecards/support/weekly/history')
  expect(scorecardHistoryResponseSchema.parse(await history.json())).toEqual({
    id: 'support/weekly',
    posted: [
      { slot, postedAt: '2026-11-23T09:00:05.000Z', receivers: ['slack("#support")'], title: SAMPLE_SCORECARD.title },
      expect.objectContaining({ slot: '2026-11-16T09:00:00.000Z' }),
    ],
  })
  const one = await ask(`/v1/scorecards/support/weekly/history/${encodeURIComponent(slot)}`)
  expect(postedScorecardSchema.parse(await one.json()).scorecard).toEqual(SAMPLE_SCORECARD)
  expect((await ask('/v1/scorecards/support/weekly/history/2026-11-22T09:00:00Z')).status).toBe(404)
  expect((await ask('/v1/scorecards/support/weekly/history/yesterday')).status).toBe(400)
  expect((await ask('/v1/scorecards/support/other/history')).status).toBe(404)
})

test.each([
  ['html', 'text/html; charset=utf-8', '<a href="/traces/abab'],
  ['markdown', 'text/markdown; charset=utf-8', '(http://127.0.0.1:3000/traces/abab'],
  ['text', 'text/plain; charset=utf-8', 'pass_rate(fast): 90.48% [85.75% to 93.75%]'],
  ['slack', 'application/json', '"type": "header"'],
  ['svg', 'image/svg+xml', '<svg xmlns'],
])('a posted one as %s', async (format, type, part) => {
  const response = await ask(`/v1/scorecards/support/weekly/rendered?format=${format}&slot=${slot}`)
  expect(response.headers.get('content-type')).toBe(type)
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await response.text()).toContain(part)
})

test('a posted one as a picture', async () => {
  const response = await ask(`/v1/scorecards/support/weekly/rendered?format=png&slot=${slot}`)
  expect(response.headers.get('content-type')).toBe('image/png')
  const bytes = Buffer.from(await response.arrayBuffer())
  expect(bytes.subarray(1, 4).toString()).toBe('PNG')
  // Width, in the header of the picture: twice as fine as it is large.
  expect(bytes.readUInt32BE(16)).toBe(1_600)
})
