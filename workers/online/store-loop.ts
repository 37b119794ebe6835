/**
 * Trans, the store loop: from the log to ClickHouse. A batch is read, redacted and written, and only then are its offsets
 * committed. While one batch is written the next is read; a store that is out of order pauses the reading and is waited for.
 */

import { messageOf } from '../../engine/message-of.ts'
import type { Redactor } from '../../engine/redact/redact.ts'
import type { Erased } from '../../storage/erasure/tombstones.ts'
import { faultPoint } from '../../storage/fault-point.ts'
import { InHand } from '../../storage/log/in-hand.ts'
import type { Consumer, Log, LogRecord } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { storeBatchRows } from '../../storage/metrics/registry.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { tracedBatch } from '../../storage/tracing/traced-batch.ts'
import type { TracedSpan } from '../../storage/tracing/tracer.ts'
import { BlockMemory } from './block-memory.ts'
import { isWorthSaying, retryForever } from './retry.ts'
import { MACHINE, type Runtime } from './runtime.ts'
import { StoreBatch } from './store-batch.ts'
import { writeBatch } from './store-writer.ts'

export interface StoreLoopOptions {
  log: Log
  /** Migrated. */
  traces: Pick<TracesStore, 'insertBlocks'>
  /** The redaction in force of a tenant; asked for each record. */
  definitions: (tenant: string) => Redactor
  /** What is not to be stored, although the log has it. */
  erased?: Erased
  /** Milliseconds since the epoch. */
  nowMs: () => number
  /** A line for the operator: outages and dead letters. */
  onProblem?: (text: string) => void
  /** A line that ends what one of `onProblem` began; as `onProblem` unless given. */
  onChange?: (text: string) => void
  /** Rows after which a batch is written at once. */
  maxRows?: number
  /** Of records, after which it is written at once. */
  maxBytes?: number
  /** How long a rebalance, or the end, waits for a store that does not answer. */
  graceMs?: number
  groupId?: string
  /** How often a process may die with a record alone in hand before that is put aside: 3. */
  maxAttempts?: number
  /** The store is code of this process, which an insert may kill. */
  isStoreInProcess?: boolean
  runtime?: Runtime
}

export interface StoreLoopStats {
  spans: number
  results: number
  deadLetters: number
  /** Batches written. */
  batches: number
  lastBatchRows: number
  /** Failed attempts to write, and whether the latest one failed. */
  outages: number
  isStoreDown: boolean
  /** Rows read and not yet written. */
  pendingRows: number
  /** When the log took the newest record that is stored; milliseconds since the epoch, 0 before the first. */
  storedUpToMs: number
}

export interface StoreLoop {
  stats(): StoreLoopStats
  /** Writes and commits what was read, as far as the store answers, and leaves the group. */
  drain(): Promise<void>
}

/** An insert takes 10 ms of CPU whatever is in it, and small parts are merged more often: with half as many rows both cost a third more. Twice as many take 120 MB more. */
const MAX_ROWS = 20_000
const MAX_BYTES = 32 << 20
/** So much is read before V8 collects the young generation again: more would outlive that. */
const FETCH_BYTES = 1 << 20
/** A span alone is visible after this. */
const SHORT_LINGER_MS = 100
/** In a trickle, batches start this far apart, so that there are two small parts a second at the most. */
const BATCH_INTERVAL_MS = 500
/** Where the log has more than was fetched: the rest is late anyhow, and a fuller batch makes all of it come sooner. */
const BEHIND_INTERVAL_MS = 2_000
const IDLE_WAIT_MS = 1_000
const GRACE_MS = 5_000

export async function startStoreLoop(options: StoreLoopOptions): Promise<StoreLoop> {
  const loop = new Loop(options)
  await loop.start()
  return loop
}

/** What a batch belongs to: commits of another tenure are nobody's. */
type Tenure = object

interface Writing {
  batch: StoreBatch
  done: Promise<void>
}

class Loop implements StoreLoop {
  readonly #options: StoreLoopOptions
  readonly #runtime: Runtime
  readonly #stop = new AbortController()
  /** Aborts what waits for a sink, when the time to wait for it is over. */
  readonly #giveUp = new AbortController()
  /** Sets tokens of this run apart from those of one before it, whose offsets may have been the same on another log. */
  readonly #runId: string
  readonly #inHand: InHand
  readonly #memory = new BlockMemory()
  #consumer!: Consumer
  #running: Promise<void> = Promise.resolve()
  #pending: StoreBatch
  /** A record to what is pending. */
  #adding: Promise<void> = Promise.resolve()
  #pendingSinceMs = 0
  /** Of the partitions; null from when they are taken away, which may be in the middle of a turn, until there are others. */
  #tenure: object | null = null
  #writing: Writing | null = null
  #wake = new AbortController()
  #lastBatchAtMs = Number.NEGATIVE_INFINITY
  #isBehind = false
  #batchCount = 0
  readonly #stats: Omit<StoreLoopStats, 'pendingRows'> = {
    spans: 0,
    results: 0,
    deadLetters: 0,
    batches: 0,
    lastBatchRows: 0,
    outages: 0,
    isStoreDown: false,
    storedUpToMs: 0,
  }

  constructor(options: StoreLoopOptions) {
    this.#options = options
    this.#runtime = options.runtime ?? MACHINE
    this.#runId = this.#runtime.newId()
    this.#pending = this.#newBatch()
    this.#inHand = new InHand({
      log: options.log,
      groupId: this.#groupId,
      tryRecord: (record) => this.#try(record),
      retry: (attempt) => this.#retried(attempt),
      alone: this.#runtime.alone,
      onProblem: options.onProblem,
      onPutAside: () => this.#stats.deadLetters++,
      maxAttempts: options.maxAttempts,
    })
  }

  #newBatch(): StoreBatch {
    return new StoreBatch(this.#groupId, this.#memory, this.#runtime, this.#options.erased)
  }

  get #groupId(): string {
    return this.#options.groupId ?? 'trans-store'
  }

  async start(): Promise<void> {
    this.#consumer = await this.#options.log.openConsumer({
      groupId: this.#groupId,
      topics: [AGENT_TRACES, EVAL_RESULTS],
      startFrom: 'earliest',
      onAssign: async () => {
        this.#tenure = {}
      },
      onRevoke: () => this.#onRevoke(),
    })
    this.#inHand.use(this.#consumer)
    this.#running = this.#loop()
  }

  stats(): StoreLoopStats {
    return { ...this.#stats, pendingRows: this.#pending.rowCount + (this.#writing?.batch.rowCount ?? 0) }
  }

  async drain(): Promise<void> {
    this.#stop.abort()
    this.#wake.abort()
    await this.#running
    await this.#flushWithin(this.#options.graceMs ?? GRACE_MS)
    this.#giveUp.abort()
    await this.#writing?.done
    await this.#release()
    await this.#consumer.close()
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#turn()
      } catch (error) {
        // The log itself: nothing read is lost, it comes again after a while.
        this.#options.onProblem?.(`the store loop cannot read the log: ${messageOf(error)}`)
        await this.#runtime.sleep(1_000, this.#stop.signal)
      }
    }
  }

  async #turn(): Promise<void> {
    const isFull = this.#isFull()
    if (this.#writing === null && (isFull || this.#flushInMs() <= 0)) this.#startWriting()
    // Reading on would fill the memory; the fetch is then only a sign of life to the group.
    const mustWait = this.#isFull()
    const { signal } = this.#wake
    if (mustWait) this.#consumer.pause(this.#consumer.assignment())
    let records: LogRecord[]
    try {
      records = await this.#consumer.fetch({
        maxBytes: FETCH_BYTES,
        maxWaitMs: this.#waitMs(mustWait),
        signal,
      })
    } finally {
      // Also when it fails: nothing else would ever read on.
      if (mustWait) this.#consumer.resume(this.#consumer.assignment())
    }
    this.#isBehind = records.reduce((sum, { value }) => sum + value.byteLength, 0) >= FETCH_BYTES / 2
    if (signal.aborted && !this.#stop.signal.aborted) this.#wake = new AbortController()
    const giveWay = this.#runtime.createTimeSlice()
    const tenure = this.#tenure
    // What was read before partitions were taken away must not count as in hand in the next tenure. Otherwise they are another's by now.
    if (tenure === null || !(await this.#inHand.admit(records))) return
    for (const record of records) {
      // The rest is read again by whoever has the partition next.
      if (tenure !== this.#tenure) break
      if (this.#pending.offsets.isEmpty) this.#pendingSinceMs = this.#options.nowMs()
      if (this.#inHand.isAside(record)) {
        this.#pending.offsets.note(record)
        continue
      }
      this.#adding = this.#pending.add(record, this.#options.definitions, this.#options.nowMs())
      await this.#adding
      await giveWay()
    }
  }

  #waitMs(mustWait: boolean): number {
    // Either there is more already, or it is not behind any more and need not wait for a fuller batch.
    if (this.#isBehind) return 0
    return mustWait || this.#writing !== null ? IDLE_WAIT_MS : Math.max(0, this.#flushInMs())
  }

  #isFull(): boolean {
    const { maxRows = MAX_ROWS, maxBytes = MAX_BYTES } = this.#options
    return this.#pending.rowCount >= maxRows || this.#pending.sizeBytes >= maxBytes
  }

  /** Soon when nothing was written of late, else at the pace of a trickle. */
  #flushInMs(): number {
    if (this.#pending.offsets.isEmpty) return IDLE_WAIT_MS
    const intervalMs = this.#isBehind ? BEHIND_INTERVAL_MS : BATCH_INTERVAL_MS
    const dueMs = Math.max(this.#pendingSinceMs + SHORT_LINGER_MS, this.#lastBatchAtMs + intervalMs)
    // A clock that was set back must not hold a batch for long.
    return Math.min(dueMs - this.#options.nowMs(), intervalMs)
  }

  #startWriting(): void {
    const batch = this.#pending
    if (batch.offsets.isEmpty) return
    this.#pending = this.#newBatch()
    this.#lastBatchAtMs = this.#options.nowMs()
    batch.seal(this.#lastBatchAtMs)
    const { tenure } = this.#inHand
    const done = tracedBatch('store batch', batch.origin, (span) => this.#write(batch, tenure, span)).finally(() => {
      this.#writing = null
      this.#wake.abort()
    })
    this.#writing = { batch, done }
  }

  /** Never rejects. What is not written when it gives up is not committed either, and comes again. */
  async #write(batch: StoreBatch, tenure: Tenure, span: TracedSpan): Promise<void> {
    const { log, traces, onProblem, onChange = onProblem } = this.#options
    const stats = this.#stats
    let hasFailed = false
    try {
      await writeBatch(batch, `${this.#runId}:${this.#batchCount++}`, {
        log,
        traces,
        sleep: this.#runtime.sleep,
        signal: this.#giveUp.signal,
        onOutage: (what, error, attempt) => {
          hasFailed = true
          stats.outages++
          stats.isStoreDown = true
          if (isWorthSaying(attempt)) {
            onProblem?.(`storing waits for ${what}: ${messageOf(error)}; spans are kept in the log meanwhile`)
          }
        },
      })
    } catch (error) {
      span.fail(messageOf(error))
      // Later batches must not commit past this one.
      this.#giveUp.abort()
      onProblem?.(`stopped with a batch unstored, it comes again from the log: ${messageOf(error)}`)
      return
    }
    // What an attempt that failed has left behind may read on.
    if (!hasFailed) batch.release()
    if (stats.isStoreDown) onChange?.('storing goes on: the traces store answers again')
    stats.isStoreDown = false
    stats.spans += batch.spans.storableRows
    stats.results += batch.results.storableRows
    stats.deadLetters += batch.deadLetters.length
    for (const { headers } of batch.deadLetters) {
      onProblem?.(`a record was put aside in dead-letters: ${headers?.source}: ${headers?.reason}`)
    }
    stats.batches++
    stats.lastBatchRows = batch.rowCount
    storeBatchRows.observe(batch.rowCount)
    span.set({ 'assay.rows': batch.rowCount })
    stats.storedUpToMs = Math.max(stats.storedUpToMs, batch.newestAppendTimeMs)
    await this.#commit(batch, tenure)
  }

  async #commit(batch: StoreBatch, tenure: Tenure): Promise<void> {
    try {
      // There may be no next batch whose commit covers this one. Of partitions that were taken away meanwhile nothing is committed:
      // their new owner reads the records again, which stores nothing twice.
      await this.#retried(() => this.#inHand.commit(batch.offsets.toCommit(), tenure), this.#giveUp.signal)
      faultPoint('store.after-commit')
    } catch {
      // The loop ends: what it stored is stored again by the next, by the same keys.
    }
  }

  #retried<T>(attempt: () => Promise<T>, signal: AbortSignal = this.#stop.signal): Promise<T> {
    const onFailure = (error: unknown, count: number): void => {
      if (isWorthSaying(count)) this.#options.onProblem?.(`the store loop waits for the log: ${messageOf(error)}`)
    }
    return retryForever(attempt, { sleep: this.#runtime.sleep, signal, onFailure })
  }

  /** What storing a record takes. Only an insert that runs in this process is part of that: it is by the same keys, and shows nothing twice. */
  async #try(record: LogRecord): Promise<void> {
    const alone = this.#newBatch()
    await alone.add(record, this.#options.definitions, this.#options.nowMs())
    alone.seal(this.#options.nowMs())
    if (this.#options.isStoreInProcess !== true) return
    for (const table of ['messages', 'spans', 'results'] as const) {
      const { blocks } = alone[table]
      const token = `${this.#runId}:trial:${this.#runtime.newId()}`
      if (blocks.length > 0) await this.#options.traces.insertBlocks(table, blocks, token)
    }
  }

  async #release(): Promise<void> {
    try {
      await this.#inHand.release([])
    } catch (error) {
      // The next owner then looks at what was in hand here, and finds nothing.
      this.#options.onProblem?.(`the store loop let go of the log without a word: ${messageOf(error)}`)
    }
  }

  /** Everything read is written and committed, or the time is over. */
  async #flushWithin(graceMs: number): Promise<void> {
    const timeout = new AbortController()
    const flushed = (async () => {
      await this.#writing?.done
      if (timeout.signal.aborted || this.#giveUp.signal.aborted) return
      this.#startWriting()
      await this.#writing?.done
    })()
    await Promise.race([flushed, this.#runtime.sleep(graceMs, timeout.signal)])
    timeout.abort()
  }

  async #onRevoke(): Promise<void> {
    this.#tenure = null
    // Half a record must not be written as if it were the whole.
    await this.#adding
    await this.#flushWithin(this.#options.graceMs ?? GRACE_MS)
    // What could not be written belongs to whoever owns the partitions next.
    this.#pending = this.#newBatch()
    await this.#release()
  }
}
