/** The lanes of a manager that owns them, and the notes of them in the log. */
import type { Log } from '../../storage/log/port.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import type { Route } from '../notification.ts'
import type { Lane } from './lane.ts'
import { beginEpoch, laneName, laneRecord, loadLanes } from './lane-store.ts'

export interface LaneEntry {
  lane: Lane
  /** What is on its way; null while nothing is. */
  sending: Promise<void> | null
  /** The lane is another manager's by now: nothing more is written of it. */
  isLost: boolean
}

export class Lanes {
  readonly #log: Log
  readonly #untilWritten: (write: () => Promise<unknown>) => Promise<void>
  #entries: Map<string, LaneEntry> | null = null
  #epoch = 0
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
    this.#epoch = await beginEpoch(this.#log)
    const lanes = await loadLanes(this.#log, onProblem)
    this.#entries = new Map([...lanes].map(([name, lane]) => [name, entryOf(triedAgain(lane))]))
    // With the new epoch, so that what the owner before still writes is known as his.
    await this.save([...this.#entries.values()])
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
    const entry = entryOf(lane)
    this.#entries?.set(laneName(lane.tenant, lane.route), entry)
    return entry
  }

  /** Durable when it resolves. One write follows another, so that no older state is written over a newer one. */
  save(entries: readonly LaneEntry[]): Promise<void> {
    for (const entry of entries) if (!entry.isLost) this.#dirty.add(entry)
    this.#saving = this.#saving.then(async () => {
      const records = [...this.#dirty].map(({ lane }) => laneRecord(lane, this.#epoch))
      this.#dirty.clear()
      if (records.length > 0) await this.#untilWritten(() => this.#log.append(ALERT_STATE, records))
    })
    return this.#saving
  }
}

/** At once: whoever starts an Assay anew may have mended what failed. */
const triedAgain = (lane: Lane): Lane =>
  lane.failing === null ? lane : { ...lane, failing: { ...lane.failing, nextTryMs: 0 } }

const entryOf = (lane: Lane): LaneEntry => ({ lane, sending: null, isLost: false })
