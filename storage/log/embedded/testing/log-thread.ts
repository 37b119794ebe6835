/** A thread for the tests with several threads on one folder: appends, or is a member of a group, on a log of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { openEmbeddedLog } from '../../embedded.ts'
import { Wakeups } from '../wakeups.ts'

export type ThreadTask =
  | { kind: 'append'; dataDir: string; name: string; count: number }
  | { kind: 'consume'; dataDir: string; groupId: string }
  | { kind: 'notify'; dataDir: string; subject: string }

/** What a consuming thread posts after each commit that was accepted. */
export interface Processed {
  keys: (string | null)[]
  partitions: number[]
}

const task = workerData as ThreadTask

async function append(dataDir: string, name: string, count: number): Promise<void> {
  const log = await openEmbeddedLog({ dataDir })
  for (let i = 0; i < count; i++) {
    const key = `${name}-${i}`
    await log.append('t', [{ key, value: Buffer.alloc(1000, i) }])
  }
  await log.close()
}

async function consume(dataDir: string, groupId: string): Promise<void> {
  const stopping = new AbortController()
  parentPort!.once('message', () => stopping.abort())
  const log = await openEmbeddedLog({ dataDir })
  const consumer = await log.openConsumer({ groupId, topics: ['t'], startFrom: 'earliest' })
  while (!stopping.signal.aborted) {
    const records = await consumer.fetch({ maxBytes: 100_000, maxWaitMs: 1000, signal: stopping.signal })
    const outcome = await consumer.commit(
      records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 })),
    )
    if (outcome.ok && records.length > 0) {
      const processed: Processed = { keys: records.map((r) => r.key), partitions: records.map((r) => r.partition) }
      parentPort!.postMessage(processed)
    }
  }
  await log.close()
}

switch (task.kind) {
  case 'append':
    await append(task.dataDir, task.name, task.count)
    break
  case 'consume':
    await consume(task.dataDir, task.groupId)
    break
  case 'notify': {
    const wakeups = new Wakeups(task.dataDir)
    wakeups.notify(task.subject)
    wakeups.close()
    break
  }
}
