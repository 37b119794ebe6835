import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import { LogError } from '../../storage/log/port.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { watchBacklog } from './backlog.ts'

let log: EmbeddedLog
let nowMs = 0
const LIMITS = [
  { groupId: 'trans-evaluate', what: 'evaluation', limitMs: 600_000 },
  { groupId: 'trans-store', what: 'storing', limitMs: 5.6 * 86_400_000 },
]

beforeEach(async () => {
  nowMs = Date.parse('2026-11-21T12:00:00Z')
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null, nowMs: () => nowMs })
  await log.ensureTopics([
    { name: AGENT_TRACES, partitions: 2, retentionMs: null, retentionBytes: null, compacted: false },
  ])
})
afterEach(() => log.close())

const append = () => log.append(AGENT_TRACES, [{ key: null, partition: 1, value: new Uint8Array(1) }])

async function commitAll(groupId: string): Promise<void> {
  const consumer = await log.openConsumer({ groupId, topics: [AGENT_TRACES], startFrom: 'earliest' })
  while ((await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 0 })).length === 0);
  const extents = await log.endOffsets(AGENT_TRACES)
  await consumer.commit(extents.map(({ partition, end }) => ({ topic: AGENT_TRACES, partition, offset: end })))
  await consumer.close()
}

test('a group is behind when a record of before its limit is not done with', async () => {
  const told: (string | null)[] = []
  const watch = watchBacklog({
    log,
    limits: LIMITS,
    nowMs: () => nowMs,
    onChange: (reason) => told.push(reason),
    onProblem: () => {},
    intervalMs: 3_600_000,
  })
  await watch.look()
  expect(told.at(-1)).toBeNull()
  await append()
  nowMs += 599_000
  await watch.look()
  expect(told.at(-1)).toBeNull()
  nowMs += 2_000
  await watch.look()
  expect(told.at(-1)).toBe('evaluation is more than 10 min behind')
  await commitAll('trans-evaluate')
  await watch.look()
  expect(told.at(-1)).toBeNull()
  nowMs += 6 * 86_400_000
  await watch.look()
  expect(told.at(-1)).toBe('storing is more than 6 days behind')
  await commitAll('trans-store')
  await watch.look()
  expect(told.at(-1)).toBeNull()
  await watch.stop()
})

test('a log that cannot be asked changes nothing, and is told once', async () => {
  const problems: string[] = []
  const told: (string | null)[] = []
  const broken = () => Promise.reject(new LogError('io', 'away'))
  const watch = watchBacklog({
    log: { committed: broken, offsetsForTime: broken, endOffsets: broken },
    limits: LIMITS,
    nowMs: () => nowMs,
    onChange: (reason) => told.push(reason),
    onProblem: (text) => problems.push(text),
    intervalMs: 3_600_000,
  })
  await watch.look()
  await watch.look()
  await watch.stop()
  expect(told).toEqual([])
  expect(problems).toEqual(['the backlog cannot be measured: away'])
})
