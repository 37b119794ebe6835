import { describe, expect, test } from 'vitest'
import { makeSpan, type SpanFields } from '../model/make-span.ts'
import { AgentWindow, WINDOW_MS } from './agent-window.ts'
import { encodeShare, liveAgentsOf, mergeShares, parseShare, shareOf } from './share.ts'

const nowMs = Date.UTC(2026, 10, 21, 12)
const second = 1_000
const window = (env?: string): AgentWindow => new AgentWindow('support', env)
const root = (fields: SpanFields = {}) => makeSpan({ kind: 'agent', durationNs: 2e9, ...fields })
const covered = { fromMs: nowMs - 120 * second, toMs: nowMs }
const liveOf = (one: AgentWindow, atMs = nowMs) => mergeShares([shareOf(one, covered, atMs)])

describe('an agent', () => {
  test('is told by its runs, calls and verdicts, over what was read of the window', () => {
    const one = window('prod')
    for (let i = 0; i < 10; i++) {
      const atMs = nowMs - i * second
      one.addSpan(
        root({ durationNs: (i + 1) * 1e9, status: i === 0 ? 'error' : 'ok', agentVersion: `v${i % 2}` }),
        atMs,
      )
      one.addSpan(makeSpan({ kind: 'llm', parentSpanId: 'a', model: 'm', tokensInput: 90, tokensOutput: 10 }), atMs)
      one.addVerdict('shop/polite', i < 8 ? 'pass' : 'fail', atMs)
    }
    one.addSpan(makeSpan({ kind: 'tool', parentSpanId: 'a', status: 'error' }), nowMs)
    one.addSpan(makeSpan({ kind: 'llm', parentSpanId: 'a', tokensTotal: 500, costMicroUsd: 3_000_000 }), nowMs)
    one.inFlight = 3
    const live = liveOf(one)
    expect(live).toMatchObject({
      agent: 'support',
      env: 'prod',
      lastSeenMs: nowMs,
      inFlightTraces: 3,
      runs: 10,
      failedRuns: 1,
      spans: 22,
      failedSpans: 2,
      runsPerMinute: 5,
      spansPerMinute: 11,
      tokensPerMinute: 750,
      costMicroUsdPerMinute: 1_500_000,
      versions: ['v0', 'v1'],
      models: ['m'],
    })
    expect(live.p95DurationNs! / 1e9).toBeCloseTo(10, 0)
    expect(live.verdicts).toEqual(new Map([['shop/polite', { pass: 8, fail: 2, unknown: 0, error: 0 }]]))
  })

  test('tells what is free from what nobody knows the price of', () => {
    const one = window()
    const call = { kind: 'llm', parentSpanId: 'a', tokensInput: 90 } as const
    expect(liveOf(one).costMicroUsdPerMinute).toBe(0)
    one.addSpan(makeSpan({ ...call, costMicroUsd: 0 }), nowMs)
    expect(liveOf(one).costMicroUsdPerMinute).toBe(0)
    one.addSpan(makeSpan(call), nowMs)
    expect(liveOf(one).costMicroUsdPerMinute).toBeNull()
    one.addSpan(makeSpan({ ...call, costMicroUsd: 2_000_000 }), nowMs)
    expect(liveOf(one).costMicroUsdPerMinute).toBe(1_000_000)
  })

  test('that works inside others’ traces has the runs of its own spans', () => {
    const one = window()
    one.addSpan(root({ parentSpanId: 'a', durationNs: 1e9, status: 'error' }), nowMs)
    expect(liveOf(one)).toMatchObject({ runs: 1, failedRuns: 1 })
    one.addSpan(root({ durationNs: 5e9 }), nowMs)
    expect(liveOf(one)).toMatchObject({ runs: 1, failedRuns: 0, spans: 2 })
  })

  test('forgets what is beyond the window, and takes nothing that old', () => {
    const one = window()
    one.addSpan(root(), nowMs - WINDOW_MS / 2)
    one.addSpan(root(), nowMs)
    expect(liveOf(one).spans).toBe(2)
    expect(liveOf(one, nowMs + WINDOW_MS * 0.6).spans).toBe(1)
    expect(liveOf(one, nowMs + 2 * WINDOW_MS)).toMatchObject({ spans: 0, runs: 0, p95DurationNs: null })
    one.addSpan(root(), nowMs - WINDOW_MS)
    expect(liveOf(one)).toMatchObject({ spans: 2, lastSeenMs: nowMs })
  })

  test('is as bounded as its senders are not', () => {
    const one = window()
    for (let i = 0; i < 1_000; i++) {
      one.addSpan(makeSpan({ kind: 'llm', model: `${'m'.repeat(1_000)}`, agentVersion: `v${i}` }), nowMs + i)
      one.addVerdict(`shop/e${i}`, 'pass', nowMs)
    }
    const { verdicts, versions, models } = liveOf(one)
    expect(verdicts.size).toBe(200)
    expect(versions).toEqual(['v999', 'v998', 'v997', 'v996', 'v995'])
    expect(models).toEqual([`${'m'.repeat(199)}…`])
  })
})

describe('shares', () => {
  test('come back as they were', () => {
    for (const env of ['prod', undefined]) {
      const one = window(env)
      one.addSpan(root({ agentVersion: '1', model: 'm' }), nowMs)
      one.addVerdict('shop/polite', 'unknown', nowMs)
      const share = shareOf(one, covered, nowMs)
      expect(parseShare(encodeShare(share))).toEqual(share)
    }
  })

  test.each(['', 'null', '{}', '{"v":2}', '{"v":1,"agent":"a"}', '[1]'])('%j is none', (text) => {
    expect(parseShare(text)).toBeNull()
  })

  test('of processes add up; environments are apart', () => {
    const [a, b, other] = [window('prod'), window('prod'), window('staging')]
    a.addSpan(root({ agentVersion: 'old', durationNs: 1e9 }), nowMs - 60 * second)
    b.addSpan(root({ agentVersion: 'new', durationNs: 1e9, status: 'error' }), nowMs)
    b.addVerdict('shop/polite', 'pass', nowMs)
    a.addVerdict('shop/polite', 'fail', nowMs)
    other.addSpan(root(), nowMs - second)
    // The first read until a minute ago, when the second took over.
    const shares = [
      shareOf(a, { fromMs: nowMs - 120 * second, toMs: nowMs - 60 * second }, nowMs),
      shareOf(b, { fromMs: nowMs - 60 * second, toMs: nowMs }, nowMs),
      shareOf(other, covered, nowMs),
    ]
    const [first, second_] = liveAgentsOf(shares)
    expect(first).toMatchObject({ env: 'prod', runs: 2, failedRuns: 1, runsPerMinute: 1, versions: ['new', 'old'] })
    expect(first!.verdicts.get('shop/polite')).toEqual({ pass: 1, fail: 1, unknown: 0, error: 0 })
    expect(second_).toMatchObject({ env: 'staging', runs: 1 })
  })

  test('that name no environment are of the only one that the roots of the agent name', () => {
    const [ofRoots, ofCalls, ofOther] = [window('prod'), window(), new AgentWindow('sales', undefined)]
    ofRoots.addSpan(root(), nowMs - second)
    ofCalls.addSpan(makeSpan({ kind: 'llm', parentSpanId: 'a', tokensTotal: 200 }), nowMs)
    ofCalls.inFlight = 1
    ofOther.addSpan(makeSpan({ kind: 'llm', parentSpanId: 'a' }), nowMs - 2 * second)
    const shares = [ofCalls, ofRoots, ofOther].map((one) => shareOf(one, covered, nowMs))
    const [support, sales, ...more] = liveAgentsOf(shares)
    expect(support).toMatchObject({ agent: 'support', env: 'prod', runs: 1, spans: 2, inFlightTraces: 1 })
    expect(support).toMatchObject({ lastSeenMs: nowMs, tokensPerMinute: 100 })
    expect(sales).toMatchObject({ agent: 'sales', env: undefined })
    expect(more).toEqual([])
    // Of two nobody knows which, and what has runs of its own names none because it is in none.
    const envsOf = (...more: AgentWindow[]) =>
      liveAgentsOf([...shares, ...more.map((one) => shareOf(one, covered, nowMs))]).map(({ env }) => env)
    const staging = window('staging')
    staging.addSpan(root(), nowMs)
    expect(envsOf(staging).sort()).toEqual(['prod', 'staging', undefined, undefined])
    ofCalls.addSpan(root(), nowMs)
    expect(envsOf(ofCalls).sort()).toEqual(['prod', undefined, undefined])
  })

  test('of a process that has only begun say nothing wild of a minute', () => {
    const one = window()
    one.addSpan(root(), nowMs)
    const share = shareOf(one, { fromMs: nowMs, toMs: nowMs }, nowMs)
    expect(mergeShares([share]).runsPerMinute).toBe(6)
  })
})
