/**
 * Which batches of a stream the log has already. An answer that was lost on its way, or with the gateway, leaves the client not knowing;
 * the records themselves say whose they are, so that nothing has to be written down beside them.
 */
import { setImmediate } from 'node:timers/promises'
import type { Log } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import type { Positions } from './positions.ts'

/** What is appended of a batch. Kafka takes the partitions of a batch one by one: some may be there without the others. */
export interface FoundBatch {
  readonly partitions: ReadonlySet<number>
  readonly isWhole: boolean
}

export interface BatchSearch {
  log: Pick<Log, 'read'>
  topic: string
  tenant: string
  stream: string
  /** Batches up to this number are of no interest. */
  settled: number
  from: Positions
  to: Positions
  maxBytes?: number
}

const READ_BYTES = 4 << 20
const READ_RECORDS = 2_000
/** A connection that came back after long on a busy log is not worth more: what is then appended twice is still stored once. */
const MAX_BYTES = 256 << 20

/** Names a batch in the headers of its records: its number, and in how many records it is. */
export const batchHeader = (number: number, recordCount: number): string => `${number}/${recordCount}`

export async function findBatches(search: BatchSearch): Promise<Map<number, FoundBatch>> {
  const { log, topic, tenant, stream, settled, from, to, maxBytes = MAX_BYTES } = search
  const found = new Map<number, { partitions: Set<number>; isWhole: boolean }>()
  let leftBytes = maxBytes
  for (const [partition, end] of to.entries()) {
    for (let next = from[partition] ?? 0; next < end && leftBytes > 0; ) {
      const records = await log.read(topic, partition, next, READ_RECORDS, Math.min(READ_BYTES, leftBytes))
      // The embedded log reads at once: others have to get a turn.
      await setImmediate()
      const last = records.at(-1)
      if (last === undefined) break
      next = last.offset + 1
      for (const record of records) {
        leftBytes -= record.value.byteLength
        if (record.headers.stream !== stream || tenantOf(record) !== tenant) continue
        const [number, count] = (record.headers.batch ?? '').split('/').map(Number)
        if (number === undefined || count === undefined || !(number > settled)) continue
        const batch = found.get(number) ?? { partitions: new Set<number>(), isWhole: false }
        batch.partitions.add(partition)
        batch.isWhole = batch.partitions.size >= count
        found.set(number, batch)
      }
    }
  }
  return found
}
