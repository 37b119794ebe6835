/** The lanes of a manager that owns them, and the notes of them in the log. */
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import type { Route } from '../notification.ts'
import type { Failing, Lane } from './lane.ts'
import { beginEpoch, type LoadedLanes, laneName, loadLanes, StoredLane, type Tenure, tenureNote } from './lane-store.ts'

/** Written at once at the most: what many lanes hold is more than a log takes as one. */
const WRITE_BYTES = 4 << 20

export interface LaneEntry {
  lane: Lane
  /** What is on its way; null while nothing is. */
  sending: Promise<void> | null
  /** The lane is another manager's by now: nothing more is written of it. */
  isLost: boolean
  readonly stored: StoredLane
}

export class Lanes {
  readonly #log: Log
  readonly #untilWritten: (write: () => Promise<unknown>) => Promise<void>
  /** As they were found by whoever was assigned them, and does not own them yet. */
  #found: LoadedLanes | null = null
  #entries: Map<string, LaneEntry> | null = null
  #tenure: Tenure = { epoch: 0, space: 0 }
  readonly #dirty = new Set<LaneEntry>()
  #saving: Promise<void> = Promise.resolve()

  constructor(log: Log, untilWritten: (write: () => Promise<unknown>) => Promise<void>) {
    this.#log = log
    this.#untilWritten = untilWritten
  }

  /** They were found, and are to be owned. */
  get isFound(): boolean {
    return this.#found !== null
  }

  /** Another after each take-over; null for whoever owns none. */
  get tenure(): Tenure | null {
    return this.#entries === null ? null : this.#tenure
  }

  /** What each commit of the owner has to carry. */
  get note(): string {
    return tenureNote(this.#tenure)
  }

  /** Reads them, for whoever was assigned them. `note`: of the commit before. They are not owned before `own`. */
  async find(note: string | undefined, onProblem: (text: string) => void): Promise<void> {
    this.letGo()
    const epoch = await beginEpoch(this.#log)
    this.#found = await loadLanes(this.#log, epoch, note, onProblem)
  }

  /**
   * Owns what was found, if the log accepts a commit with the note; nothing is written before that. Where it is refused, it can be asked again:
   * the partition may be another's, of which this one is yet to hear, or its group may be about to change.
   */
  async own(commit: (note: string) => Promise<boolean>): Promise<boolean> {
    const found = this.#found
    if (found === null) return false
    const { lanes, tenure, leftovers } = found
    // Let go meanwhile, it is no more what was committed.
    if (!(await commit(tenureNote(tenure))) || this.#found !== found) return false
    this.#found = null
    this.#tenure = tenure
    this.#entries = new Map(lanes.map((lane) => [laneName(lane.tenant, lane.route), entryOf(triedAgain(lane), tenure)]))
    // With the new epoch, so that what the owner before still writes is known as his.
    await this.save([...this.#entries.values()])
    if (this.tenure === tenure) await this.#write(leftovers)
    return this.tenure === tenure
  }

  letGo(): void {
    for (const entry of this.all()) entry.isLost = true
    this.#found = null
    this.#entries = null
    this.#dirty.clear()
  }

  all(): LaneEntry[] {
    return this.#entries === null ? [] : [...this.#entries.values()]
  }

  of(tenant: string, route: Route): LaneEntry | undefined {
    return this.#entries?.get(laneName(tenant, route))
  }

  add(lane: Lane): LaneEntry {
    const entry = entryOf(lane, this.#tenure)
    this.#entries?.set(laneName(lane.tenant, lane.route), entry)
    return entry
  }

  /** Durable when it resolves. One write follows another, so that no older state is written over a newer one. */
  save(entries: readonly LaneEntry[]): Promise<void> {
    for (const entry of entries) if (!entry.isLost) this.#dirty.add(entry)
    this.#saving = this.#saving.then(async () => {
      const records = [...this.#dirty].flatMap(({ lane, stored }) => stored.changesTo(lane))
      this.#dirty.clear()
      await this.#write(records)
    })
    return this.#saving
  }

  /** Before anything more is kept. */
  first(write: () => Promise<void>): void {
    this.#saving = this.#saving.then(write)
  }

  async #write(records: readonly RecordToAppend[]): Promise<void> {
    for (let from = 0; from < records.length; ) {
      let to = from + 1
      let sizeBytes = records[from]!.value.byteLength
      while (to < records.length && sizeBytes + records[to]!.value.byteLength <= WRITE_BYTES)
        sizeBytes += records[to++]!.value.byteLength
      const part = records.slice(from, to)
      await this.#untilWritten(() => this.#log.append(ALERT_STATE, part))
      from = to
    }
  }
}

/** At once: whoever starts an Assay anew may have mended what failed. */
function triedAgain(lane: Lane): Lane {
  const now = (one: Failing): Failing => ({ ...one, nextTryMs: 0 })
  const stuck = Object.fromEntries(Object.entries(lane.stuck).map(([group, one]) => [group, now(one)]))
  return { ...lane, failing: lane.failing && now(lane.failing), stuck }
}

const entryOf = (lane: Lane, tenure: Tenure): LaneEntry => ({
  lane,
  sending: null,
  isLost: false,
  stored: new StoredLane(tenure),
})
