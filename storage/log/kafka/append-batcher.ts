/**
 * Appends of many callers as few requests: what comes while one is on its way goes with the next. The records of one call to one
 * partition stay together, in order.
 */
import type { AppendedPosition, RecordToAppend } from '../port.ts'
import { recordBytes } from './partition-buffers.ts'

/** Of one request; a broker takes a hundred. */
const REQUEST_BYTES = 8 << 20

export interface PlacedRecord extends RecordToAppend {
  partition: number
}

/** Appends to one topic; resolves with the offset of the first record of each partition that it was given. */
export type Send = (batches: ReadonlyMap<string, readonly PlacedRecord[]>) => Promise<FirstOffsets>

/** By topic and partition. */
export interface FirstOffsets {
  get(topic: string, partition: number): number | undefined
}

interface Call {
  topic: string
  records: readonly PlacedRecord[]
  resolve: (positions: AppendedPosition[]) => void
  reject: (error: unknown) => void
}

export class AppendBatcher {
  readonly #send: Send
  #waiting: Call[] = []
  #running: Promise<void> | null = null

  constructor(send: Send) {
    this.#send = send
  }

  append(topic: string, records: readonly PlacedRecord[]): Promise<AppendedPosition[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, records, resolve, reject })
      this.#running ??= this.#run().finally(() => {
        this.#running = null
      })
    })
  }

  /** When everything that was handed over has been answered. */
  async drain(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const calls = this.#next()
      try {
        answer(calls, await this.#send(byTopic(calls)))
      } catch (error) {
        for (const { reject } of calls) reject(error)
      }
    }
  }

  /** The oldest calls up to the size of a request, but at least one. */
  #next(): Call[] {
    let bytes = 0
    let count = 0
    for (const { records } of this.#waiting) {
      for (const record of records) bytes += recordBytes({ ...record, headers: record.headers ?? {} })
      if (count > 0 && bytes > REQUEST_BYTES) break
      count++
    }
    return this.#waiting.splice(0, count)
  }
}

function byTopic(calls: readonly Call[]): Map<string, PlacedRecord[]> {
  const batches = new Map<string, PlacedRecord[]>()
  for (const { topic, records } of calls) {
    const batch = batches.get(topic)
    if (batch === undefined) batches.set(topic, [...records])
    else for (const record of records) batch.push(record)
  }
  return batches
}

/** A partition's records stand in one batch in the order of the calls, so that their offsets follow each other. */
function answer(calls: readonly Call[], first: FirstOffsets): void {
  const next = new Map<string, number>()
  for (const { topic, records, resolve, reject } of calls) {
    const positions: AppendedPosition[] = []
    let missing: number | null = null
    for (const { partition } of records) {
      const name = `${topic}/${partition}`
      const offset = next.get(name) ?? first.get(topic, partition)
      if (offset === undefined) missing = partition
      else {
        positions.push({ partition, offset })
        next.set(name, offset + 1)
      }
    }
    if (missing === null) resolve(positions)
    else reject(new Error(`the broker did not say where it put the records of ${topic}/${missing}`))
  }
}
