/** What each alert is now, and what it was: the topic `alerts`, followed. */
import type { AlertTransition } from '../../engine/alerting/transition.ts'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import { followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { ALERTS } from '../log/topics.ts'

export type StoredTransition = ReturnType<typeof alertTransitionSchema.parse>

export interface AlertStates {
  /** The last transition of each alert and group, newest first. */
  current(tenant: string): StoredTransition[]
  /** Newest first, at most `limit`. */
  history(tenant: string, limit: number, alertId?: string): StoredTransition[]
  /** Those that fire on an eval. */
  firingOn(tenant: string, evalId: string): StoredTransition[]
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
  const take = (records: readonly LogRecord[]): void => {
    for (const record of records) {
      const tenant = record.headers.tenant ?? 'default'
      const transition = parse(record.value)
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
    history: (tenant, limit, alertId) =>
      (past.get(tenant) ?? [])
        .filter((transition) => alertId === undefined || transition.alertId === alertId)
        .slice(-limit)
        .reverse(),
    firingOn: (tenant, evalId) =>
      [...(latest.get(tenant)?.values() ?? [])].filter((one) => one.evalId === evalId && one.to === 'firing'),
    refresh: () => topic.refresh(),
    close: () => topic.close(),
  }
}

const stateKey = ({ alertId, group }: Pick<AlertTransition, 'alertId' | 'group'>): string =>
  JSON.stringify([alertId, ...Object.entries(group).sort()])

function parse(value: Uint8Array): StoredTransition | null {
  try {
    const parsed = alertTransitionSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
