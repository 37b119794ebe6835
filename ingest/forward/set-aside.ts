/** What the collector will never take: kept beside what waits, with the reason, the newest of it within a share of the bound. */
import type { TopicFile } from '../../storage/log/embedded/topic-file.ts'
import { LogError, type LogRecord } from '../../storage/log/port.ts'
import { ASIDE, spansOf } from './buffer-file.ts'

export type SetAsideReason = 'refused' | 'too_large' | 'damaged'

export interface SetAsideStats {
  /** Spans since the start, by reason. */
  readonly spans: Readonly<Record<SetAsideReason, number>>
  /** What the collector said to the last. */
  readonly last: string | null
  /** On disk, with those of before. */
  readonly records: number
  readonly bytes: number
}

export interface AsideRecord {
  readonly value: Uint8Array
  readonly spanCount: number
  readonly reason: string
  readonly detail: string
}

const SHARE = 1 / 16
const RECORDS_AT_ONCE = 16

export class SetAside {
  readonly #file: TopicFile
  readonly #nowMs: () => number
  readonly #spans: Record<SetAsideReason, number> = { refused: 0, too_large: 0, damaged: 0 }
  #last: string | null = null

  constructor(file: TopicFile, nowMs: () => number) {
    this.#file = file
    this.#nowMs = nowMs
  }

  /** Counts it, and keeps it where there is room for it. */
  put({ value, spanCount }: Pick<AsideRecord, 'value' | 'spanCount'>, reason: SetAsideReason, detail: string): void {
    this.#spans[reason] += spanCount
    this.#last = detail
    const room = this.#file.spec().retentionBytes! * SHARE
    if (value.length > room) return
    const headers = { spans: String(spanCount), reason, detail }
    try {
      for (;;) {
        const { end, liveBytes } = this.#file.extents()[ASIDE]!
        if (liveBytes + value.length <= room) break
        this.#file.removeOldest(ASIDE, end, 1)
      }
      this.#file.append([[{ key: null, partition: ASIDE, value, headers }]], this.#nowMs())
    } catch (error) {
      // The room is all taken by what waits, which matters more; or the disk is full.
      if (!(error instanceof LogError)) throw error
    }
  }

  /** Hands all of it, oldest first, to whoever tries it once more, and forgets what was taken. Returns how many spans. */
  async giveBack(take: (record: AsideRecord) => Promise<void>): Promise<number> {
    let spanCount = 0
    for (;;) {
      const found: LogRecord[] = []
      this.#file.read(ASIDE, 0, { maxBytes: 1 << 20, maxRecords: RECORDS_AT_ONCE }, found)
      if (found.length === 0) return spanCount
      for (const { value, headers, offset } of found) {
        const { reason = '', detail = '' } = headers
        await take({ value, spanCount: spansOf(headers), reason, detail })
        spanCount += spansOf(headers)
        this.#file.removeOldest(ASIDE, offset + 1, 1)
      }
    }
  }

  stats(): SetAsideStats {
    const { start, end, liveBytes } = this.#file.extents()[ASIDE]!
    return { spans: { ...this.#spans }, last: this.#last, records: end - start, bytes: liveBytes }
  }
}
