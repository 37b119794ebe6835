import { describe, expect, test } from 'vitest'
import { AgentWindow } from '../../../engine/live/agent-window.ts'
import { mergeShares } from '../../../engine/live/share.ts'
import { makeResult } from '../../../engine/model/make-result.ts'
import { makeSpan, type SpanFields } from '../../../engine/model/make-span.ts'
import { LiveAgents } from './live-agents.ts'
import { OpenTraces } from './open-traces.ts'

const nowMs = Date.UTC(2026, 10, 21, 12)
const minute = 60_000
const span = (fields: SpanFields = {}) =>
  makeSpan({ agentName: 'support', traceId: 't', startTimeUs: nowMs * 1_000, ...fields })
const child = { parentSpanId: 'a' }

function begun(options = {}): LiveAgents {
  const agents = new LiveAgents(options)
  agents.begin(nowMs)
  return agents
}
const live = (agents: LiveAgents, atMs = nowMs) =>
  agents.due(atMs, 0, 1_000).map((one) => ({ tenant: one.tenant, ...mergeShares([agents.share(one, atMs)]) }))

describe('what counts', () => {
  test('is what the log took since this process reads, of agents that have a name', () => {
    const agents = begun()
    agents.addSpans([span()], nowMs - 1)
    agents.addSpans([span({ agentName: undefined })], nowMs)
    expect(agents.size).toBe(0)
    agents.addSpans([span(), span({ env: 'prod' }), span({ tenant: 'acme' })], nowMs)
    expect(live(agents).map(({ tenant, env, spans }) => [tenant, env, spans])).toEqual([
      ['default', undefined, 1],
      ['default', 'prod', 1],
      ['acme', undefined, 1],
    ])
  })

  test('is not what is read again', () => {
    const agents = begun()
    agents.addSpans([span()], nowMs + 10)
    agents.begin(nowMs + 20)
    agents.addSpans([span()], nowMs + 10)
    agents.addSpans([span()], nowMs + 30)
    expect(live(agents)).toMatchObject([{ spans: 2 }])
  })

  test('is not an import, however new to the log', () => {
    const agents = begun()
    agents.addSpans([span({ startTimeUs: (nowMs - 61 * minute) * 1_000 })], nowMs)
    expect(agents.size).toBe(0)
    // A run of two hours that has just ended is none.
    agents.addSpans([span({ startTimeUs: (nowMs - 120 * minute) * 1_000, durationNs: 120 * minute * 1e6 })], nowMs)
    expect(live(agents)).toMatchObject([{ spans: 1 }])
  })

  test('of verdicts is the first on each subject, of an agent that was seen', () => {
    const agents = begun()
    const result = { evalId: 'shop/x', agentName: 'support', subjectTimeUs: nowMs * 1_000, subjectArrivedAtMs: nowMs }
    agents.addResults([makeResult(result)])
    expect(agents.size).toBe(0)
    agents.addSpans([span()], nowMs)
    agents.addResults([
      makeResult(result),
      makeResult({ ...result, verdict: 'fail' }),
      makeResult({ ...result, revision: 2 }),
      makeResult({ ...result, subjectArrivedAtMs: nowMs - 1 }),
      makeResult({ ...result, subjectTimeUs: (nowMs - 25 * 60 * minute) * 1_000 }),
      makeResult({ ...result, env: 'prod' }),
    ])
    expect(live(agents)[0]?.verdicts).toEqual(new Map([['shop/x', { pass: 1, fail: 1, unknown: 0, error: 0 }]]))
  })

  test('is told in rates of what was read, of a backlog too', () => {
    const agents = begun()
    agents.addSpans([span(), span()], nowMs)
    agents.readTo(nowMs + minute)
    // Two minutes behind.
    expect(live(agents, nowMs + 3 * minute)).toMatchObject([{ spansPerMinute: 2 }])
  })
})

describe('bounds', () => {
  test('an agent beyond them is not followed until another has been silent', () => {
    const agents = begun({ maxAgents: 3, maxAgentsPerTenant: 2 })
    const seen = (name: string, tenant: string, atMs: number) =>
      agents.addSpans([span({ agentName: name, tenant, traceId: name })], atMs)
    for (const name of ['a', 'b', 'c']) seen(name, 'acme', nowMs)
    seen('d', 'rival', nowMs)
    seen('e', 'other', nowMs)
    expect([agents.size, agents.untracked]).toEqual([3, 2])
    seen('b', 'acme', nowMs + minute)
    expect(agents.sweep(nowMs + minute).map(({ window }) => window.agent)).toEqual(['a', 'd'])
    seen('e', 'other', nowMs + minute)
    expect(agents.size).toBe(2)
  })

  test('a silent agent is forgotten after a quarter of an hour', () => {
    const agents = begun()
    agents.addSpans([span()], nowMs)
    expect(agents.sweep(nowMs + 14 * minute)).toEqual([])
    expect(agents.sweep(nowMs + 15 * minute)).toHaveLength(1)
    expect(agents.size).toBe(0)
    agents.addSpans([span()], nowMs + 15 * minute)
    expect(agents.size).toBe(1)
  })
})

describe('traces in flight', () => {
  const window = new AgentWindow('support', undefined)

  test('end with their root, and are not opened again by what comes late', () => {
    const open = new OpenTraces()
    open.heardOf('a', 't', window, false)
    open.heardOf('b', 't', window, false)
    expect(window.inFlight).toBe(2)
    open.heardOf('a', 't', window, true)
    open.heardOf('a', 't', window, false)
    open.heardOf('a', 't', window, true)
    open.heardOf('b', 'another', window, true)
    expect(window.inFlight).toBe(1)
    open.forget()
    expect(window.inFlight).toBe(0)
  })

  test('are forgotten when nothing is heard of them, one by one', () => {
    const open = new OpenTraces()
    open.advance(nowMs)
    open.heardOf('silent', 't', window, false)
    open.heardOf('busy', 't', window, false)
    open.advance(nowMs + minute)
    open.heardOf('busy', 't', window, false)
    expect(window.inFlight).toBe(2)
    open.advance(nowMs + 2 * minute)
    expect(window.inFlight).toBe(1)
    open.forget()
  })

  test('are bounded', () => {
    const open = new OpenTraces(10)
    for (let i = 0; i < 1_000; i++) open.heardOf(String(i), 't', window, false)
    expect(window.inFlight).toBeLessThanOrEqual(20)
    open.forget()
    expect(window.inFlight).toBe(0)
  })

  test('are nobody’s when the partitions are another’s', () => {
    const agents = begun()
    agents.addSpans([span(child)], nowMs)
    expect(live(agents)).toMatchObject([{ inFlightTraces: 1 }])
    agents.begin(nowMs)
    expect(live(agents)).toMatchObject([{ inFlightTraces: 0 }])
  })
})
