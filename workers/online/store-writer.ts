/** Writes a batch to ClickHouse, and aside what can't be written. */
import type { Log } from '../../storage/log/port.ts'
import { type TracesStore, UnstorableError } from '../../storage/traces/port.ts'
import { deadLetter } from './dead-letter.ts'
import { retryForever } from './retry.ts'
import type { DecodedRecord, StoreBatch } from './store-batch.ts'
import { DEAD_LETTERS } from './topics.ts'

export interface StoreWriterParts {
  log: Log
  traces: TracesStore
  signal: AbortSignal
  /** Of the store or the log, at each attempt. */
  onOutage: (what: string, error: unknown, attempt: number) => void
  onDeadLetter: (reason: string) => void
}

/** Resolves when all of the batch is durable; rejects only when stopped during an outage. A retry uses the same token. */
export async function writeBatch(batch: StoreBatch, token: string, parts: StoreWriterParts): Promise<void> {
  if (batch.deadLetters.length > 0) {
    await retryForever(() => parts.log.append(DEAD_LETTERS, batch.deadLetters), {
      signal: parts.signal,
      onFailure: (error, attempt) => parts.onOutage('the log', error, attempt),
    })
    for (const { headers } of batch.deadLetters) parts.onDeadLetter(`${headers?.source}: ${headers?.reason}`)
  }
  await writeRecords(batch.spans, `${token}:s`, parts, (records, part) =>
    parts.traces.insertSpans(
      records.flatMap((one) => one.rows),
      part,
    ),
  )
  await writeRecords(batch.results, `${token}:r`, parts, (records, part) =>
    parts.traces.insertResults(
      records.flatMap((one) => one.rows),
      part,
    ),
  )
}

async function writeRecords<R extends DecodedRecord>(
  records: readonly R[],
  token: string,
  parts: StoreWriterParts,
  insert: (records: readonly R[], token: string) => Promise<void>,
): Promise<void> {
  const [first] = records
  if (first === undefined) return
  try {
    await retryForever(() => insert(records, token), {
      signal: parts.signal,
      onFailure: (error, attempt) => parts.onOutage('the traces store', error, attempt),
      isPermanent: (error) => error instanceof UnstorableError,
    })
  } catch (error) {
    if (!(error instanceof UnstorableError)) throw error
    if (records.length > 1) {
      // Which of them it is shows by halving: the rest of the batch is stored all the same.
      const middle = records.length >> 1
      await writeRecords(records.slice(0, middle), `${token}0`, parts, insert)
      await writeRecords(records.slice(middle), `${token}1`, parts, insert)
      return
    }
    await retryForever(() => parts.log.append(DEAD_LETTERS, [deadLetter(first.record, 'unstorable', error.message)]), {
      signal: parts.signal,
      onFailure: (failure, attempt) => parts.onOutage('the log', failure, attempt),
    })
    const { topic, partition, offset } = first.record
    parts.onDeadLetter(`${topic}/${partition}/${offset}: ${error.message}`)
  }
}
