/** The pages of stored traces, over HTTP on a real store. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOfPlan } from '../dsl/hash.ts'
import { planOf } from '../dsl/testing.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { openGate } from '../test/support/open-gate.ts'
import { type Api, startApi } from './api.ts'
import { pagesResponseSchema, pageTracesResponseSchema, problemSchema, resultsResponseSchema } from './schemas.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const hex = (digits: number, value: number): string => value.toString(16).padStart(digits, '0')
const dataDir = mkdtempSync(join(tmpdir(), 'assay-export-'))
const plan = planOf('package shop\nonline eval fast { on: trace  pass: duration < 3s }\n')
let clockMs = nowMs - 3_600_000
let store: TracesStore
let api: Api

beforeAll(async () => {
  store = await openTraces({ dataDir, nowMs: () => clockMs })
  await store.migrate()
  const spans = Array.from({ length: 12 }, (_, index) =>
    makeSpan({
      ...{ traceId: hex(32, 1 + (index >> 1)), spanId: hex(16, 1 + (index & 1)), startTimeUs: clockMs * 1000 },
      ...{ kind: 'llm', model: 'm', inputText: 'secret', durationNs: 1e6 },
    }),
  )
  await store.insertSpans(spans, 'a')
  const result = makeResult({ evalId: 'shop/fast', traceId: hex(32, 2), subjectTimeUs: clockMs * 1000 })
  await store.insertResults([result], 'r')
  clockMs = nowMs
  api = await startApi({
    gate: openGate,
    ...{ host: '127.0.0.1', port: 0, traces: store, nowMs: () => nowMs },
    status: async () => ({ status: 'ok', components: [] }),
    definitions: { current: () => ({ plan, loadedAtMs: 0, diagnostics: [] }) },
  })
}, 60_000)
afterAll(async () => {
  await api.drain()
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${api.port}${path}`)
  return { status: response.status, body: await response.json() }
}

test('the plan in force comes as it was compiled', async () => {
  const { body } = await get('/v1/plan')
  const { hash, ...rest } = body as typeof plan
  expect(body).toEqual(plan)
  expect(hashOfPlan(rest)).toBe(hash)
})

test('pages and their traces hold the period once, with the fields asked for', async () => {
  const { pages, from, to } = pagesResponseSchema.parse((await get('/v1/export/pages?from=24h&spans=4')).body)
  expect([from, to]).toEqual(['2026-11-20T12:00:00.000Z', '2026-11-21T12:00:00.000Z'])
  expect(pages.length).toBeGreaterThan(1)
  expect(pages.at(-1)).not.toHaveProperty('toTrace')
  const seen: string[] = []
  for (const { fromTrace, toTrace } of pages) {
    const range = `fromTrace=${fromTrace}${toTrace === undefined ? '' : `&toTrace=${toTrace}`}`
    const { body } = await get(`/v1/export/traces?from=${from}&to=${to}&${range}&fields=model`)
    for (const { traceId, spans } of pageTracesResponseSchema.parse(body).traces) {
      seen.push(traceId)
      expect(spans).toHaveLength(2)
      expect(spans[0]).toMatchObject({ model: 'm', traceId })
      expect(spans[0]).not.toHaveProperty('input')
    }
  }
  expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6].map((trace) => hex(32, trace)))
  const whole = await get(`/v1/export/traces?from=${from}&to=${to}&fromTrace=${hex(32, 1)}&toTrace=${hex(32, 2)}`)
  expect(pageTracesResponseSchema.parse(whole.body).traces[0]?.spans[0]).toMatchObject({ input: { text: 'secret' } })
})

test('results of a page are those of the evals asked for', async () => {
  const { body } = await get(`/v1/export/results?fromTrace=${hex(32, 1)}&toTrace=${hex(32, 3)}&evals=shop/fast,shop/x`)
  expect(resultsResponseSchema.parse(body).results).toMatchObject([{ eval: 'shop/fast', traceId: hex(32, 2) }])
  const other = await get(`/v1/export/results?fromTrace=${hex(32, 3)}&evals=shop/fast`)
  expect(other.body).toEqual({ results: [] })
})

describe('a request that does not parse', () => {
  const id = hex(32, 1)
  test.each([
    ['/v1/export/pages', 'from'],
    ['/v1/export/pages?from=1h&to=2h', 'before to'],
    ['/v1/export/pages?from=1h&spans=0', 'spans'],
    ['/v1/export/pages?from=1h&spans=10001', 'spans'],
    ['/v1/export/pages?from=1h&limit=1', 'no such parameter'],
    [`/v1/export/traces?from=2h&to=1h&fromTrace=${id}&fields=model,secret`, 'fields'],
    ['/v1/export/traces?from=2h&to=1h&fromTrace=1', 'fromTrace'],
    [`/v1/export/results?fromTrace=${id}&evals=fast`, 'evals'],
    [`/v1/export/results?fromTrace=${id}&evals=${Array(101).fill('a/b').join(',')}`, 'at most 100'],
  ])('%s', async (path, message) => {
    const { status, body } = await get(path)
    expect(status).toBe(400)
    expect(problemSchema.parse(body).detail).toContain(message)
  })
})
