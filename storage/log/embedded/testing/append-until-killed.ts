/**
 * A process for the kill tests: appends to a log and consumes it for as long as it lives, and tells on standard output, one line
 * each, what was acknowledged: `a partition offset id` for a record, `c partition offset` for a commit.
 */
import { writeSync } from 'node:fs'
import { openEmbeddedLog } from '../../embedded.ts'

const [dataDir, round] = process.argv.slice(2) as [string, string]
const log = await openEmbeddedLog({ dataDir })
await log.ensureTopics([{ name: 't', partitions: 3, retentionMs: null, retentionBytes: null, compacted: false }])
const consumer = await log.openConsumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })

async function produce(producer: number): Promise<never> {
  for (let i = 0; ; i++) {
    const ids = [`${round}.${producer}.${i}.0`, `${round}.${producer}.${i}.1`]
    const value = Buffer.alloc(200 + ((i * 977) % 20_000), i)
    const positions = await log.append(
      't',
      ids.map((key) => ({ key, value })),
    )
    writeSync(1, positions.map((p, j) => `a ${p.partition} ${p.offset} ${ids[j]}\n`).join(''))
  }
}

async function consume(): Promise<never> {
  for (;;) {
    const records = await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 1000 })
    const positions = records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 }))
    const outcome = await consumer.commit(positions)
    if (outcome.ok) writeSync(1, positions.map((p) => `c ${p.partition} ${p.offset}\n`).join(''))
  }
}

await Promise.all([produce(0), produce(1), produce(2), consume()])
