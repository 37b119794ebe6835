/** Every trace that is sent, by a number from which its ids follow: a million spans are known by a byte a trace. */
import { idBytes, spansPerRequest, spansPerTrace } from '../../bench/load.ts'

export const tracesPerRequest = spansPerRequest / spansPerTrace

export const TRACE_STATES = ['unsent', 'unanswered', 'acknowledged'] as const
export type TraceState = (typeof TRACE_STATES)[number]

/** Of a trace's id: 8 bytes that spread it over partitions and pages, then seed and number. */
const NUMBER_AT = 12

export class Population {
  readonly #seed: number
  readonly #states: Uint8Array

  constructor(seed: number, traces: number) {
    this.#seed = seed >>> 0
    this.#states = new Uint8Array(traces)
  }

  get size(): number {
    return this.#states.length
  }

  stateOf(trace: number): TraceState {
    return TRACE_STATES[this.#states[trace] ?? 0] ?? 'unsent'
  }

  mark(firstTrace: number, state: TraceState): void {
    this.#states.fill(TRACE_STATES.indexOf(state), firstTrace, firstTrace + tracesPerRequest)
  }

  countTraces(state: TraceState): number {
    const code = TRACE_STATES.indexOf(state)
    let count = 0
    for (const one of this.#states) if (one === code) count++
    return count
  }

  /** As `fillRequest` takes them. */
  idsFrom(firstTrace: number): Buffer {
    const ids = Buffer.alloc(spansPerRequest * idBytes)
    for (let index = 0; index < spansPerRequest; index++) {
      const trace = firstTrace + Math.floor(index / spansPerTrace)
      this.#writeTraceId(ids, index * idBytes, trace)
      this.#writeSpanId(ids, index * idBytes + 16, trace, index % spansPerTrace)
    }
    return ids
  }

  traceIdOf(trace: number): string {
    const id = Buffer.alloc(16)
    this.#writeTraceId(id, 0, trace)
    return id.toString('hex')
  }

  /** The number of a trace of this population; null of any other. */
  numberOf(traceId: string): number | null {
    const bytes = Buffer.from(traceId, 'hex')
    const trace = bytes.readUInt32BE(NUMBER_AT)
    const expected = Buffer.alloc(16)
    this.#writeTraceId(expected, 0, trace)
    return trace < this.size && expected.equals(bytes) ? trace : null
  }

  /** Its place in the trace; null of a span that was not sent. */
  placeOf(trace: number, spanId: string): number | null {
    const bytes = Buffer.from(spanId, 'hex')
    const place = bytes.readUInt32BE(4) % spansPerTrace
    const expected = Buffer.alloc(8)
    this.#writeSpanId(expected, 0, trace, place)
    return expected.equals(bytes) ? place : null
  }

  #writeTraceId(to: Buffer, at: number, trace: number): void {
    to.writeUInt32BE(mix(trace ^ this.#seed), at)
    to.writeUInt32BE(mix(mix(trace) ^ this.#seed), at + 4)
    to.writeUInt32BE(this.#seed, at + 8)
    to.writeUInt32BE(trace, at + NUMBER_AT)
  }

  #writeSpanId(to: Buffer, at: number, trace: number, place: number): void {
    to.writeUInt32BE(mix(trace + 1), at)
    to.writeUInt32BE(trace * spansPerTrace + place, at + 4)
  }
}

/** The finaliser of MurmurHash3: every bit hangs on every bit. */
function mix(value: number): number {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
