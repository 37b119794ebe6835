import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { EmbeddedLog } from '../embedded.ts'
import { openEmbeddedLog } from '../embedded.ts'
import type { Processed, ThreadTask } from './testing/log-thread.ts'
import { Wakeups } from './wakeups.ts'

let log: EmbeddedLog

beforeEach(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:' })
  await log.ensureTopics([{ name: 't', partitions: 4, retentionMs: null, retentionBytes: null, compacted: false }])
})
afterEach(() => log.close())

const start = (task: ThreadTask) =>
  new Worker(new URL('./testing/log-thread.ts', import.meta.url), { workerData: task })

test('threads of one process append to one topic at the same time: dense, nothing lost', async () => {
  const names = ['a', 'b', 'c']
  const threads = names.map((name) => start({ kind: 'append', dataDir: log.dataDir, name, count: 200 }))
  await Promise.all(threads.map((thread) => once(thread, 'exit')))
  const keys = new Set<string | null>()
  for (const { partition, end } of await log.endOffsets('t')) {
    const records = await log.read('t', partition, 0, end)
    expect(records.map((r) => r.offset)).toEqual(Array.from({ length: end }, (_, i) => i))
    for (const record of records) keys.add(record.key)
  }
  expect(keys.size).toBe(600)
})

test('members in two threads share a topic that a third appends to; each record is committed once', async () => {
  const processed: Processed[][] = [[], []]
  const task: ThreadTask = { kind: 'consume', dataDir: log.dataDir, groupId: 'g' }
  const consumers = processed.map((mine) => {
    const thread = start(task)
    thread.on('message', (message: Processed) => mine.push(message))
    return thread
  })
  const total = () => new Set(processed.flat().flatMap((p) => p.keys)).size
  let appended = 0
  // Appends go on until both threads have had a part in it, however long the second takes to join.
  while (processed.some((mine) => mine.length === 0) || total() < appended) {
    if (processed.some((mine) => mine.length === 0)) {
      await log.append('t', [{ key: `k-${appended++}`, value: Buffer.alloc(1000) }])
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const keys = processed.flat().flatMap((p) => p.keys)
  expect(keys).toHaveLength(appended)
  for (const thread of consumers) thread.postMessage('stop')
  await Promise.all(consumers.map((thread) => once(thread, 'exit')))
  const ends = await log.endOffsets('t')
  expect((await log.committed('g')).map((o) => o.offset)).toEqual(ends.map(({ end }) => end))
})

test('a wake-up reaches the other threads', async () => {
  const wakeups = new Wakeups(log.dataDir)
  const woken = Promise.withResolvers<void>()
  wakeups.subscribe('topic:t', woken.resolve)
  start({ kind: 'notify', dataDir: log.dataDir, subject: 'topic:t' })
  await woken.promise
  wakeups.close()
})

test('a thread killed in the middle leaves a working log', async () => {
  const thread = start({ kind: 'append', dataDir: log.dataDir, name: 'a', count: 1_000_000 })
  const consumer = await log.openConsumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })
  expect((await consumer.fetch({ maxBytes: 1, maxWaitMs: 15_000 })).length).toBe(1)
  await thread.terminate()
  const [position] = await log.append('t', [{ key: 'after', value: Buffer.alloc(1) }])
  expect(await log.read('t', position!.partition, position!.offset, 10)).toMatchObject([{ key: 'after' }])
})
