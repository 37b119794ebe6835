/** Writes a batch to ClickHouse, and its dead letters to the log. */
import { faultPoint } from '../../storage/fault-point.ts'
import type { Log } from '../../storage/log/port.ts'
import { DEAD_LETTERS } from '../../storage/log/topics.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { retryForever } from './retry.ts'
import type { Runtime } from './runtime.ts'
import type { StoreBatch } from './store-batch.ts'

export interface StoreWriterParts {
  log: Log
  traces: Pick<TracesStore, 'insertBlocks'>
  sleep: Runtime['sleep']
  signal: AbortSignal
  /** Of the store or the log, at each attempt. */
  onOutage: (what: string, error: unknown, attempt: number) => void
}

/** Resolves when all of the batch is durable; rejects only when stopped during an outage. A retry uses the same token. */
export async function writeBatch(batch: StoreBatch, token: string, parts: StoreWriterParts): Promise<void> {
  const { log, traces, sleep, signal, onOutage } = parts
  const write = (what: string, attempt: () => Promise<unknown>) =>
    retryForever(attempt, { sleep, signal, onFailure: (error, count) => onOutage(what, error, count) })

  if (batch.deadLetters.length > 0) {
    await write('the log', () => log.append(DEAD_LETTERS, batch.deadLetters))
    faultPoint('store.after-dead-letters')
  }
  faultPoint('store.before-insert')
  for (const table of ['messages', 'spans', 'results'] as const) {
    const { blocks } = batch[table]
    if (blocks.length > 0) {
      await write('the traces store', () => traces.insertBlocks(table, blocks, `${token}:${table}`))
    }
    if (table === 'spans') faultPoint('store.after-spans')
  }
  faultPoint('store.after-insert')
}
