/**
 * An alert's state with the position of its input: on the compacted topic `alert-state`, one record an alert. State and position
 * are written together, so that after a crash each result is in the state exactly once.
 */
import { z } from 'zod'
import type { AlertGroups } from '../engine/alerting/groups.ts'
import { alertGroupsToJson, parseAlertGroups } from '../engine/alerting/groups-json.ts'
import type { JudgeRecord } from '../engine/alerting/judge-record.ts'
import type { RunAlert } from '../engine/alerting/run-alert.ts'
import { definitionChangeSchema } from '../engine/alerting/why.ts'
import { isHistoryKey, type StoredHistory } from '../storage/alerts/history-record.ts'
import { isJudgeDriftKey, parseJudgeDrift } from '../storage/alerts/judge-drift-record.ts'
import { isLevelKey, parseLevel, type StoredLevel } from '../storage/alerts/level-record.ts'
import type { Log, RecordToAppend } from '../storage/log/port.ts'
import { ALERT_STATE } from '../storage/log/topics.ts'
import type { DefinitionChange } from './definition-changes.ts'
import { Histories } from './histories.ts'

export interface Checkpoint {
  tenant: string
  /** The definition that the state belongs to: a firing alert that is gone from the files is resolved by it. */
  alert: RunAlert
  /** Partition of `eval-results`, and the first offset that is not in the state. */
  partition: number
  nextOffset: number
  state: AlertGroups
  /** Incidents of which people have heard, one of each group at the most: their ends are told, other ends are not. */
  notifiedIncidents: string[]
  /** What of its definitions changed lately. */
  definitions: DefinitionChange[]
}

// The plan in it was compiled by the same version of the product; what alone is relied on later is checked.
const alertLike = z.object({
  kind: z.literal('alert'),
  id: z.string(),
  on: z.object({ kind: z.enum(['eval', 'scope']) }),
  by: z.array(z.object({ kind: z.string() })),
  when: z.object({
    kind: z.enum(['threshold', 'regression', 'anomaly']),
    measure: z.object({ kind: z.string(), type: z.object({ kind: z.string() }) }),
  }),
  forNs: z.number(),
  notify: z.array(z.object({ receiver: z.string(), target: z.string() })),
  noData: z.object({ kind: z.string() }),
})
const alertSchema = z.custom<RunAlert>((value) => alertLike.safeParse(value).success, 'not an alert')

const recordSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('state'),
    tenant: z.string(),
    alert: alertSchema,
    partition: z.number(),
    nextOffset: z.number(),
    notifiedIncidents: z.array(z.string()).default([]),
    definitions: z.array(definitionChangeSchema).default([]),
    /** Of Assay 0.1, whose alerts had one group. */
    notifiedIncident: z.string().nullable().default(null),
    state: z.unknown(),
  }),
  z.object({ kind: z.literal('removed') }),
])

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const REMOVED = '{"kind":"removed"}'

const keyOf = (tenant: string, alertId: string): string => `${tenant}/${alertId}`

export function checkpointRecord(checkpoint: Checkpoint): RecordToAppend {
  const { tenant, alert, state } = checkpoint
  const value = { kind: 'state', ...checkpoint, state: alertGroupsToJson(state) }
  return { key: keyOf(tenant, alert.id), value: encoder.encode(JSON.stringify(value)), headers: { tenant } }
}

export function removalRecord(tenant: string, alertId: string): RecordToAppend {
  return { key: keyOf(tenant, alertId), value: encoder.encode(REMOVED), headers: { tenant } }
}

function parseCheckpoint(bytes: Uint8Array): { checkpoint: Checkpoint | null; problem: string | null } {
  let raw: unknown
  try {
    raw = JSON.parse(decoder.decode(bytes))
  } catch {
    return { checkpoint: null, problem: 'not JSON' }
  }
  const parsed = recordSchema.safeParse(raw)
  if (!parsed.success) return { checkpoint: null, problem: z.prettifyError(parsed.error) }
  if (parsed.data.kind === 'removed') return { checkpoint: null, problem: null }
  const state = parseAlertGroups(parsed.data.state)
  if (!state.ok) return { checkpoint: null, problem: state.message }
  const { kind: _, notifiedIncident, notifiedIncidents: several, ...rest } = parsed.data
  const notifiedIncidents = notifiedIncident === null ? several : [...several, notifiedIncident]
  return { checkpoint: { ...rest, notifiedIncidents, state: state.state }, problem: null }
}

/** As a log takes it whose `eval-results` is another: nothing in that one is in the state yet. */
export function checkpointFromStart(bytes: Uint8Array): Uint8Array {
  const { checkpoint } = parseCheckpoint(bytes)
  return checkpoint === null ? bytes : checkpointRecord({ ...checkpoint, nextOffset: 0 }).value
}

const READ_RECORDS = 100_000
const READ_BYTES = 8 << 20

/**
 * Reads the last checkpoint of each alert. It remembers what it has read, so that after a rebalance it reads what came since: a topic that
 * was not compacted yet may be long, and reading it must not outlast the session of the group each time.
 */
export class CheckpointReader {
  readonly #log: Log
  readonly #latest = new Map<string, Uint8Array>()
  readonly #nextOffset = new Map<number, number>()
  readonly #histories = new Histories()
  /** Of each alert the last, for as long as it is read: a state that does not know it may come at any time. */
  readonly #levels = new Map<string, StoredLevel>()
  /** By tenant and eval: what its anchors last said. */
  readonly #judges = new Map<string, JudgeRecord>()

  constructor(log: Log) {
    this.#log = log
  }

  /**
   * By tenant and by alert id. One that can't be read starts anew, and `onProblem` hears of it: an alert that is late is better than one
   * that is gone.
   */
  async load(onProblem: (message: string) => void): Promise<Map<string, Map<string, Checkpoint>>> {
    for (const { partition, start, end } of await this.#log.endOffsets(ALERT_STATE))
      await this.#readOn(partition, start, end)
    this.#histories.tellAgain()
    const checkpoints = new Map<string, Map<string, Checkpoint>>()
    for (const [key, value] of this.#latest) {
      const { checkpoint, problem } = parseCheckpoint(value)
      if (problem !== null) onProblem(`alert-state: the checkpoint of ${key} can't be read, it starts anew: ${problem}`)
      if (checkpoint === null) continue
      const { tenant, alert } = checkpoint
      const ofTenant = checkpoints.get(tenant)
      if (ofTenant === undefined) checkpoints.set(tenant, new Map([[alert.id, checkpoint]]))
      else ofTenant.set(alert.id, checkpoint)
    }
    return checkpoints
  }

  /** What came since the last time, and all after partitions were taken over: what alerts were too young to see. */
  async takeHistories(): Promise<StoredHistory[]> {
    for (const { partition, start, end } of await this.#log.endOffsets(ALERT_STATE))
      await this.#readOn(partition, start, end)
    return this.#histories.takeUntold()
  }

  /** They come again the next time: nobody had a use for them yet. */
  handBackHistories(histories: readonly StoredHistory[]): void {
    this.#histories.handBack(histories)
  }

  /** Levels that people accepted, as far as was read. */
  levels(): StoredLevel[] {
    return [...this.#levels.values()]
  }

  /** What the anchors of an eval last said of its judge, as far as was read. */
  judgeOf(tenant: string, evalId: string): JudgeRecord | null {
    return this.#judges.get(`${tenant}/${evalId}`) ?? null
  }

  async #readOn(partition: number, start: number, end: number): Promise<void> {
    for (let offset = Math.max(start, this.#nextOffset.get(partition) ?? 0); offset < end; ) {
      const records = await this.#log.read(ALERT_STATE, partition, offset, READ_RECORDS, READ_BYTES)
      if (records.length === 0) break
      for (const { key, headers, value, appendTimeMs } of records) {
        // Of no tenant are the manager's own notes.
        if (key !== null && headers.tenant !== undefined) this.#takeState(key, headers.tenant, value, appendTimeMs)
        else if (key !== null && isHistoryKey(key)) this.#histories.take(key, value, appendTimeMs)
        else if (isLevelKey(key)) this.#takeLevel(key ?? '', value)
        else if (isJudgeDriftKey(key)) this.#takeJudge(value)
      }
      offset = records.at(-1)!.offset + 1
      this.#nextOffset.set(partition, offset)
    }
  }

  #takeState(key: string, tenant: string, value: Uint8Array, appendTimeMs: number): void {
    // A copy: a view would keep the whole batch that it came in.
    this.#latest.set(key, value.slice())
    if (value.length === REMOVED.length && decoder.decode(value) === REMOVED)
      this.#histories.forget(tenant, key.slice(tenant.length + 1), appendTimeMs)
  }

  #takeJudge(value: Uint8Array): void {
    const stored = parseJudgeDrift(value)
    if (stored !== null) this.#judges.set(`${stored.tenant}/${stored.evalId}`, stored.judge)
  }

  #takeLevel(key: string, value: Uint8Array): void {
    const level = parseLevel(value)
    if (level !== null) this.#levels.set(key, level)
  }
}

/** What a new `CheckpointReader` loads. */
export function loadCheckpoints(
  log: Log,
  onProblem: (message: string) => void,
): Promise<Map<string, Map<string, Checkpoint>>> {
  return new CheckpointReader(log).load(onProblem)
}
