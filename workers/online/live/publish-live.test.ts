import { afterEach, beforeEach, expect, test } from 'vitest'
import { liveAgentsOf } from '../../../engine/live/share.ts'
import { makeSpan } from '../../../engine/model/make-span.ts'
import { type EmbeddedState, openEmbeddedState } from '../../../storage/state/embedded.ts'
import { readShares } from '../../../storage/state/live-shares.ts'
import { StateError } from '../../../storage/state/port.ts'
import { overriding } from '../../../test/support/overriding.ts'
import { LiveAgents } from './live-agents.ts'
import { LivePublisher, SHARE_TTL_MS } from './publish-live.ts'

let clockMs = Date.UTC(2026, 10, 21, 12)
let state: EmbeddedState
let writes = 0
let isDown = false
const problems: string[] = []
beforeEach(async () => {
  problems.length = 0
  isDown = false
  state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => clockMs })
})
afterEach(() => state.close())

function processOf(processId: string) {
  const agents = new LiveAgents()
  agents.begin(clockMs)
  const counting = overriding(state, {
    setIn: (...entry) => {
      writes++
      return isDown ? Promise.reject(new StateError('down')) : state.setIn(...entry)
    },
  })
  const publisher = new LivePublisher({
    agents,
    processId,
    openState: async () => counting,
    nowMs: () => clockMs,
    onProblem: (text) => problems.push(text),
  })
  const send = (agentName: string, parentSpanId?: string) =>
    agents.addSpans([makeSpan({ agentName, traceId: agentName, parentSpanId, startTimeUs: clockMs * 1_000 })], clockMs)
  return { agents, publisher, send }
}
const told = async () =>
  liveAgentsOf(await readShares(state, 'default')).map(({ agent, spans, inFlightTraces }) => [
    agent,
    spans,
    inFlightTraces,
  ])

test('shares of processes are told, added up, and expire with who told them', async () => {
  const [a, b] = [processOf('a'), processOf('b')]
  a.send('support')
  b.send('support')
  b.send('sales', 'parent')
  await Promise.all([a.publisher.tick(), b.publisher.tick()])
  expect(await told()).toEqual([
    ['support', 2, 0],
    ['sales', 1, 1],
  ])
  // `b` is killed; `a` goes on.
  for (let i = 0; i < 3; i++) {
    clockMs += SHARE_TTL_MS / 3
    await a.publisher.tick()
  }
  expect(await told()).toEqual([['support', 1, 0]])
})

test('one that ends takes its open traces with it', async () => {
  const a = processOf('a')
  a.send('support', 'parent')
  await a.publisher.tick()
  await a.publisher.drain()
  expect(await told()).toEqual([['support', 1, 0]])
})

test('only what changed is told, and now and then what did not', async () => {
  const a = processOf('a')
  a.send('support')
  writes = 0
  await a.publisher.tick()
  await a.publisher.tick()
  expect(writes).toBe(1)
  a.send('support')
  await a.publisher.tick()
  expect(writes).toBe(2)
  clockMs += 10_000
  await a.publisher.tick()
  expect(writes).toBe(3)
})

test('an agent that is forgotten goes from the state too', async () => {
  const a = processOf('a')
  a.send('support')
  await a.publisher.tick()
  clockMs += 900_000
  await a.publisher.tick()
  expect(await state.list('live:default')).toEqual(new Map())
})

test('a state that is down is said once, left alone for a while, and told all when it is back', async () => {
  const a = processOf('a')
  isDown = true
  a.send('support')
  writes = 0
  for (let i = 0; i < 3; i++) await a.publisher.tick()
  expect([writes, problems]).toEqual([1, ['live agents are not told: down']])
  isDown = false
  clockMs += 5_000
  await a.publisher.tick()
  expect(await told()).toEqual([['support', 1, 0]])
  expect(problems).toHaveLength(1)
})
