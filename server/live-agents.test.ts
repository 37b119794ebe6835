import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentWindow } from '../engine/live/agent-window.ts'
import { shareOf } from '../engine/live/share.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import { type EmbeddedState, openEmbeddedState } from '../storage/state/embedded.ts'
import { writeShare } from '../storage/state/live-shares.ts'
import { StateError } from '../storage/state/port.ts'
import { openGate } from '../test/support/open-gate.ts'
import { buildApi } from './api.ts'
import type { ApiContext } from './api-context.ts'
import { liveAgentsResponseSchema, problemSchema } from './schemas.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
let state: EmbeddedState
beforeAll(async () => {
  state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => nowMs })
  const tell = (key: string, agent: string, env: string | undefined, add: (window: AgentWindow) => void) => {
    const window = new AgentWindow(agent, env)
    add(window)
    const covered = { fromMs: nowMs - 120_000, toMs: nowMs - 500 }
    return writeShare(state, 'default', key, shareOf(window, covered, nowMs), 60_000)
  }
  await tell('p1/1', 'support', 'prod', (window) => {
    window.addSpan(makeSpan({ kind: 'agent', durationNs: 1e9, agentVersion: '7' }), nowMs - 1_000)
    window.addSpan(makeSpan({ kind: 'llm', parentSpanId: 'a', tokensTotal: 239, costMicroUsd: 1_195 }), nowMs - 1_000)
    window.addVerdict('shop/polite', 'fail', nowMs)
    window.inFlight = 2
  })
  await tell('p1/2', 'sales', undefined, (window) =>
    window.addSpan(makeSpan({ kind: 'tool', parentSpanId: 'a' }), nowMs - 2_000),
  )
  await tell('p2/1', 'support', 'staging', (window) => window.addSpan(makeSpan(), nowMs - 3_000))
  await state.setIn('live:default', 'p3/1', 'of a version to come', 60_000)
})
afterAll(() => state.close())

async function ask(query = '', liveState: ApiContext['liveState'] = async () => state) {
  const context = { liveState, nowMs: () => nowMs } as Partial<ApiContext> as ApiContext
  const response = await buildApi(context, { gate: openGate, isLocal: false }).request(`/v1/agents/live${query}`)
  return { status: response.status, body: (await response.json()) as unknown }
}
const names = async (query: string) =>
  liveAgentsResponseSchema.parse((await ask(query)).body).agents.map(({ agent, env }) => [agent, env])

test('tells of each agent what the evaluators know, and how far they read', async () => {
  const { status, body } = await ask()
  expect(status).toBe(200)
  const { agents, ...rest } = liveAgentsResponseSchema.parse(body)
  expect(rest).toEqual({ total: 3, windowSeconds: 300, evaluatedTo: '2026-11-21T11:59:59.500Z' })
  expect(agents[0]).toEqual({
    agent: 'support',
    env: 'prod',
    lastSeen: '2026-11-21T11:59:59.000Z',
    inFlightTraces: 2,
    runs: 1,
    errorRate: 0,
    p95DurationMs: expect.closeTo(1_000, -2),
    spans: 2,
    failedSpans: 0,
    runsPerMinute: expect.closeTo(0.502, 3),
    spansPerMinute: expect.closeTo(1.004, 3),
    tokensPerMinute: 120,
    costUsdPerMinute: 0.0006,
    verdicts: { 'shop/polite': { pass: 0, fail: 1, unknown: 0, error: 0 } },
    versions: ['7'],
    models: [],
  })
  expect(agents[1]).toMatchObject({ agent: 'sales', runs: 0, errorRate: null, p95DurationMs: null })
  expect(agents[1]).not.toHaveProperty('env')
})

test('filters, and says how many there are beyond the limit', async () => {
  expect(await names('?agent=support')).toEqual([
    ['support', 'prod'],
    ['support', 'staging'],
  ])
  expect(await names('?env=staging')).toEqual([['support', 'staging']])
  expect((await ask('?limit=1')).body).toMatchObject({ agents: [{ agent: 'support' }], total: 3 })
  expect((await ask('?limit=x')).status).toBe(400)
})

test('says what is missing where there is no state, or it does not answer', async () => {
  const none = buildApi({ nowMs: () => nowMs } as Partial<ApiContext> as ApiContext, { gate: openGate, isLocal: false })
  const response = await none.request('/v1/agents/live')
  expect(response.status).toBe(503)
  expect(problemSchema.parse(await response.json()).detail).toContain('set REDIS_URL')
  const down = await ask('', () => Promise.reject(new StateError('Redis does not answer.')))
  expect(down).toMatchObject({ status: 503, body: { detail: 'live agents cannot be read: Redis does not answer.' } })
})
