/**
 * The alerts of one tenant's plan with their states, and what follows from results and time. Without I/O: what is to be written is
 * collected until `takeOutput`.
 */
import type { Plan } from '../dsl/plan.ts'
import {
  type AlertGroups,
  beginGroups,
  evaluateGroups,
  initialGroups,
  nextDeadlineOfGroups,
  resumeGroups,
  retireGroups,
  stepGroups,
} from '../engine/alerting/groups.ts'
import { type AlertHistory, adoptHistory } from '../engine/alerting/history.ts'
import { type JudgeRecord, steadinessSince } from '../engine/alerting/judge-record.ts'
import { isStale, observationOf } from '../engine/alerting/observation.ts'
import { type AcceptedLevel, acceptLevel, isNewLevel } from '../engine/alerting/rebaseline.ts'
import { isStatistical, type RunAlert, runAlertsOf, watchedEvalId } from '../engine/alerting/run-alert.ts'
import type { AlertTransition } from '../engine/alerting/step.ts'
import type { AlertWhy, JudgeSteadiness } from '../engine/alerting/why.ts'
import { parseResults } from '../engine/codec/results.ts'
import type { LogRecord } from '../storage/log/port.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type CommitOf, changesBetween, type DefinitionChange, lately } from './definition-changes.ts'
import { type Notification, notificationsOf } from './notification.ts'

export interface AlertCounts {
  records: number
  skipped: number
  observations: number
  stale: number
  unreadable: number
  transitions: number
}

export interface AlertBookOptions {
  tenant: string
  /** The next offset to read of each partition. */
  positions: ReadonlyMap<number, number>
  /** Of all books together. */
  counts: AlertCounts
  /** The partition of `eval-results` that an eval's results are on. */
  partitionOf: (evalId: string) => number
  /** Lets stale results count too: for a replay that shall page. */
  countStale: boolean
  /** What the anchors of an eval last said of its judge. */
  judgeOf: (evalId: string) => JudgeRecord | null
  /** Of git, of a package's definitions that are in force. */
  commitOf: CommitOf
}

export interface Output {
  readonly tenant: string
  transitions: AlertTransition[]
  notifications: Notification[]
  checkpoints: Checkpoint[]
  /** Ids of alerts whose checkpoint is obsolete. */
  removed: string[]
}

interface Entry {
  alert: RunAlert
  /** Computed and stored, but tells nobody: the alert or its eval is in shadow mode. */
  shadow: boolean
  partition: number
  /** Records before this one are in the state already. */
  nextOffset: number
  state: AlertGroups
  notifiedIncidents: Set<string>
  definitions: DefinitionChange[]
  changed: boolean
  /** The definition changed: judge anew although no deadline is due. */
  mustEvaluate: boolean
}

export class AlertBook {
  readonly #options: AlertBookOptions
  readonly #entries = new Map<string, Entry>()
  #byEval = new Map<string, Entry[]>()
  readonly #checkpoints: Map<string, Checkpoint>
  readonly #partitions: ReadonlySet<number>
  #plan: Plan | null = null
  /** What each alert of the plan measures, watched here or not. */
  #measures: ReadonlyMap<string, string | undefined> = new Map()
  #mustWrite = false
  #output: Omit<Output, 'tenant'> = nothing()

  /** `checkpoints`: those last written of the tenant's alerts. Its partitions are those that have a position now. */
  constructor(options: AlertBookOptions, checkpoints: ReadonlyMap<string, Checkpoint> = new Map()) {
    this.#options = options
    this.#partitions = new Set(options.positions.keys())
    this.#checkpoints = new Map(checkpoints)
  }

  /** Definitions in force from now on. A firing alert that is gone resolves; new ones start. */
  setPlan(plan: Plan, nowMs: number): void {
    if (plan === this.#plan) return
    this.#plan = plan
    const shadowEvals = new Set(plan.evals.filter(({ mode }) => mode === 'shadow').map(({ id }) => id))
    // What this version does not run was told when it was checked.
    const alerts = runAlertsOf(plan)
    const wanted = new Set(alerts.map(({ id }) => id))
    this.#measures = new Map(alerts.map(({ id, measureHash }) => [id, measureHash]))
    for (const alert of alerts) this.#adopt(alert, shadowEvals.has(watchedEvalId(alert)), nowMs)
    for (const [id, entry] of this.#entries) if (!wanted.has(id)) this.#retire(id, entry, nowMs)
    for (const [id, checkpoint] of this.#checkpoints) {
      if (wanted.has(id) || !this.#partitions.has(checkpoint.partition)) continue
      this.#retire(id, this.#entryFrom(checkpoint.alert, checkpoint, false, nowMs), nowMs)
    }
    this.#byEval = new Map()
    for (const entry of this.#entries.values()) {
      const list = this.#byEval.get(watchedEvalId(entry.alert))
      if (list) list.push(entry)
      else this.#byEval.set(watchedEvalId(entry.alert), [entry])
    }
  }

  #adopt(alert: RunAlert, evalInShadow: boolean, nowMs: number): void {
    const partition = this.#options.partitionOf(watchedEvalId(alert))
    if (!this.#partitions.has(partition)) {
      this.#entries.delete(alert.id)
      return
    }
    const shadow = alert.mode === 'shadow' || evalInShadow
    const entry = this.#entries.get(alert.id)
    if (!entry) {
      this.#entries.set(alert.id, this.#entryFrom(alert, this.#checkpoints.get(alert.id), shadow, nowMs))
      this.#checkpoints.delete(alert.id)
      return
    }
    if (entry.partition !== partition) entry.nextOffset = 0
    const definitions = lately([...entry.definitions, ...this.#changes(entry.alert, alert, nowMs)], nowMs)
    Object.assign(entry, { alert, shadow, partition, definitions, changed: true, mustEvaluate: true })
  }

  #changes(before: RunAlert, after: RunAlert, nowMs: number): DefinitionChange[] {
    return changesBetween(before, after, nowMs, this.#options.commitOf)
  }

  #entryFrom(alert: RunAlert, checkpoint: Checkpoint | undefined, shadow: boolean, nowMs: number): Entry {
    const partition = this.#options.partitionOf(watchedEvalId(alert))
    const state = checkpoint?.state ?? initialGroups(nowMs)
    if (checkpoint) resumeGroups(state, nowMs)
    const changes = checkpoint === undefined ? [] : this.#changes(checkpoint.alert, alert, nowMs)
    return {
      alert,
      shadow,
      partition,
      nextOffset: checkpoint?.partition === partition ? checkpoint.nextOffset : 0,
      state,
      notifiedIncidents: new Set(checkpoint?.notifiedIncidents),
      definitions: checkpoint === undefined ? [] : lately([...checkpoint.definitions, ...changes], nowMs),
      // A new one is written at once: the state's start is part of its transitions' ids, which must be the same after a crash. What was read is
      // written when it goes on, by who still has the partition then.
      changed: checkpoint === undefined || changes.length > 0,
      mustEvaluate: checkpoint !== undefined,
    }
  }

  #retire(id: string, entry: Entry, nowMs: number): void {
    this.#record(entry, retireGroups(entry.state, entry.alert, nowMs))
    this.#entries.delete(id)
    this.#checkpoints.delete(id)
    this.#output.removed.push(id)
  }

  /**
   * One record of the tenant's in `eval-results`. Looks at the header alone where no alert watches the eval. An unreadable record is
   * left out; the message says why.
   */
  takeRecord(record: LogRecord): string | null {
    const { counts } = this.#options
    const watching = this.#byEval.get(record.headers.eval ?? '')
    if (!watching) {
      counts.skipped++
      return null
    }
    const parsed = parseResults(record.value)
    if (!parsed.ok) {
      counts.unreadable++
      return `${record.topic}/${record.partition}/${record.offset}: ${parsed.error}`
    }
    const { appendTimeMs } = record
    const old = parsed.results.map((result) => !this.#options.countStale && isStale(result, appendTimeMs))
    const staleCount = old.filter(Boolean).length
    counts.stale += staleCount
    for (const entry of watching) {
      if (record.offset < entry.nextOffset) continue
      // What is old pages nobody; what is usual it may still tell.
      if (staleCount === old.length && !isStatistical(entry.alert)) continue
      const observations = parsed.results.flatMap((result, i) =>
        // What was drawn because it was flagged says nothing of how often there is such a thing.
        result.drawnFor !== undefined || (old[i] && !isStatistical(entry.alert))
          ? []
          : [observationOf(result, entry.alert, appendTimeMs, old[i])],
      )
      this.#record(entry, stepGroups(entry.state, entry.alert, observations))
      entry.changed = true
      counts.observations += observations.length
    }
    return null
  }

  /**
   * What an alert was too young to see. It is part of the state from here on: written at once, before anything follows from it. False where
   * the plan has no such alert, or one that measures something else.
   */
  takeHistory(alertId: string, history: AlertHistory): boolean {
    if (this.#measures.get(alertId) !== history.measureHash) return false
    const entry = this.#entries.get(alertId)
    if (entry === undefined) return true
    beginGroups(entry.state, entry.alert, history.toMs)
    if (!adoptHistory(entry.state, entry.alert, history)) return true
    entry.changed = true
    this.#mustWrite = true
    return true
  }

  isNewLevel(alertId: string, level: AcceptedLevel): boolean {
    const entry = this.#entries.get(alertId)
    return entry !== undefined && isNewLevel(entry.state, entry.alert, level)
  }

  /** What was decided before has to be written before: then a crash finds the state that this was done to. */
  acceptLevel(alertId: string, level: AcceptedLevel): void {
    const entry = this.#entries.get(alertId)
    if (entry === undefined || !isNewLevel(entry.state, entry.alert, level)) return
    beginGroups(entry.state, entry.alert, level.atMs)
    this.#record(entry, acceptLevel(entry.state, entry.alert, level))
    entry.changed = true
    this.#mustWrite = true
  }

  /** Partitions with an alert whose outcome may turn at or before `nowMs`. */
  duePartitions(nowMs: number): Set<number> {
    const due = new Set<number>()
    for (const entry of this.#entries.values()) if (dueMs(entry) <= nowMs) due.add(entry.partition)
    return due
  }

  /** When the next alert's outcome may turn by itself; infinite if none can. */
  nextDueMs(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) earliest = Math.min(earliest, dueMs(entry))
    return earliest
  }

  /** Everything appended to the partition up to `timeMs` was taken: judges what is due until then. */
  advance(partition: number, timeMs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.partition !== partition || dueMs(entry) > timeMs) continue
      this.#record(entry, evaluateGroups(entry.state, entry.alert, timeMs))
      entry.mustEvaluate = false
      entry.changed = true
    }
  }

  /** True if something was decided that others shall hear of, or an alert is new: write it now rather than in a while. */
  hasUrgentOutput(): boolean {
    const { transitions, removed } = this.#output
    if (transitions.length > 0 || removed.length > 0 || this.#mustWrite) return true
    for (const { changed, state } of this.#entries.values()) if (changed && state.groups.size === 0) return true
    return false
  }

  /** What is to be written, with a checkpoint of each alert that changed. The caller keeps it until it is written. */
  takeOutput(): Output {
    const output = { tenant: this.#options.tenant, ...this.#output }
    this.#output = nothing()
    this.#mustWrite = false
    for (const entry of this.#entries.values()) {
      if (!entry.changed) continue
      entry.changed = false
      const { alert, partition, state, definitions } = entry
      const notifiedIncidents = [...entry.notifiedIncidents]
      const nextOffset = Math.max(entry.nextOffset, this.#options.positions.get(partition) ?? 0)
      output.checkpoints.push({
        tenant: this.#options.tenant,
        alert,
        partition,
        nextOffset,
        state,
        notifiedIncidents,
        definitions,
      })
    }
    return output
  }

  /** Of what a judge scores, as it is measured now: since before that which the alert is about. */
  #judgeOf(alert: RunAlert, { atMs, numbers }: AlertTransition, { detection }: AlertWhy): JudgeSteadiness | null {
    if (alert.on.kind !== 'eval' || detection.kind === 'silence') return null
    const judge = this.#options.judgeOf(alert.on.evalId)
    if (judge === null || judge.measureHash !== alert.measureHash) return null
    return steadinessSince(judge, detection.kind === 'e-sr' ? detection.sinceMs : atMs - numbers.windowMs)
  }

  #record(entry: Entry, transitions: readonly AlertTransition[]): void {
    for (const said of transitions) {
      const definitions = lately(entry.definitions, said.atMs)
      const { why } = said
      const judge = why === null ? null : this.#judgeOf(entry.alert, said, why)
      const transition = why === null ? said : { ...said, why: { ...why, definitions, judge } }
      this.#options.counts.transitions++
      this.#output.transitions.push(entry.shadow ? { ...transition, mode: 'shadow' } : transition)
      const { to, incidentId } = transition
      if (incidentId === undefined) continue
      const isNews = to === 'firing' ? !entry.shadow : to === 'resolved' && entry.notifiedIncidents.has(incidentId)
      if (!isNews) continue
      if (to === 'firing') entry.notifiedIncidents.add(incidentId)
      else entry.notifiedIncidents.delete(incidentId)
      this.#output.notifications.push(...notificationsOf(this.#options.tenant, entry.alert, transition))
    }
  }
}

function dueMs(entry: Entry): number {
  if (entry.mustEvaluate) return Number.NEGATIVE_INFINITY
  return nextDeadlineOfGroups(entry.state, entry.alert) ?? Number.POSITIVE_INFINITY
}

const nothing = (): Omit<Output, 'tenant'> => ({ transitions: [], notifications: [], checkpoints: [], removed: [] })
