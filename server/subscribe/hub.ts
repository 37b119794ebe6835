/**
 * All subscribers of an instance. It looks on at the log once for all of them, outside any group, so that any instance serves anyone: a
 * record is read once, each distinct filter asked once, and what a group of subscribers gets is written once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ScopeFilter } from '../../engine/evaluate/scope-filter.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { LogRecord, PartitionOffset, TailedLog } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { createTimeSlice } from '../../storage/time-slice.ts'
import { AgentsFeed, type LiveAgentsOf } from './agents-feed.ts'
import { CatchUp } from './catch-up.ts'
import { frameOf } from './frames.ts'
import { Group, keyOf, type Wanted } from './group.ts'
import { Member, type MemberOptions, placeKey } from './member.ts'
import { encodePlaces, type Places, placeText } from './positions.ts'
import { type ReadContext, readRecord } from './read-record.ts'
import { LOG_STREAMS, type LogStream, streamOf, TOPIC_OF } from './streams.ts'

export interface HubOptions {
  readonly log: TailedLog
  readonly reading: ReadContext
  /** Null where instances share no state. */
  readonly liveAgents: LiveAgentsOf | null
  readonly nowMs: () => number
  readonly onProblem: (text: string) => void
  readonly heartbeatMs?: number
}

export interface HubStats {
  readonly subscribers: number
  readonly filters: number
  /** Frames, since the process began. */
  readonly sent: number
  readonly dropped: number
}

/** A subscription that could not be had. */
export type Refusal = 'full' | 'closed'

/** What comes is sent so often: a second has room for a few, and a write for more than one event. */
const TICK_MS = 100
const FETCH_BYTES = 4 << 20
const FETCH_WAIT_MS = 1_000
const RETRY_MS = 1_000
export const HEARTBEAT_MS = 5_000
export const MAX_SUBSCRIBERS = 2_000
/** Each is asked of every event of its tenant. */
const MAX_FILTERS = 500

export class Hub {
  readonly #options: HubOptions
  readonly #groups = new Map<string, Group>()
  readonly #byTenant = new Map<string, Set<Group>>()
  /** Next offset by partition, of the streams that are followed. */
  readonly #next = new Map<LogStream, number[]>()
  /** The same as texts, for ids. */
  readonly #texts = new Map<LogStream, string[]>()
  readonly #finding = new Map<LogStream, Promise<void>>()
  readonly #catchUp: CatchUp
  readonly #agents: AgentsFeed
  readonly #heart: NodeJS.Timeout
  #stop = new AbortController()
  #running: Promise<void> | null = null
  #subscribers = 0
  #sent = 0
  #dropped = 0
  #isClosed = false

  constructor(options: HubOptions) {
    this.#options = options
    this.#catchUp = new CatchUp({
      ...options,
      nextOf: (stream, partition) => this.#next.get(stream)?.[partition] ?? 0,
      placeTextsOf: (stream) => this.#texts.get(stream) ?? [],
      flush: (group) => this.#flush(group),
      onSent: (frames) => {
        this.#sent += frames
      },
    })
    this.#agents = new AgentsFeed({
      ...options,
      send: (group, frames) => this.#sendToAll(group, frames),
    })
    this.#heart = setInterval(() => this.#beat(), options.heartbeatMs ?? HEARTBEAT_MS)
    this.#heart.unref()
  }

  stats(): HubStats {
    return {
      subscribers: this.#subscribers,
      filters: this.#groups.size,
      sent: this.#sent,
      dropped: this.#dropped,
    }
  }

  /** `start`: where another subscription was, or a time; null: what comes from now on. Rejects with `LogError`. */
  async subscribe(
    wanted: Wanted,
    filterOf: () => ScopeFilter | null,
    start: Places | { readonly sinceMs: number } | null,
    options: Omit<MemberOptions, 'format'>,
  ): Promise<{ ok: true; unsubscribe: () => void } | { ok: false; refusal: Refusal }> {
    if (this.#isClosed) return { ok: false, refusal: 'closed' }
    const key = keyOf(wanted)
    if (this.#subscribers >= MAX_SUBSCRIBERS || (!this.#groups.has(key) && this.#groups.size >= MAX_FILTERS))
      return { ok: false, refusal: 'full' }
    this.#subscribers++
    const group = this.#groups.get(key) ?? this.#addGroup(key, wanted, filterOf())
    const member = new Member({ ...options, format: wanted.format })
    group.members.add(member)
    const unsubscribe = (): void => this.#remove(key, group, member)
    let from: Places | null
    try {
      // So that nothing of it is sent before it is known where it begins.
      member.isWaiting = true
      await Promise.all(group.readStreams.map((stream) => this.#follow(stream)))
      from = start !== null && 'sinceMs' in start ? await this.#placesSince(group, start.sinceMs) : start
      if (from !== null) await this.#noteAhead(group, member, from)
    } catch (error) {
      unsubscribe()
      throw error
    }
    if (this.#isClosed || member.isGone) {
      unsubscribe()
      return { ok: false, refusal: 'closed' }
    }
    this.#begin(group, member, from)
    return { ok: true, unsubscribe }
  }

  /** Ends every subscription. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#heart)
    this.#stop.abort()
    for (const group of this.#groups.values()) for (const member of group.members) member.end()
    this.#agents.close()
    await this.#running
    await this.#catchUp.close()
  }

  async #placesSince(group: Group, sinceMs: number): Promise<Places> {
    const found = await Promise.all(
      group.readStreams.map(async (stream) => {
        const offsets = await this.#options.log.offsetsForTime(TOPIC_OF[stream], sinceMs)
        return [stream, offsets.map(({ offset }) => ({ offset, index: 0 }))] as const
      }),
    )
    return new Map(found)
  }

  /** Another instance may have read further than this one: what the member had there it does not get again. */
  async #noteAhead(group: Group, member: Member, from: Places): Promise<void> {
    for (const stream of group.readStreams) {
      const isAhead = from.get(stream)?.some((place, at) => place.offset >= (this.#next.get(stream)?.[at] ?? 0))
      if (isAhead !== true) continue
      for (const { partition, end } of await this.#options.log.endOffsets(TOPIC_OF[stream])) {
        const place = from.get(stream)?.[partition]
        // Beyond the end is a place of another log.
        if (place !== undefined && place.offset <= end && place.offset >= (this.#next.get(stream)?.[partition] ?? 0))
          member.ahead.set(placeKey(stream, partition), place)
      }
    }
  }

  #addGroup(key: string, wanted: Wanted, filter: ScopeFilter | null): Group {
    const group = new Group(wanted, filter)
    this.#groups.set(key, group)
    const ofTenant = this.#byTenant.get(wanted.tenant) ?? new Set()
    this.#byTenant.set(wanted.tenant, ofTenant.add(group))
    return group
  }

  #begin(group: Group, member: Member, from: Places | null): void {
    // What was read before it came is not for it.
    this.#flush(group)
    member.isWaiting = false
    let skippedRecords = 0
    for (const stream of group.readStreams) {
      from?.get(stream)?.forEach((place, partition) => {
        const next = this.#next.get(stream)![partition]
        if (next === undefined || place.offset >= next) return
        // All spans would be read for one in ten, and verdicts would wait for it: the store tells of traces sooner.
        if (stream === 'spans' && group.looksAtRootsAlone) skippedRecords += next - place.offset
        else member.behind.set(placeKey(stream, partition), place)
      })
    }
    const hello = { streams: group.wanted.streams, heartbeatMs: this.#options.heartbeatMs ?? HEARTBEAT_MS }
    this.#sendTo(member, [frameOf(group.wanted.format, 'ready', JSON.stringify(hello), this.idOf(group, member))], null)
    if (skippedRecords > 0) {
      const gap = JSON.stringify({ stream: 'spans', records: skippedRecords })
      this.#sendTo(member, [frameOf(group.wanted.format, 'gap', gap, null)], null)
    }
    if (group.wantsAgents) this.#agents.add(group, member)
    if (member.behind.size > 0) this.#catchUp.start(group, member)
    if (group.readStreams.length > 0) this.#run()
  }

  /** Where a member is. */
  idOf(group: Group, member: Member): string | null {
    if (group.readStreams.length === 0) return null
    return encodePlaces(group.readStreams, (stream) => {
      const texts = this.#texts.get(stream) ?? []
      if (member.isWithOthers) return texts
      return texts.map((text, partition) => {
        const place = member.placeOf(stream, partition)
        return place === undefined ? text : placeText(place)
      })
    })
  }

  #remove(key: string, group: Group, member: Member): void {
    if (!group.members.delete(member)) return
    member.end()
    this.#subscribers--
    if (group.members.size > 0) return
    this.#groups.delete(key)
    this.#agents.remove(group)
    const ofTenant = this.#byTenant.get(group.wanted.tenant)
    ofTenant?.delete(group)
    if (ofTenant?.size === 0) this.#byTenant.delete(group.wanted.tenant)
    this.#forgetStreams()
  }

  /** Nobody looks at them any more: they are found anew when somebody does. */
  #forgetStreams(): void {
    const wanted = new Set([...this.#groups.values()].flatMap(({ readStreams }) => readStreams))
    let isChanged = false
    for (const stream of this.#next.keys()) {
      if (wanted.has(stream)) continue
      this.#next.delete(stream)
      this.#texts.delete(stream)
      isChanged = true
    }
    if (isChanged) this.#stop.abort()
  }

  /** Resolves when the stream is followed from some moment after the call. */
  #follow(stream: LogStream): Promise<void> {
    if (this.#next.has(stream)) return Promise.resolve()
    const finding = this.#finding.get(stream) ?? this.#find(stream).finally(() => this.#finding.delete(stream))
    this.#finding.set(stream, finding)
    return finding
  }

  async #find(stream: LogStream): Promise<void> {
    const ends = (await this.#options.log.endOffsets(TOPIC_OF[stream])).map(({ end }) => end)
    this.#next.set(stream, ends)
    this.#texts.set(
      stream,
      ends.map((end) => end.toString(36)),
    )
    // The tail is opened again, with this one.
    this.#stop.abort()
  }

  #run(): void {
    this.#running ??= this.#look()
  }

  async #look(): Promise<void> {
    let lastFailure = ''
    while (!this.#isClosed && this.#next.size > 0) {
      this.#stop = new AbortController()
      try {
        await this.#tail(this.#stop.signal)
        lastFailure = ''
      } catch (error) {
        const failure = messageOf(error)
        if (failure !== lastFailure && !this.#isClosed)
          this.#options.onProblem(`subscriptions wait for the log: ${failure}`)
        lastFailure = failure
        await sleep(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
    this.#running = null
  }

  async #tail(signal: AbortSignal): Promise<void> {
    const tail = await this.#options.log.openTail(this.#positions())
    try {
      while (!signal.aborted) {
        const records = await tail.fetch({ maxBytes: FETCH_BYTES, maxWaitMs: FETCH_WAIT_MS, signal })
        if (records.length === 0) continue
        await this.#take(records)
        for (const group of this.#groups.values()) this.#flush(group)
        // Where it is behind, to wait as long as ever for each fetch would have it fall behind for good.
        const isBehind = records.reduce((sum, { value }) => sum + value.byteLength, 0) >= FETCH_BYTES / 2
        if (!isBehind) await sleep(TICK_MS, undefined, { signal }).catch(() => {})
      }
    } finally {
      await tail.close()
    }
  }

  #positions(): PartitionOffset[] {
    return [...this.#next].flatMap(([stream, offsets]) =>
      offsets.map((offset, partition) => ({ topic: TOPIC_OF[stream], partition, offset })),
    )
  }

  async #take(records: readonly LogRecord[]): Promise<void> {
    const giveWay = createTimeSlice()
    for (const stream of LOG_STREAMS) {
      for (const record of records) {
        if (streamOf(record.topic) !== stream) continue
        this.#takeOne(stream, record)
        const slice = giveWay()
        if (slice !== undefined) await slice
      }
    }
  }

  #takeOne(stream: LogStream, record: LogRecord): void {
    const next = this.#next.get(stream)
    // Nobody looks at it any more.
    if (next === undefined || record.offset < next[record.partition]!) return
    const groups = [...(this.#byTenant.get(tenantOf(record)) ?? [])].filter((one) => one.readStreams.includes(stream))
    try {
      if (groups.length > 0) this.#tell(groups, stream, record)
    } catch (error) {
      // What cannot be redacted is told to nobody, and stops nobody.
      this.#options.onProblem(`a record of ${record.topic} is told to no subscriber: ${messageOf(error)}`)
    }
    next[record.partition] = record.offset + 1
    this.#texts.get(stream)![record.partition] = (record.offset + 1).toString(36)
  }

  #tell(groups: readonly Group[], stream: LogStream, record: LogRecord): void {
    const { partition, offset } = record
    const isOfRoots = groups.every((group) => group.looksAtRootsAlone)
    const events = readRecord(stream, record, this.#options.reading, isOfRoots)
    const texts = this.#texts.get(stream)!
    events.forEach((event, index) => {
      if (event === null) return
      const next = index + 1 < events.length ? { offset, index: index + 1 } : { offset: offset + 1, index: 0 }
      for (const group of groups) {
        if (!group.wants(event)) continue
        texts[partition] = placeText(next)
        const id = encodePlaces(group.readStreams, (one) => this.#texts.get(one)!)
        group.pending.push({ stream, partition, offset, index, event, next, text: group.render(event, id) })
      }
    })
  }

  #flush(group: Group): void {
    if (group.pending.length === 0) return
    const frames = group.pending.splice(0)
    const texts = frames.map(({ text }) => text)
    const joined = Buffer.from(texts.join(''), 'utf8')
    for (const member of group.members) {
      if (member.isWaiting) continue
      if (member.isWithOthers) this.#sendTo(member, texts, joined)
      else this.#sendTo(member, this.#catchUp.framesFor(group, member, frames), null)
    }
  }

  #sendToAll(group: Group, frames: readonly string[]): void {
    const joined = Buffer.from(frames.join(''), 'utf8')
    for (const member of group.members) if (!member.isWaiting) this.#sendTo(member, frames, joined)
  }

  #sendTo(member: Member, frames: readonly string[], joined: Buffer | null): void {
    if (frames.length === 0) return
    const dropped = member.send(frames, joined, this.#options.nowMs())
    this.#dropped += dropped
    this.#sent += frames.length - dropped
  }

  /** Tells everyone that it is still there, and where it is; lets go of those who take nothing or may no longer read. */
  #beat(): void {
    const nowMs = this.#options.nowMs()
    for (const [key, group] of [...this.#groups]) {
      for (const member of [...group.members]) {
        if (!member.isAdmitted || member.isStuck(nowMs)) this.#remove(key, group, member)
        else if (!member.isWaiting && member.hasRoom(nowMs)) {
          const json = JSON.stringify({ dropped: member.droppedInAll })
          this.#sendTo(member, [frameOf(group.wanted.format, 'heartbeat', json, this.idOf(group, member))], null)
        }
      }
    }
  }
}
