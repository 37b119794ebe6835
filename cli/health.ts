/** What `/health` says: the state of each role, with its counters. */
import { messageOf } from '../engine/message-of.ts'
import type { BreakerView } from '../ingest/guard/breaker.ts'
import type { LimitsView } from '../ingest/guard/limits.ts'
import type { HealthInfo } from '../server/api.ts'
import { countersOf, type ProvidersHealth, troubleOf } from '../workers/offline/provider-levels.ts'
import type { OfflineState } from './roles/offline-role.ts'

/** A role's counters are numbers by name; nested ones are joined by a dot. */
export type Counters = Readonly<Record<string, unknown>>

export interface RoleHealth {
  name: string
  /** Rejects when the role is gone. */
  stats: () => Promise<Counters>
  /** What is wrong with it at the moment, by its counters; null if nothing is. */
  trouble?: (counters: Counters) => string | null
  /** Of a role that has one. */
  breaker?: (counters: Counters) => NonNullable<Component['breaker']>
}

/** The gateway's own, whatever else is wrong with it. */
export function breakerOfGateway({ breaker }: Counters): NonNullable<Component['breaker']> {
  const { state, reason } = breaker as BreakerView
  return { state, reason }
}

/** While its breaker is not closed, or limits are not shared as they should be. */
export function troubleOfGateway({ breaker, limits }: Counters): string | null {
  const { reason } = breaker as BreakerView
  if (reason !== null) return `spans are refused: ${reason}`
  const { trouble } = limits as LimitsView
  return trouble === null ? null : `limits of tenants are counted by each gateway for itself: ${trouble}`
}

export type Phase = 'starting' | 'running' | 'stopping'

type Component = HealthInfo['components'][number]

function flatten(counters: Counters, prefix = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).flatMap(([name, value]) => {
      if (typeof value === 'number') return [[prefix + name, value] as const]
      if (typeof value !== 'object' || value === null) return []
      return Object.entries(flatten(value as Counters, `${prefix}${name}.`))
    }),
  )
}

async function componentOf(role: RoleHealth): Promise<Component> {
  try {
    const stats = await role.stats()
    const detail = role.trouble?.(stats) ?? null
    const told = { ...(role.breaker !== undefined && { breaker: role.breaker(stats) }), counters: flatten(stats) }
    return detail === null
      ? { name: role.name, state: 'ok', ...told }
      : { name: role.name, state: 'degraded', detail, ...told }
  } catch (error) {
    return { name: role.name, state: 'failed', detail: messageOf(error) }
  }
}

function offlineComponent(state: OfflineState, judging: ProvidersHealth): Component {
  switch (state.kind) {
    case 'ok': {
      const counters = flatten({ judges: countersOf(judging) })
      const trouble = troubleOf(judging)
      return trouble === null
        ? { name: 'offline', state: 'ok', detail: `queue on ${state.backend}`, counters }
        : { name: 'offline', state: 'degraded', detail: trouble, counters }
    }
    case 'failed':
      return { name: 'offline', state: 'failed', detail: state.message }
    case 'starting':
    case 'off':
      return { name: 'offline', state: state.kind }
  }
}

/** Of a process that runs roles and nothing else. */
export async function healthOfRoles(phase: Phase, roles: readonly RoleHealth[]): Promise<HealthInfo> {
  return overall(phase, await Promise.all(roles.map(componentOf)))
}

function overall(phase: Phase, components: Component[]): HealthInfo {
  if (phase !== 'running') return { status: phase, components }
  const isWhole = components.every((component) => component.state !== 'failed' && component.state !== 'degraded')
  return { status: isWhole ? 'ok' : 'degraded', components }
}

/** `degraded` when a part has failed and the rest goes on, or when newer definitions were refused. */
export async function healthOf(parts: {
  phase: Phase
  roles: readonly RoleHealth[]
  offline: OfflineState
  judging: ProvidersHealth
  refusedDefinitions: boolean
}): Promise<HealthInfo> {
  const components: Component[] = [
    ...(await Promise.all(parts.roles.map(componentOf))),
    offlineComponent(parts.offline, parts.judging),
  ]
  components.push(
    parts.refusedDefinitions
      ? { name: 'definitions', state: 'degraded', detail: 'the files do not check; the version before is in force' }
      : { name: 'definitions', state: 'ok' },
  )
  return overall(parts.phase, components)
}
