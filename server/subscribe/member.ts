/** One subscriber: what it is sent, as fast as it takes it. What there is no room for is dropped, and counted, and told. */
import { type FrameFormat, frameOf } from './frames.ts'
import type { Place } from './positions.ts'
import type { LogStream } from './streams.ts'

/** Where a subscriber's frames go. */
export interface Sink {
  /** Frames, one behind the other. Never waits, and never throws. */
  write(frames: readonly string[], joined: Buffer | null): void
  /** Given to `write` and not yet taken by the other side. */
  bufferedBytes(): number
  end(): void
}

export interface MemberOptions {
  readonly format: FrameFormat
  readonly sink: Sink
  /** Whether whoever asked may still read: a key may be revoked. */
  readonly isAdmitted: () => boolean
}

/** More than this is kept for nobody. */
export const MAX_BUFFERED_BYTES = 1 << 20
/** One who takes nothing for so long is let go: by its last event's id it can go on. */
const STUCK_MS = 60_000

export const placeKey = (stream: LogStream, partition: number): string => `${stream}/${partition}`

export class Member {
  readonly #options: MemberOptions
  /** Places by partition from which it is still to be brought to where the others are; empty when it is there. */
  readonly behind = new Map<string, Place>()
  /** Places that this instance has not read to yet. */
  readonly ahead = new Map<string, Place>()
  isGone = false
  /** It is not known yet where it begins: nothing is sent. */
  isWaiting = false
  /** Not told yet, and all. */
  #dropped = 0
  #droppedInAll = 0
  #fullSinceMs: number | null = null

  constructor(options: MemberOptions) {
    this.#options = options
  }

  get isAdmitted(): boolean {
    return this.#options.isAdmitted()
  }

  /** It gets what all of its group get. */
  get isWithOthers(): boolean {
    return this.behind.size === 0 && this.ahead.size === 0
  }

  /** Where that is not where the others are. */
  placeOf(stream: LogStream, partition: number): Place | undefined {
    const key = placeKey(stream, partition)
    return this.behind.get(key) ?? this.ahead.get(key)
  }

  get droppedInAll(): number {
    return this.#droppedInAll
  }

  bufferedBytes(): number {
    return this.#options.sink.bufferedBytes()
  }

  /** How many of the frames were dropped. `joined`: the same for all who get them. */
  send(frames: readonly string[], joined: Buffer | null, nowMs: number): number {
    if (!this.hasRoom(nowMs)) {
      this.#dropped += frames.length
      this.#droppedInAll += frames.length
      return frames.length
    }
    this.#options.sink.write(frames, joined)
    return 0
  }

  /** True where there is room; tells of what was dropped when there is again. */
  hasRoom(nowMs: number): boolean {
    if (this.bufferedBytes() > MAX_BUFFERED_BYTES) {
      this.#fullSinceMs ??= nowMs
      return false
    }
    this.#fullSinceMs = null
    if (this.#dropped > 0) {
      const { format, sink } = this.#options
      const json = JSON.stringify({ events: this.#dropped, inAll: this.#droppedInAll })
      this.#dropped = 0
      sink.write([frameOf(format, 'dropped', json, null)], null)
    }
    return true
  }

  isStuck(nowMs: number): boolean {
    return this.#fullSinceMs !== null && nowMs - this.#fullSinceMs >= STUCK_MS
  }

  end(): void {
    if (this.isGone) return
    this.isGone = true
    this.#options.sink.end()
  }
}
