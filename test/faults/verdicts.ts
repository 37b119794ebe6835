/** Which spans and traces have a verdict on the topic: it is there that alerts and everybody else take it from, with a store or without. */
import { spansPerTrace } from '../../bench/load.ts'
import { decodeResults } from '../../engine/codec/results.ts'
import type { Log } from '../../storage/log/port.ts'
import { EVAL_RESULTS } from '../../storage/log/topics.ts'
import { EACH, WHOLE } from './definitions.ts'
import type { Population } from './population.ts'

const RECORDS_AT_ONCE = 200
const WHOLE_BIT = 1 << spansPerTrace
/** The first span of a trace is its root, which is no model call. */
const ALL_CALLS = WHOLE_BIT - 2

export interface Lacking {
  spans: number
  traces: number
  /** The first of them. */
  example: string
}

/** Reads on from where the topic ended when it was made. */
export class VerdictReader {
  readonly #log: Log
  readonly #population: Population
  readonly #next: Map<number, number>
  /** A bit a span, and one for the whole. */
  readonly #judged: Uint16Array

  private constructor(log: Log, population: Population, next: Map<number, number>) {
    this.#log = log
    this.#population = population
    this.#next = next
    this.#judged = new Uint16Array(population.size)
  }

  static async atEnd(log: Log, population: Population): Promise<VerdictReader> {
    const ends = await log.endOffsets(EVAL_RESULTS)
    return new VerdictReader(log, population, new Map(ends.map(({ partition, end }) => [partition, end])))
  }

  /** To the topic's end of just now. */
  async readOn(): Promise<void> {
    for (const { partition, end } of await this.#log.endOffsets(EVAL_RESULTS)) {
      for (let from = this.#next.get(partition) ?? 0; from < end; from = this.#next.get(partition) ?? end) {
        const records = await this.#log.read(EVAL_RESULTS, partition, from, RECORDS_AT_ONCE)
        for (const { value } of records) this.#note(value)
        this.#next.set(partition, (records.at(-1)?.offset ?? end - 1) + 1)
      }
    }
  }

  #note(value: Uint8Array): void {
    for (const { evalId, traceId, spanId } of decodeResults(value)) {
      if (evalId !== EACH && evalId !== WHOLE) continue
      const trace = this.#population.numberOf(traceId)
      if (trace === null) continue
      const place = evalId === WHOLE ? spansPerTrace : this.#population.placeOf(trace, spanId)
      if (place !== null) this.#judged[trace]! |= 1 << place
    }
  }

  /** Of the acknowledged traces from `first` up to, but not, `end`: verdicts that are not there. */
  lacking(first: number, end: number): Lacking {
    const found: Lacking = { spans: 0, traces: 0, example: '' }
    for (let trace = first; trace < end; trace++) {
      if (this.#population.stateOf(trace) !== 'acknowledged') continue
      const judged = this.#judged[trace]!
      const spans = bitsOf(ALL_CALLS & ~judged)
      found.spans += spans
      const isWhole = (judged & WHOLE_BIT) !== 0
      if (!isWhole) found.traces++
      if (found.example === '' && (spans > 0 || !isWhole)) found.example = this.#population.traceIdOf(trace)
    }
    return found
  }
}

function bitsOf(value: number): number {
  let count = 0
  for (let left = value; left !== 0; left &= left - 1) count++
  return count
}
