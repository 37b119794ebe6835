/**
 * Brings a subscriber that comes back from where it was to where the others are, partition by partition, as fast as it takes it. A
 * partition that has caught up goes on with the others', so that nothing is left out and nothing comes twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../engine/message-of.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { createTimeSlice } from '../../storage/time-slice.ts'
import { frameOf } from './frames.ts'
import type { Frame, Group } from './group.ts'
import { type Member, placeKey } from './member.ts'
import { encodePlaces, type Place, placeText } from './positions.ts'
import { type ReadContext, readRecord } from './read-record.ts'
import { type LogStream, TOPIC_OF } from './streams.ts'

export interface CatchUpOptions {
  readonly log: Pick<Log, 'read' | 'endOffsets' | 'offsetsForTime'>
  readonly reading: ReadContext
  readonly nowMs: () => number
  readonly onProblem: (text: string) => void
  /** Where the others are. */
  readonly nextOf: (stream: LogStream, partition: number) => number
  readonly placeTextsOf: (stream: LogStream) => readonly string[]
  /** Sends what the group waits to be sent. */
  readonly flush: (group: Group) => void
  readonly onSent: (frames: number) => void
}

/** What is older is not brought: a page that was asleep wants to know what is now. */
const REACH_MS = 3_600_000
const READ_RECORDS = 100
const READ_BYTES = 1 << 20
/** Others need the log too. */
const MOST_AT_ONCE = 4
/** So much may wait to be taken before more is read. */
const AHEAD_BYTES = 256 << 10
const WAIT_MS = 20

export class CatchUp {
  readonly #options: CatchUpOptions
  readonly #running = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: CatchUpOptions) {
    this.#options = options
  }

  start(group: Group, member: Member): void {
    const running = this.#bring(group, member).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#running)
  }

  /** Of what the others are sent: what is of partitions in which the member is with them, and new to it. */
  framesFor(group: Group, member: Member, frames: readonly Frame[]): string[] {
    return frames
      .filter((frame) => isNewTo(member, frame))
      .map(({ event, stream, partition, next }) =>
        group.render(event, this.#idAt(group, member, stream, partition, next)),
      )
  }

  async #bring(group: Group, member: Member): Promise<void> {
    while (this.#running.size > MOST_AT_ONCE && this.#isWanted(member)) await sleep(WAIT_MS)
    try {
      for (const stream of group.readStreams) {
        await this.#skipOld(group, member, stream)
        const partitions = this.#options.placeTextsOf(stream).length
        for (let partition = 0; partition < partitions; partition++)
          await this.#bringPartition(group, member, stream, partition)
      }
    } catch (error) {
      if (this.#isWanted(member)) this.#options.onProblem(`a subscription ends: ${messageOf(error)}`)
      // It may come back with the id that it had.
      member.end()
    }
  }

  #isWanted(member: Member): boolean {
    return !this.#isClosed && !member.isGone
  }

  /** What retention deleted, and what is too old, is told as a gap. */
  async #skipOld(group: Group, member: Member, stream: LogStream): Promise<void> {
    const { log, nowMs } = this.#options
    if (![...member.behind.keys()].some((key) => key.startsWith(`${stream}/`))) return
    const topic = TOPIC_OF[stream]
    const [ends, reach] = await Promise.all([log.endOffsets(topic), log.offsetsForTime(topic, nowMs() - REACH_MS)])
    for (const { partition, start } of ends) {
      const key = placeKey(stream, partition)
      const place = member.behind.get(key)
      const first = Math.max(start, reach.find((one) => one.partition === partition)?.offset ?? 0)
      if (place === undefined || place.offset >= first) continue
      member.behind.set(key, { offset: first, index: 0 })
      const json = JSON.stringify({ stream, records: first - place.offset })
      member.send([frameOf(group.wanted.format, 'gap', json, null)], null, nowMs())
    }
  }

  async #bringPartition(group: Group, member: Member, stream: LogStream, partition: number): Promise<void> {
    const { log, nextOf, flush } = this.#options
    const key = placeKey(stream, partition)
    const giveWay = createTimeSlice()
    for (let place = member.behind.get(key); place !== undefined; place = member.behind.get(key)) {
      if (!this.#isWanted(member)) return
      const end = nextOf(stream, partition)
      if (place.offset >= end) {
        // What is about to be sent to the others it has.
        flush(group)
        member.behind.delete(key)
        return
      }
      const records = await log.read(TOPIC_OF[stream], partition, place.offset, READ_RECORDS, READ_BYTES)
      const known = records.filter(({ offset }) => offset < end)
      for (const record of known) {
        if (!(await this.#hasRoom(member))) return
        this.#tell(group, member, stream, record)
        const slice = giveWay()
        if (slice !== undefined) await slice
      }
      // The rest of what was there is gone.
      if (known.length === 0) member.behind.set(key, { offset: end, index: 0 })
    }
  }

  async #hasRoom(member: Member): Promise<boolean> {
    while (this.#isWanted(member) && member.bufferedBytes() > AHEAD_BYTES) await sleep(WAIT_MS)
    return this.#isWanted(member)
  }

  #tell(group: Group, member: Member, stream: LogStream, record: LogRecord): void {
    const { partition, offset } = record
    const key = placeKey(stream, partition)
    const place = member.behind.get(key)
    const from = place?.offset === offset ? place.index : 0
    const events = tenantOf(record) === group.wanted.tenant ? this.#read(group, stream, record) : []
    const frames: string[] = []
    events.forEach((event, index) => {
      if (event === null) return
      const next = index + 1 < events.length ? { offset, index: index + 1 } : { offset: offset + 1, index: 0 }
      if (group.wants(event) && index >= from)
        frames.push(group.render(event, this.#idAt(group, member, stream, partition, next)))
    })
    member.behind.set(key, { offset: offset + 1, index: 0 })
    if (frames.length > 0) this.#send(member, frames)
  }

  #send(member: Member, frames: readonly string[]): void {
    const dropped = member.send(frames, null, this.#options.nowMs())
    this.#options.onSent(frames.length - dropped)
  }

  #read(group: Group, stream: LogStream, record: LogRecord): ReturnType<typeof readRecord> {
    try {
      return readRecord(stream, record, this.#options.reading, group.looksAtRootsAlone)
    } catch (error) {
      this.#options.onProblem(`a record of ${record.topic} is told to no subscriber: ${messageOf(error)}`)
      return []
    }
  }

  #idAt(group: Group, member: Member, stream: LogStream, partition: number, next: Place): string {
    return encodePlaces(group.readStreams, (one) =>
      this.#options.placeTextsOf(one).map((text, at) => {
        if (one === stream && at === partition) return placeText(next)
        const place = member.placeOf(one, at)
        return place === undefined ? text : placeText(place)
      }),
    )
  }
}

function isNewTo(member: Member, { stream, partition, offset, index }: Frame): boolean {
  const key = placeKey(stream, partition)
  if (member.behind.has(key)) return false
  const had = member.ahead.get(key)
  if (had === undefined) return true
  if (offset < had.offset || (offset === had.offset && index < had.index)) return false
  member.ahead.delete(key)
  return true
}
