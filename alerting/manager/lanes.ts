/** The lanes of a manager that owns them, and the notes of them in the log. */
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import type { Route } from '../notification.ts'
import type { Failing, Lane } from './lane.ts'
import { beginEpoch, laneName, loadLanes, StoredLane, type Tenure } from './lane-store.ts'

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
  #entries: Map<string, LaneEntry> | null = null
  #tenure: Tenure = { epoch: 0, space: 0 }
  readonly #dirty = new Set<LaneEntry>()
  #saving: Promise<void> = Promise.resolve()

  constructor(log: Log, untilWritten: (write: () => Promise<unknown>) => Promise<void>) {
    this.#log = log
    this.#untilWritten = untilWritten
  }

  get isOwner(): boolean {
    return this.#entries !== null
  }

  async load(onProblem: (text: string) => void): Promise<void> {
    this.letGo()
    const epoch = await beginEpoch(this.#log)
    const { lanes, tenure, leftovers } = await loadLanes(this.#log, epoch, onProblem)
    this.#tenure = tenure
    this.#entries = new Map(lanes.map((lane) => [laneName(lane.tenant, lane.route), entryOf(triedAgain(lane), tenure)]))
    // With the new epoch, so that what the owner before still writes is known as his.
    await this.save([...this.#entries.values()])
    await this.#write(leftovers)
  }

  letGo(): void {
    for (const entry of this.all()) entry.isLost = true
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
