/** One client's connection: its batches one after the other, each answered when it is in the log or is known not to get there. */
import type { WebSocket } from 'ws'
import type { Credentials } from '../../storage/access/gate.ts'
import { LogError } from '../../storage/log/port.ts'
import { INTERNAL } from '../answer.ts'
import type { Gateway } from '../gateway.ts'
import { busy, malformed, type Rejection, refusalOfBody, refusalOfSender } from '../refusals.ts'
import type { FoundBatch } from './find-batches.ts'
import { type Batch, CLOSE, type Hello, type Outgoing, parseIncoming } from './protocol.ts'
import { Settled } from './settled.ts'

export interface ConnectionOptions {
  gateway: Gateway
  socket: WebSocket
  /** As the connection was asked for; a key in the hello takes their place. */
  credentials: Credentials
  /** Takes the stream over from an older connection, and resolves when that is done with it. */
  claim(name: string, connection: StreamConnection): Promise<void>
  /** Received and not answered: with so many the socket is not read on. */
  maxUnanswered: number
}

interface Received {
  readonly data: Buffer
  readonly isBinary: boolean
  /** Of the gateway's budget, by the tenant that it was taken for. */
  readonly heldBytes: number
  readonly heldFor: string
}

/** A stream that has said hello. */
interface Stream {
  readonly name: string
  readonly tenant: string
  readonly credentials: Credentials
  readonly settled: Settled
  /** The last one that the client was sent. */
  mark: string | null
}

export class StreamConnection {
  readonly #options: ConnectionOptions
  readonly #queue: Received[] = []
  /** Received by the socket, of a message that is not whole yet. */
  #arrivingBytes = 0
  /** Whose room what arrives takes: until its hello that is nobody's. */
  #heldFor = UNKNOWN
  #stream: Stream | null = null
  #working: Promise<void> | null = null
  #isLeaving = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get hasSaidHello(): boolean {
    return this.#stream !== null
  }

  get isWorking(): boolean {
    return this.#working !== null
  }

  /** Bytes off the wire, before they are messages. False: there is no room for them. */
  arrived(sizeBytes: number): boolean {
    const isUnknown = this.#stream === null && this.#working === null
    if (isUnknown && this.#arrivingBytes + sizeBytes > UNKNOWN_BYTES) return false
    if (!this.#options.gateway.budget.take(this.#heldFor, sizeBytes)) return false
    this.#arrivingBytes += sizeBytes
    return true
  }

  /** A ping or a pong is read, and nothing of it is kept. */
  controlled(payloadBytes: number): void {
    // What came in one piece with a message went with that.
    const sizeBytes = Math.min(CONTROL_HEAD_BYTES + payloadBytes, this.#arrivingBytes)
    this.#arrivingBytes -= sizeBytes
    this.#options.gateway.budget.release(this.#heldFor, sizeBytes)
  }

  received(data: Buffer, isBinary: boolean): void {
    const heldBytes = this.#arrivingBytes
    const heldFor = this.#heldFor
    this.#arrivingBytes = 0
    if (this.#isLeaving) {
      this.#options.gateway.budget.release(heldFor, heldBytes)
      return
    }
    this.#queue.push({ data, isBinary, heldBytes, heldFor })
    if (this.#queue.length >= this.#options.maxUnanswered) this.#options.socket.pause()
    this.#working ??= this.#work()
  }

  /** Reads nothing more, answers what was received, and says why it goes. */
  async drain(code: number, reason: string): Promise<void> {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#options.socket.pause()
    await this.#working
    this.#close(code, reason)
  }

  /** Resolves when nothing more will be appended; what was not begun comes again over another connection. */
  async leave(code: number, reason: string): Promise<void> {
    this.#isLeaving = true
    this.#dropQueue()
    const work = this.#working
    this.#close(code, reason)
    await work
  }

  /** The socket is gone: resolves when nothing more will be appended. */
  async closed(): Promise<void> {
    this.#isLeaving = true
    this.#dropQueue()
    this.#options.gateway.budget.release(this.#heldFor, this.#arrivingBytes)
    this.#arrivingBytes = 0
    await this.#working
  }

  #dropQueue(): void {
    const { budget } = this.#options.gateway
    for (const { heldFor, heldBytes } of this.#queue.splice(0)) budget.release(heldFor, heldBytes)
  }

  #close(code: number, reason: string): void {
    const { socket } = this.#options
    // The other side's farewell has to be read.
    socket.resume()
    // RFC 6455 leaves 123 bytes to a reason.
    socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString('utf8')
        .replace(/\ufffd$/, ''),
    )
  }

  async #work(): Promise<void> {
    const { gateway, socket, maxUnanswered } = this.#options
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#handle(next.data, next.isBinary)
      } catch (error) {
        gateway.onBug(error)
        this.#end(1011, 'internal error')
      } finally {
        gateway.budget.release(next.heldFor, next.heldBytes)
      }
      if (socket.isPaused && !this.#isLeaving && this.#queue.length < maxUnanswered) socket.resume()
    }
    this.#working = null
  }

  /** From within the work: nothing of what else was received is looked at. */
  #end(code: number, reason: string): void {
    this.#isLeaving = true
    this.#dropQueue()
    this.#close(code, reason)
  }

  async #handle(data: Buffer, isBinary: boolean): Promise<void> {
    const incoming = parseIncoming(data, isBinary)
    switch (incoming.kind) {
      case 'mistake':
        return this.#mistake(incoming.message)
      case 'hello':
        if (this.#stream !== null) return this.#mistake('hello was said before')
        return this.#welcome(incoming.hello)
      case 'batch':
        if (this.#stream === null) return this.#mistake('the first message must be a hello')
        return this.#take(this.#stream, incoming.batch)
    }
  }

  #mistake(message: string): void {
    this.#options.gateway.counters.rejected.malformed++
    this.#end(CLOSE.mistake, message)
  }

  async #welcome({ stream, settled, resume, key }: Hello): Promise<void> {
    const { gateway, maxUnanswered } = this.#options
    const credentials =
      key === null ? this.#options.credentials : { ...this.#options.credentials, authorization: `Bearer ${key}` }
    const admission = gateway.gate(credentials, 'ingest')
    if (!admission.ok) {
      gateway.counters.rejected[admission.code]++
      return this.#end(CLOSE[admission.code], admission.message)
    }
    const { tenant } = admission.principal
    await this.#options.claim(`${tenant} ${stream}`, this)
    let found: Map<number, FoundBatch> | null
    let mark = resume
    try {
      found = resume === null ? new Map() : await this.#search({ tenant, name: stream }, settled, resume)
      mark ??= (await gateway.history?.markNow()) ?? null
    } catch (error) {
      if (!(error instanceof LogError)) throw error
      return this.#end(CLOSE.tryAgainLater, 'the log cannot be read; try again')
    }
    if (found === null) return this.#mistake('resume: is nothing that Assay has sent')
    const known = new Settled(settled, found)
    if (known.isClear) mark = gateway.history?.mark() ?? mark
    this.#stream = { name: stream, tenant, credentials, settled: known, mark }
    this.#holdFor(tenant)
    const maxBatchBytes = gateway.maxBodyBytes
    this.#say({ type: 'welcome', settled: known.upTo, resume: mark, maxUnanswered, maxBatchBytes })
  }

  /** What of a message is there already moves along. */
  #holdFor(tenant: string): void {
    const { budget } = this.#options.gateway
    budget.release(this.#heldFor, this.#arrivingBytes)
    budget.put(tenant, this.#arrivingBytes)
    this.#heldFor = tenant
  }

  async #search(
    { tenant, name }: Pick<Stream, 'tenant' | 'name'>,
    settled: number,
    mark: string,
  ): Promise<Map<number, FoundBatch> | null> {
    const { history } = this.#options.gateway
    return history === null ? new Map() : history.since({ tenant, stream: name, settled, mark })
  }

  async #take(stream: Stream, batch: Batch): Promise<void> {
    const { gateway } = this.#options
    const { settled } = stream
    const { number } = batch
    gateway.counters.requests++
    if (settled.isTooFar(number)) return this.#mistake(`batch ${number} is too far ahead of ${settled.upTo}`)
    // It may have been revoked since.
    const admission = gateway.gate(stream.credentials, 'ingest')
    if (!admission.ok || admission.principal.tenant !== stream.tenant) {
      const { code, message } = admission.ok
        ? { code: 'forbidden' as const, message: 'the key is of another tenant now' }
        : admission
      this.#refuse(number, refusalOfSender({ ok: false, code, message }))
      return this.#end(CLOSE[code], message)
    }
    if (settled.has(number)) return this.#acknowledgeAgain(stream, number)
    const closed = gateway.closed(stream.tenant)
    if (closed !== null) return this.#refuse(number, closed)
    if (settled.isInDoubt(number) && stream.mark !== null) {
      const found = await this.#lookFor(stream, number)
      if (found === 'unknown') return this.#refuse(number, LOG_SILENT)
      settled.learn(number, found)
      if (settled.has(number)) return this.#acknowledgeAgain(stream, number)
    }
    await this.#append(stream, batch)
  }

  async #lookFor(stream: Stream, number: number): Promise<FoundBatch | undefined | 'unknown'> {
    try {
      return (await this.#search(stream, number - 1, stream.mark!))?.get(number)
    } catch (error) {
      if (error instanceof LogError) return 'unknown'
      throw error
    }
  }

  async #append(stream: Stream, batch: Batch): Promise<void> {
    const { gateway } = this.#options
    const coding = batch.isGzip ? 'gzip' : 'identity'
    const place = gateway.queue.enter(stream.tenant, batch.bytes.length, coding)
    if (place === null) return this.#refuse(batch.number, refusalOfBody('overloaded', gateway.maxBodyBytes))
    place.arrived()
    try {
      await this.#appendInPlace(stream, batch)
    } finally {
      place.leave()
    }
  }

  async #appendInPlace(stream: Stream, { number, endpoint, bytes, isGzip }: Batch): Promise<void> {
    const { gateway } = this.#options
    const { settled, tenant, name } = stream
    const inflated = await gateway.inflate(bytes, isGzip ? 'gzip' : 'identity', gateway.maxBodyBytes)
    if (!inflated.ok) {
      settled.settle(number)
      return this.#refuse(
        number,
        inflated.reason === 'too_large'
          ? refusalOfBody('too_large', gateway.maxBodyBytes)
          : malformed('the batch is not valid gzip'),
      )
    }
    const batch = { stream: name, number, appended: settled.partitionsOf(number) }
    const encoding = endpoint === 'spans' ? 'json' : 'protobuf'
    const heldBytes = isGzip ? inflated.bytes.length : 0
    try {
      const taken = await gateway.take({ endpoint, encoding, tenant, bytes: inflated.bytes, batch }, heldBytes)
      if (taken.ok) {
        settled.settle(number)
        const { spanCount, partial } = taken
        const mark = this.#newMark(stream)
        this.#say({
          type: 'ack',
          batch: number,
          spans: spanCount,
          ...(mark !== null && { resume: mark }),
          ...(partial !== null && { partial }),
        })
        return
      }
      const { rejection } = taken
      if (rejection.retryAfterSeconds === undefined) settled.settle(number)
      // The log may have taken it all the same.
      else if (rejection.reason === 'log_unavailable') settled.doubt(number)
      this.#sayRefused(number, rejection)
    } catch (error) {
      gateway.onBug(error)
      settled.settle(number)
      this.#refuse(number, { reason: 'internal', httpStatus: 500, code: INTERNAL, message: 'internal error' })
    }
  }

  #acknowledgeAgain(stream: Stream, batch: number): void {
    stream.settled.settle(batch)
    const mark = this.#newMark(stream)
    this.#say({ type: 'ack', batch, spans: 0, again: true, ...(mark !== null && { resume: mark }) })
  }

  /**
   * Null where the client has it already. All that the client has no answer to yet is appended after this answer, so the log's end as it was
   * a moment ago will do; but not while something before it is open.
   */
  #newMark(stream: Stream): string | null {
    if (!stream.settled.isClear) return null
    const mark = this.#options.gateway.history?.mark() ?? null
    if (mark === null || mark === stream.mark) return null
    stream.mark = mark
    return mark
  }

  #refuse(batch: number, rejection: Rejection): void {
    this.#options.gateway.counters.rejected[rejection.reason]++
    this.#sayRefused(batch, rejection)
  }

  #sayRefused(batch: number, { reason, message, retryAfterSeconds }: Rejection): void {
    const later = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
    this.#say({ type: 'refused', batch, code: reason, message, ...later })
  }

  #say(message: Outgoing): void {
    const { socket } = this.#options
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  }
}

/** In place of a tenant, whose names are never empty. */
const UNKNOWN = ''

/** Of the budget, for whoever has not said hello: batches may come right behind it, in what is read of a socket at once. */
const UNKNOWN_BYTES = 256 << 10

/** Of a ping or a pong from a client: its kind and length, and the mask. */
const CONTROL_HEAD_BYTES = 6

const LOG_SILENT = busy('log_unavailable', 'the log does not answer; the batch may be in it', 5)
