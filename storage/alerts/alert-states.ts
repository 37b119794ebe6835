/** What each alert is now, what it was, and what was found out about it: the topic `alerts`, followed. */
import type { AlertInvestigation } from '../../engine/alerting/investigation/investigation.ts'
import type { AlertTransition } from '../../engine/alerting/transition.ts'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import { followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { ALERTS } from '../log/topics.ts'
import { parseInvestigation } from './investigation-record.ts'

export type StoredTransition = ReturnType<typeof alertTransitionSchema.parse>

export interface AlertStates {
  /** The last transition of each alert and group, newest first. */
  current(tenant: string): StoredTransition[]
  /** Newest first, at most `limit`; `after`: those before the transition of this id. */
  history(tenant: string, options: { limit: number; alertId?: string; after?: string }): StoredTransition[]
  /** Whether the incident has ended, or another of its alert and group has begun. */
  isOver(tenant: string, transition: Pick<StoredTransition, 'id' | 'alertId' | 'group' | 'incidentId'>): boolean
  /** Those that fire on an eval. */
  firingOn(tenant: string, evalId: string): StoredTransition[]
  /** Of an incident; null while there is none. */
  investigation(tenant: string, incidentId: string | undefined): AlertInvestigation | null
  refresh(): Promise<void>
  close(): Promise<void>
}

/** Of a tenant; older ones are in the log alone. */
const REMEMBERED = 2_000

export interface FollowStatesOptions {
  log: Pick<Log, 'read'>
  onProblem: (text: string) => void
}

/** Resolves when the topic has been read. Rejects with `LogError`. */
export async function followAlertStates({ log, onProblem }: FollowStatesOptions): Promise<AlertStates> {
  const latest = new Map<string, Map<string, StoredTransition>>()
  const past = new Map<string, StoredTransition[]>()
  const seen = new Set<string>()
  const investigations = new Map<string, AlertInvestigation>()
  const take = (records: readonly LogRecord[]): void => {
    for (const record of records) {
      const tenant = record.headers.tenant ?? 'default'
      const value = jsonOf(record.value)
      const found = record.headers.kind === 'investigation' ? parseInvestigation(value) : null
      if (found !== null) remember(investigations, `${found.tenant}/${found.incidentId}`, found.investigation)
      const transition = found === null ? parse(value) : null
      // A crash of the evaluator repeats transitions, with their ids.
      if (transition === null || seen.has(`${tenant}/${transition.id}`)) continue
      seen.add(`${tenant}/${transition.id}`)
      const ofTenant = latest.get(tenant) ?? new Map<string, StoredTransition>()
      latest.set(tenant, ofTenant.set(stateKey(transition), transition))
      const history = past.get(tenant) ?? []
      past.set(tenant, history)
      history.push(transition)
      if (history.length > REMEMBERED) seen.delete(`${tenant}/${history.shift()!.id}`)
    }
  }
  const topic = await followTopic({ log, topic: ALERTS, take, onProblem })
  const byNewest = (a: StoredTransition, b: StoredTransition): number => b.atMs - a.atMs
  return {
    current: (tenant) => [...(latest.get(tenant)?.values() ?? [])].sort(byNewest),
    history: (tenant, { limit, alertId, after }) =>
      before(past.get(tenant) ?? [], after)
        .filter((transition) => alertId === undefined || transition.alertId === alertId)
        .slice(-limit)
        .reverse(),
    isOver: (tenant, transition) => {
      const now = latest.get(tenant)?.get(stateKey(transition))
      // What is known is older than one that has yet to be read here.
      if (now === undefined || !seen.has(`${tenant}/${transition.id}`)) return false
      return now.incidentId !== transition.incidentId || now.to !== 'firing'
    },
    firingOn: (tenant, evalId) =>
      [...(latest.get(tenant)?.values() ?? [])].filter((one) => one.evalId === evalId && one.to === 'firing'),
    investigation: (tenant, incidentId) => investigations.get(`${tenant}/${incidentId}`) ?? null,
    refresh: () => topic.refresh(),
    close: () => topic.close(),
  }
}

/** Of one that is remembered no more none is before it that is. */
function before(past: readonly StoredTransition[], id: string | undefined): readonly StoredTransition[] {
  if (id === undefined) return past
  return past.slice(
    0,
    Math.max(
      0,
      past.findIndex((one) => one.id === id),
    ),
  )
}

const stateKey = ({ alertId, group }: Pick<AlertTransition, 'alertId' | 'group'>): string =>
  JSON.stringify([alertId, ...Object.entries(group).sort()])

/** The first stands: a job that ran twice found the same, and may have been told so in other words. */
function remember(all: Map<string, AlertInvestigation>, key: string, investigation: AlertInvestigation): void {
  if (all.has(key)) return
  all.set(key, investigation)
  if (all.size > REMEMBERED) all.delete(all.keys().next().value!)
}

function parse(value: unknown): StoredTransition | null {
  const parsed = alertTransitionSchema.safeParse(value)
  return parsed.success ? parsed.data : null
}

function jsonOf(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value))
  } catch {
    return null
  }
}
