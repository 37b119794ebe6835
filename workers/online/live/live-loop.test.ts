import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { buildOnlineEval, buildPlan, DURATION, e } from '../../../engine/evaluate/build-plan.ts'
import { mergeShares } from '../../../engine/live/share.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../../storage/log/embedded.ts'
import { AGENT_TRACES, onlineTopics } from '../../../storage/log/topics.ts'
import { overriding } from '../../../test/support/overriding.ts'
import { type EvaluateLoop, startEvaluateLoop } from '../evaluate-loop.ts'
import { FIXTURE_TIME_MS, traceRecord } from '../fixtures/records.ts'
import { LiveAgents } from './live-agents.ts'

const fast = buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(5_000_000_000, DURATION)), {
  scope: { subject: 'llm_call', where: null, traceWhere: null },
  when: 'arrival',
})
let clockMs = FIXTURE_TIME_MS
let log: EmbeddedLog
let loop: EvaluateLoop | null = null
beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => clockMs })
  await log.ensureTopics(onlineTopics)
})
afterEach(async () => {
  await loop?.drain()
  await log.close()
})

const send = (trace: number, parent?: number) =>
  log.append(AGENT_TRACES, [
    traceRecord('default', [
      { trace, id: 1, durationMs: 8_000, ...(parent && { parent }) },
      { trace, id: 2, parent: 1 },
    ]),
  ])
const of = (agents: LiveAgents) => agents.due(clockMs, 0, 10).map((one) => mergeShares([agents.share(one, clockMs)]))

test('the loop tells of what comes while it reads: not of what was there before it, nor twice of what it reads again', async () => {
  await send(1)
  clockMs += 1
  const agents = new LiveAgents()
  let failing = 1
  let fetched = 0
  const faulty = overriding(log, {
    openConsumer: async (options) => {
      const consumer = await log.openConsumer(options)
      return overriding(consumer, {
        fetch: async (wanted) => {
          // After the first spans that are told of, and before they are committed.
          if (agents.size > 0 && failing-- > 0) throw new Error('a turn that fails')
          const records = await consumer.fetch(wanted)
          fetched += records.length
          return records
        },
      })
    },
  })
  loop = await startEvaluateLoop({
    log: faulty,
    definitions: { current: () => buildPlan({ evals: [fast] }) },
    nowMs: () => clockMs,
    live: agents,
    runtime: {
      ...(await import('../runtime.ts')).MACHINE,
      sleep: async () => {
        clockMs += 1
      },
    },
  })
  await send(2)
  await vi.waitFor(() => expect(failing).toBeLessThan(0), { timeout: 15_000, interval: 5 })
  await send(3, 9)
  await vi.waitFor(() => expect(of(agents)[0]?.spans).toBe(4), { timeout: 15_000, interval: 5 })
  // One of the three was read again.
  expect(fetched).toBeGreaterThan(3)
  await vi.waitFor(() => {
    const [one] = of(agents)
    expect(one).toMatchObject({ agent: 'fixture', runs: 1, inFlightTraces: 1 })
    expect(one?.verdicts).toEqual(new Map([['test/fast', { pass: 2, fail: 2, unknown: 0, error: 0 }]]))
  })
})
