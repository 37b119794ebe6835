/** The alerts of every tenant: a book for each, of its own definitions, which its own results alone are shown to. */

import type { JudgeRecord } from '../engine/alerting/judge-record.ts'
import type { StoredHistory } from '../storage/alerts/history-record.ts'
import type { StoredLevel } from '../storage/alerts/level-record.ts'
import type { TenantPlans } from '../storage/definitions/plans.ts'
import type { LogRecord } from '../storage/log/port.ts'
import { tenantOf } from '../storage/log/tenant-of.ts'
import { AlertBook, type AlertCounts, type Output } from './alert-book.ts'
import type { Checkpoint } from './checkpoint.ts'

export interface AlertBooksOptions {
  definitions: TenantPlans
  /** The partition of `eval-results` that the results of a tenant's eval are on. */
  partitionOf: (tenant: string, evalId: string) => number
  /** Lets stale results count too: for a replay that shall page. */
  countStale: boolean
  /** What the anchors of an eval last said of its judge. */
  judgeOf: (tenant: string, evalId: string) => JudgeRecord | null
}

type Checkpoints = ReadonlyMap<string, ReadonlyMap<string, Checkpoint>>

export class AlertBooks {
  readonly #options: AlertBooksOptions
  readonly #books = new Map<string, AlertBook>()
  /** By tenant, of those without a book. */
  #checkpoints = new Map<string, ReadonlyMap<string, Checkpoint>>()
  readonly #positions = new Map<number, number>()
  #arePlansUsed = false
  readonly counts: AlertCounts = {
    records: 0,
    skipped: 0,
    observations: 0,
    stale: 0,
    unreadable: 0,
    transitions: 0,
  }

  constructor(options: AlertBooksOptions) {
    this.#options = options
  }

  /** Before that nobody is there to be told anything. */
  get arePlansUsed(): boolean {
    return this.#arePlansUsed
  }

  /** The next offset to read of each partition. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions
  }

  /** Takes over partitions with the checkpoints last written; forgets what it held before. */
  assign(positions: ReadonlyMap<number, number>, checkpoints: Checkpoints, nowMs: number): void {
    this.#books.clear()
    this.#positions.clear()
    for (const [partition, offset] of positions) this.#positions.set(partition, offset)
    this.#checkpoints = new Map(checkpoints)
    if (this.#arePlansUsed) this.usePlans(nowMs)
  }

  /** Definitions in force from now on. A firing alert that is gone resolves; new ones start. */
  usePlans(nowMs: number): void {
    this.#arePlansUsed = true
    const { definitions } = this.#options
    for (const tenant of definitions.tenants()) this.#bookOf(tenant)
    // Whose definitions are gone may have alerts that fire still.
    for (const tenant of [...this.#checkpoints.keys()]) this.#bookOf(tenant)
    for (const [tenant, book] of this.#books) book.setPlan(definitions.current(tenant), nowMs)
  }

  #bookOf(tenant: string): void {
    if (this.#books.has(tenant)) return
    this.#books.set(tenant, new AlertBook(this.#bookOptions(tenant, this.#positions), this.#checkpoints.get(tenant)))
    this.#checkpoints.delete(tenant)
  }

  #bookOptions(tenant: string, positions: ReadonlyMap<number, number>) {
    const { partitionOf, countStale, definitions, judgeOf } = this.#options
    return {
      tenant,
      positions,
      counts: this.counts,
      partitionOf: (evalId: string) => partitionOf(tenant, evalId),
      countStale,
      judgeOf: (evalId: string) => judgeOf(tenant, evalId),
      commitOf: (name: string) => definitions.commitOf(tenant, name),
    }
  }

  /** One record of `eval-results`. An unreadable one is left out; the message says why. */
  takeRecord(record: LogRecord): string | null {
    this.#positions.set(record.partition, record.offset + 1)
    this.counts.records++
    const book = this.#books.get(tenantOf(record))
    if (book !== undefined) return book.takeRecord(record)
    this.counts.skipped++
    return null
  }

  /**
   * What alerts were too young to see; of those that are watched elsewhere nothing is kept. Returns those of alerts that the definitions
   * in force here do not have, or measure otherwise: who wrote them may have newer ones, which come here, too.
   */
  takeHistories(histories: readonly StoredHistory[]): StoredHistory[] {
    return histories.filter(
      ({ tenant, alertId, history }) => this.#books.get(tenant)?.takeHistory(alertId, history) !== true,
    )
  }

  /** Those levels that alerts watched here do not know yet. */
  newLevels(levels: readonly StoredLevel[]): StoredLevel[] {
    return levels.filter(({ tenant, alertId, level }) => this.#books.get(tenant)?.isNewLevel(alertId, level))
  }

  acceptLevels(levels: readonly StoredLevel[]): void {
    for (const { tenant, alertId, level } of levels) this.#books.get(tenant)?.acceptLevel(alertId, level)
  }

  /** One that was put aside. */
  skipRecord({ partition, offset }: LogRecord): void {
    this.#positions.set(partition, offset + 1)
    this.counts.skipped++
  }

  /** On a book of its own: what comes of it is nobody's. */
  try(record: LogRecord, nowMs: number): void {
    const tenant = tenantOf(record)
    const positions = new Map([[record.partition, record.offset]])
    const book = new AlertBook({ ...this.#bookOptions(tenant, positions), counts: { ...this.counts } })
    book.setPlan(this.#options.definitions.current(tenant), nowMs)
    book.takeRecord(record)
  }

  /** Partitions with an alert whose outcome may turn at or before `nowMs`. */
  duePartitions(nowMs: number): Set<number> {
    const due = new Set<number>()
    for (const book of this.#books.values()) for (const partition of book.duePartitions(nowMs)) due.add(partition)
    return due
  }

  /** When the next alert's outcome may turn by itself; infinite if none can. */
  nextDueMs(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const book of this.#books.values()) earliest = Math.min(earliest, book.nextDueMs())
    return earliest
  }

  /** Everything appended to the partition up to `timeMs` was taken: judges what is due until then. */
  advance(partition: number, timeMs: number): void {
    for (const book of this.#books.values()) book.advance(partition, timeMs)
  }

  /** True if something was decided that others shall hear of, or an alert is new: write it now rather than in a while. */
  hasUrgentOutput(): boolean {
    for (const book of this.#books.values()) if (book.hasUrgentOutput()) return true
    return false
  }

  /** What is to be written, for each tenant. The caller keeps it until it is written. */
  takeOutput(): Output[] {
    return [...this.#books.values()].map((book) => book.takeOutput())
  }
}
