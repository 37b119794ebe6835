/** Carries records from the disk buffer to the collector, one request at a time and the oldest first, for as long as that takes. */
import { rewriteRequest } from '../../engine/otlp/rewrite.ts'
import { scanRequest } from '../../engine/otlp/scan.ts'
import { asBuffer } from '../../engine/otlp/wire.ts'
import { LogError } from '../../storage/log/port.ts'
import type { BufferedRecord, DiskBuffer } from './disk-buffer.ts'
import { retryDelayMs } from './retry.ts'
import type { Contents, Sender, SendOutcome } from './sender.ts'
import type { SetAside } from './set-aside.ts'

export interface CourierOptions {
  buffer: Pick<DiskBuffer, 'peek' | 'removeThrough' | 'arrived' | 'shrink' | 'stats'>
  sender: Pick<Sender, 'send'>
  setAside: Pick<SetAside, 'put'>
  nowMs: () => number
  random: () => number
  /** Resolves after so long, or when the signal says so. */
  pause: (delayMs: number, signal: AbortSignal) => Promise<void>
  /** A line for whoever operates it: that something begins to fail, or works again. */
  onChange: (text: string) => void
}

export interface CourierStats {
  deliveredSpans: number
  deliveredRequests: number
  /** Requests that are to be sent again. */
  retries: number
  /** In a row; 0 when all is well. */
  failures: number
  /** Why the last attempt failed; null after one that did not. */
  failing: string | null
  /** Of delivered requests: spans that the collector did not take. */
  rejectedSpans: number
  lastDeliveredAtMs: number | null
}

const MAX_REQUEST_BYTES = 1 << 20
const MIN_REQUEST_BYTES = 64 << 10
const MAX_REQUEST_RECORDS = 512
/** One that fails now and then fills no log. */
const TOLD_EVERY_MS = 60_000
const DISK_PAUSE_MS = 5_000
/** What trickles in shares a request. */
const LINGER_MS = 200

type Sent = Exclude<SendOutcome, { kind: 'retry' }> | { kind: 'stopped' }

export class Courier {
  readonly #options: CourierOptions
  readonly #stop = new AbortController()
  readonly #stats: CourierStats = {
    deliveredSpans: 0,
    deliveredRequests: 0,
    retries: 0,
    failures: 0,
    failing: null,
    rejectedSpans: 0,
    lastDeliveredAtMs: null,
  }
  /** Halved when an answer takes too long. */
  #requestBytes = MAX_REQUEST_BYTES
  /** Records up to this one go alone: one among them is not taken. */
  #aloneThrough = -1
  /** Records up to this one are dealt with and still on disk; -1 when there is none such. */
  #dealtThrough = -1
  #isDiskTold = false
  #isDraining = false
  #toldRejected = ''
  /** Of the failure that goes on. */
  #isTold = false
  #toldAtMs = Number.NEGATIVE_INFINITY
  readonly #done: Promise<void>

  constructor(options: CourierOptions) {
    this.#options = options
    this.#done = this.#run()
  }

  stats(): CourierStats {
    return { ...this.#stats }
  }

  /** Sends what is there, unless the collector fails, and stops after `limitMs` at the latest; what is left stays in the buffer. */
  async stop(limitMs: number): Promise<void> {
    this.#isDraining = true
    const limit = setTimeout(() => this.#stop.abort(), limitMs)
    // Whoever waits to try again has its answer: not now.
    if (this.#stats.failures > 0) this.#stop.abort()
    this.#wake()
    await this.#done
    clearTimeout(limit)
  }

  #wake = (): void => {}

  async #run(): Promise<void> {
    const { buffer, pause } = this.#options
    const signal = this.#stop.signal
    while (!signal.aborted) {
      if (this.#dealtThrough >= 0 && !this.#remove()) {
        if (this.#isDraining) return
        await pause(DISK_PAUSE_MS, signal)
        continue
      }
      const arrived = buffer.arrived()
      const isAlone = this.#aloneThrough >= 0
      const records = buffer.peek(this.#requestBytes, isAlone ? 1 : MAX_REQUEST_RECORDS)
      if (records.length === 0) {
        if (this.#isDraining) return
        buffer.shrink()
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        await Promise.race([arrived, woken])
        if (!this.#isDraining) await Promise.race([pause(LINGER_MS, signal), woken])
        continue
      }
      await this.#deliver(alike(records))
    }
  }

  async #deliver(records: readonly BufferedRecord[]): Promise<void> {
    const { setAside } = this.#options
    const through = records.at(-1)!.offset
    const intact = records.filter((record) => record.isIntact)
    const sent = intact.length === 0 ? null : await this.#send(merged(intact), contentsOf(intact[0]!), spansIn(intact))
    if (sent?.kind === 'stopped') return
    if (sent !== null && sent.kind !== 'delivered') {
      if (intact.length > 1) {
        this.#aloneThrough = through
        return
      }
      if (!(await this.#carryApart(intact[0]!, sent))) return
    }
    for (const record of records)
      if (!record.isIntact) setAside.put(record, 'damaged', 'the disk gave other bytes back than it took')
    this.#dealtThrough = through
    this.#remove()
    if (through >= this.#aloneThrough) this.#aloneThrough = -1
  }

  /** False: the disk is full, or worse. What was delivered is not sent again for that. */
  #remove(): boolean {
    const { buffer, onChange } = this.#options
    try {
      buffer.removeThrough(this.#dealtThrough)
      this.#dealtThrough = -1
      this.#isDiskTold = false
      return true
    } catch (error) {
      if (!(error instanceof LogError)) throw error
      if (!this.#isDiskTold) onChange(`the buffer cannot be written, and delivery waits for it: ${error.message}`)
      this.#isDiskTold = true
      return false
    }
  }

  /** One record that was not taken as it is: its halves if it is too large, else aside with it. False when it was told to stop. */
  async #carryApart(
    record: BufferedRecord,
    { kind, reason }: Exclude<Sent, { kind: 'delivered' | 'stopped' }>,
  ): Promise<boolean> {
    const halves = kind === 'too_large' ? halved(record) : null
    if (halves === null) {
      this.#options.setAside.put(record, kind, reason)
      this.#options.onChange(`${record.spanCount} spans were set aside: the collector answered ${reason}`)
      return true
    }
    for (const half of halves) {
      const sent = await this.#send(half.value, contentsOf(half), half.spanCount)
      if (sent.kind === 'stopped') return false
      if (sent.kind !== 'delivered' && !(await this.#carryApart(half, sent))) return false
    }
    return true
  }

  /** Again and again, until there is an answer that is one. */
  async #send(request: Uint8Array, what: Contents, spanCount: number): Promise<Sent> {
    const { sender, nowMs, random, pause } = this.#options
    const { signal } = this.#stop
    for (;;) {
      const outcome = await sender.send(request, what, signal)
      if (signal.aborted && outcome.kind === 'retry') return { kind: 'stopped' }
      if (outcome.kind !== 'retry') {
        this.#succeeded()
        if (outcome.kind === 'delivered') this.#count(outcome, spanCount, nowMs())
        return outcome
      }
      this.#failed(outcome)
      if (this.#isDraining) this.#stop.abort()
      await pause(retryDelayMs(this.#stats.failures, outcome.afterMs, random), signal)
      if (signal.aborted) return { kind: 'stopped' }
    }
  }

  #count(outcome: Extract<Sent, { kind: 'delivered' }>, spanCount: number, nowMs: number): void {
    const rejected = Math.min(outcome.rejectedSpans, spanCount)
    this.#stats.deliveredRequests++
    this.#stats.deliveredSpans += spanCount - rejected
    this.#stats.rejectedSpans += rejected
    this.#stats.lastDeliveredAtMs = nowMs
    this.#requestBytes = Math.min(MAX_REQUEST_BYTES, this.#requestBytes * 2)
    if (outcome.message !== '' && outcome.message !== this.#toldRejected) {
      this.#toldRejected = outcome.message
      this.#options.onChange(`the collector took a request and says: ${outcome.message}`)
    }
  }

  #failed({ reason, isMisdirected }: Extract<SendOutcome, { kind: 'retry' }>): void {
    const stats = this.#stats
    stats.retries++
    stats.failures++
    this.#requestBytes = Math.max(MIN_REQUEST_BYTES, this.#requestBytes >> 1)
    stats.failing = reason
    const nowMs = this.#options.nowMs()
    if (this.#isTold || nowMs - this.#toldAtMs < TOLD_EVERY_MS) return
    this.#isTold = true
    this.#toldAtMs = nowMs
    const advice = isMisdirected ? 'mend the key or the address' : 'it is tried again'
    this.#options.onChange(`the collector does not take spans (${reason}): they wait on disk, ${advice}`)
  }

  #succeeded(): void {
    if (this.#isTold) this.#options.onChange('the collector answers again')
    this.#isTold = false
    this.#stats.failures = 0
    this.#stats.failing = null
  }
}

export const LOGS_HEADER = 'logs'

/** A record with this header holds log records as they came, in the encoding that it says. */
function contentsOf({ headers }: BufferedRecord): Contents {
  const logs = headers[LOGS_HEADER]
  if (logs === undefined) return { path: '/v1/traces', encoding: 'protobuf' }
  return { path: '/v1/logs', encoding: logs === 'json' ? 'json' : 'protobuf' }
}

/** The first of them, as many as go into one request: those in JSON are one each. */
function alike(records: readonly BufferedRecord[]): readonly BufferedRecord[] {
  const first = contentsOf(records[0]!)
  const others = records.findIndex((record, at) => {
    const { path, encoding } = contentsOf(record)
    return at > 0 && (path !== first.path || encoding === 'json')
  })
  return others < 0 ? records : records.slice(0, others)
}

/** Requests one after the other are one request: a repeated field of protobuf goes on where it left off. */
function merged(records: readonly BufferedRecord[]): Uint8Array {
  return records.length === 1 ? records[0]!.value : Buffer.concat(records.map(({ value }) => value))
}

function spansIn(records: readonly BufferedRecord[]): number {
  return records.reduce((sum, { spanCount }) => sum + spanCount, 0)
}

/** Null for a single span. */
function halved(record: BufferedRecord): BufferedRecord[] | null {
  if (contentsOf(record).path !== '/v1/traces') return null
  const scanned = scanRequest(record.value)
  if (!scanned.ok || scanned.layout.spanCount < 2) return null
  const middle = scanned.layout.spanCount >> 1
  const bytes = asBuffer(record.value)
  const first = rewriteRequest(bytes, scanned.layout, (at) => (at < middle ? 'keep' : 'leave_out'))!
  const second = rewriteRequest(bytes, scanned.layout, (at) => (at < middle ? 'leave_out' : 'keep'))!
  return [
    { ...record, value: first, spanCount: middle },
    { ...record, value: second, spanCount: scanned.layout.spanCount - middle },
  ]
}
