/** Carries spans from the ring to the collector, one request at a time, for as long as that takes. */
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { Notices } from '../notices.ts'
import { nextBatchSize } from './batch-size.ts'
import { type DropCounts, type DropReason, Drops } from './drops.ts'
import { type Encoded, encode } from './encode.ts'
import type { ExportSettings } from './options.ts'
import { PRIORITIES } from './priority.ts'
import { retryDelayMs } from './retry.ts'
import { createSender, type Outcome, type Sender } from './sender.ts'
import { SpanRing } from './span-ring.ts'
import { spanSizeBytes } from './span-size.ts'
import { Waiters } from './waiters.ts'

/** As estimated; on the wire it is less than this, and less than the 20 MiB that Assay takes. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024
const FIRST_BATCH_SPANS = 512

/** Spans that were taken out of the ring. */
interface Batch {
  spans: ReadableSpan[]
  sizeBytes: number
  /** Encoded at the first attempt, and kept for the next. */
  encoded: Encoded | null
}

export interface CourierStats {
  /** Spans that wait or are being sent, and about what memory they hold. */
  bufferedSpans: number
  bufferedBytes: number
  deliveredSpans: number
  droppedSpans: DropCounts
  /** Spans of the next request at most. */
  batchSpans: number
  /** Attempts in a row that failed; 0 when all is well. */
  failures: number
}

export class Courier {
  readonly #settings: ExportSettings
  readonly #notices: Notices
  readonly #ring: SpanRing
  readonly #sender: Sender
  readonly #drops = new Drops()
  readonly #batches: Batch[] = []
  readonly #waiters = new Waiters()
  #batchSpans: number
  #deliveredSpans = 0
  #failures = 0
  #failingSinceMs = 0
  /** How many were lost when a batch was last taken: what comes on top was lost while it was not. */
  #lostAtDelivery = 0
  #notBeforeMs = 0
  /** Until when the server asked not to be called. */
  #serverNotBeforeMs = 0
  #cancelTimer: (() => void) | null = null
  #timerIsUrgent = false
  #isSending = false
  #shutdown: Promise<void> | null = null
  #isOver = false

  constructor(settings: ExportSettings) {
    this.#settings = settings
    this.#notices = new Notices(settings.log, settings.runtime)
    this.#ring = new SpanRing(settings.maxSpans, settings.maxBytes)
    this.#sender = createSender(settings)
    this.#batchSpans = Math.min(FIRST_BATCH_SPANS, settings.maxBatchSpans)
  }

  /** Never throws and never waits. */
  add(span: ReadableSpan): void {
    try {
      const sizeBytes = spanSizeBytes(span)
      if (this.#shutdown !== null) this.#drops.add('shutdown')
      else if (sizeBytes > this.#settings.maxBytes) this.#drops.add('too_large')
      else {
        const rank = PRIORITIES.indexOf(this.#settings.priority(span))
        const dropped = this.#ring.add(span, rank === -1 ? PRIORITIES.indexOf('normal') : rank, sizeBytes)
        if (dropped > 0) this.#overflow(dropped)
        this.#wake()
      }
    } catch (error) {
      this.fault(error)
    }
  }

  get lostSpans(): number {
    return this.#drops.total
  }

  /** A span was lost to a bug, of ours or in a function that was given to us. */
  fault(error: unknown): void {
    this.#drops.add('internal')
    this.#notices.say(
      'internal',
      `a span was lost to an error: ${error instanceof Error ? error.message : String(error)}`,
    )
  }

  stats(): CourierStats {
    return {
      bufferedSpans: this.#ring.totalCount,
      bufferedBytes: this.#ring.totalBytes,
      deliveredSpans: this.#deliveredSpans,
      droppedSpans: this.#drops.counts,
      batchSpans: this.#batchSpans,
      failures: this.#failures,
    }
  }

  /** All spans so far are gone, an attempt failed, or the time is over. Never rejects. */
  flush(): Promise<void> {
    return this.#shutdown ?? this.#waitFor(true)
  }

  /** Calls back when all spans so far are gone: whether the number of lost ones is still what it was. */
  whenGone(lostBefore: number, callback: (ok: boolean) => void): void {
    if (this.#isEmpty()) {
      callback(this.#drops.total === lostBefore)
      return
    }
    this.#waiters.add(this.#ring.newest, false, (isGone) => callback(isGone && this.#drops.total === lostBefore))
    this.#wake()
  }

  /** Like `flush`, but tries again until the time is over; what is left then is dropped. Never rejects. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#waitFor(false).then(() => this.#end())
    return this.#shutdown
  }

  #waitFor(once: boolean): Promise<void> {
    if (this.#isEmpty()) return Promise.resolve()
    const { runtime, flushTimeoutMs } = this.#settings
    const isForbidden = this.#serverNotBeforeMs > runtime.nowMs()
    if (once && isForbidden) return Promise.resolve()
    return new Promise((resolve) => {
      const giveUp = this.#waiters.add(this.#ring.newest, once, () => {
        cancel()
        resolve()
      })
      // This one timer holds the process: until then it may not end with spans unsent.
      const cancel = runtime.setTimer(giveUp, flushTimeoutMs, true)
      if (!isForbidden) this.#notBeforeMs = 0
      this.#wake()
    })
  }

  #isEmpty(): boolean {
    return this.#ring.totalCount === 0
  }

  #overflow(dropped: number): void {
    this.#drops.add('buffer_full', dropped)
    const { maxSpans, maxBytes } = this.#settings
    this.#notices.say(
      'full',
      `the buffer is full (${maxSpans} spans or ${maxBytes} bytes): the least important, oldest spans are dropped`,
    )
  }

  /** Sees to it that a batch goes out: now if there is reason to, else when the spans have waited for others. */
  #wake(): void {
    if (this.#isSending || this.#isOver) return
    const isUrgent =
      this.#waiters.size > 0 || this.#batches.length > 0 || this.#ring.count >= this.#batchSpans || this.#failures > 0
    if (this.#cancelTimer !== null && (this.#timerIsUrgent || !isUrgent) && this.#waiters.size === 0) return
    if (this.#ring.count === 0 && this.#batches.length === 0) return
    this.#cancelTimer?.()
    this.#timerIsUrgent = isUrgent
    const earliestMs = Math.max(0, this.#notBeforeMs - this.#settings.runtime.nowMs())
    const delayMs = isUrgent ? earliestMs : Math.max(earliestMs, this.#settings.delayMs)
    this.#cancelTimer = this.#settings.runtime.setTimer(() => {
      this.#cancelTimer = null
      void this.#work()
    }, delayMs)
  }

  /** One attempt. Never rejects. */
  async #work(): Promise<void> {
    if (this.#isSending || this.#isOver) return
    const batch = this.#nextBatch()
    if (batch === null) return
    this.#isSending = true
    try {
      await this.#attempt(batch)
    } catch (error) {
      if (!this.#isOver) {
        this.#drop(batch, 'internal')
        this.#notices.say(
          'internal',
          `a batch was lost to an error: ${error instanceof Error ? error.message : String(error)}`,
        )
      }
    } finally {
      this.#isSending = false
      if (this.#batches.length === 0) this.#waiters.goneBefore(this.#ring.oldest)
      this.#wake()
    }
  }

  /** The batch stays the first of `#batches` until it is settled. */
  #nextBatch(): Batch | null {
    if (this.#batches.length === 0) {
      const taken = this.#ring.take(this.#batchSpans, Math.min(MAX_BATCH_BYTES, this.#settings.maxBytes / 2))
      if (taken.spans.length > 0) this.#batches.push({ ...taken, encoded: null })
    }
    return this.#batches[0] ?? null
  }

  async #attempt(batch: Batch): Promise<void> {
    const { runtime } = this.#settings
    batch.encoded ??= await encode(batch.spans, this.#drops.untold(), runtime)
    if (this.#isOver) return
    if (batch.encoded === null) return this.#split(batch, 'unencodable', 'a span that can not be encoded')
    const { body, encodeMs, told } = batch.encoded
    const startMs = runtime.nowMs()
    const outcome = await this.#sender.send(body)
    if (this.#isOver) return
    const ok = outcome.kind === 'delivered'
    this.#batchSpans = nextBatchSize(this.#batchSpans, this.#settings.maxBatchSpans, {
      ok,
      encodeMs,
      sendMs: runtime.nowMs() - startMs,
    })
    if (ok && told !== null) this.#drops.markTold(told)
    this.#settle(batch, outcome)
  }

  #settle(batch: Batch, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'delivered':
        this.#delivered(batch, outcome)
        break
      case 'retry':
        this.#failed(outcome.reason, outcome.afterMs)
        break
      case 'too_large':
        this.#split(batch, 'too_large', outcome.reason)
        break
      case 'refused':
        this.#drop(batch, 'refused')
        this.#notices.say('refused', `${this.#settings.url} refuses spans, which are lost: ${outcome.reason}`)
        // The next batch may be sent, but will hardly be taken: a wrong key is wrong for all of them.
        this.#backOff(null)
    }
  }

  #delivered(batch: Batch, { rejectedSpans, message }: { rejectedSpans: number; message: string }): void {
    const rejected = Math.min(rejectedSpans, batch.spans.length)
    this.#remove(batch)
    this.#deliveredSpans += batch.spans.length - rejected
    this.#drops.add('refused', rejected)
    if (rejected > 0) this.#notices.say('partial', `${rejected} spans were not taken: ${message}`)
    else if (message !== '') this.#notices.say('answer', message)
    if (this.#failures > 0) {
      const seconds = Math.round((this.#settings.runtime.nowMs() - this.#failingSinceMs) / 1_000)
      const lost = this.#drops.total - this.#lostAtDelivery
      this.#notices.say(
        'back',
        `${this.#settings.url} takes spans again after ${seconds} s; ${lost} were dropped meanwhile`,
      )
    }
    this.#lostAtDelivery = this.#drops.total
    this.#failures = 0
    this.#notBeforeMs = 0
    this.#serverNotBeforeMs = 0
  }

  #failed(reason: string, afterMs: number | null): void {
    this.#notices.say(
      'unreachable',
      `${this.#settings.url} does not take spans: ${reason}; they are kept as far as the buffer goes`,
    )
    this.#backOff(afterMs)
  }

  #backOff(afterMs: number | null): void {
    const { runtime } = this.#settings
    const nowMs = runtime.nowMs()
    if (this.#failures === 0) this.#failingSinceMs = nowMs
    this.#failures++
    const delayMs = retryDelayMs(this.#failures, afterMs, runtime.random)
    this.#notBeforeMs = nowMs + delayMs
    this.#serverNotBeforeMs = afterMs === null ? 0 : this.#notBeforeMs
    this.#waiters.attemptFailed()
  }

  /** Halves, so that in the end only the span that is to blame is dropped. */
  #split(batch: Batch, reason: DropReason, because: string): void {
    if (batch.spans.length === 1) {
      this.#drop(batch, reason)
      this.#notices.say('refused', `a span is lost: ${because}`)
      return
    }
    const middle = Math.ceil(batch.spans.length / 2)
    const first = batch.spans.slice(0, middle)
    const firstBytes = first.reduce((sum, span) => sum + spanSizeBytes(span), 0)
    this.#batches.splice(
      this.#batches.indexOf(batch),
      1,
      { spans: first, sizeBytes: firstBytes, encoded: null },
      // By difference, so that what is released in the end is what was taken.
      { spans: batch.spans.slice(middle), sizeBytes: batch.sizeBytes - firstBytes, encoded: null },
    )
  }

  #drop(batch: Batch, reason: DropReason): void {
    this.#remove(batch)
    this.#drops.add(reason, batch.spans.length)
  }

  #remove(batch: Batch): void {
    const at = this.#batches.indexOf(batch)
    if (at === -1) return
    this.#batches.splice(at, 1)
    this.#ring.release(batch.spans.length, batch.sizeBytes)
  }

  #end(): void {
    this.#isOver = true
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#sender.close()
    const left = this.#ring.totalCount
    if (left > 0) {
      this.#drops.add('shutdown', left)
      this.#notices.say('shutdown', `${left} spans were not sent before the end`)
    }
    for (const batch of [...this.#batches]) this.#remove(batch)
    for (;;) {
      const { spans, sizeBytes } = this.#ring.take(this.#settings.maxSpans, this.#settings.maxBytes)
      if (spans.length === 0) break
      this.#ring.release(spans.length, sizeBytes)
    }
    this.#waiters.goneBefore(this.#ring.oldest)
  }
}
