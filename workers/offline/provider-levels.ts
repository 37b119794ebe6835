/** How judging goes on while providers are out, by name. */
import type { BreakerLevel } from './breaker.ts'

/**
 * `normal`: every provider takes calls. `failover`: some do not; fallbacks answer for them, and judges without one are `error`.
 * `cache_only`: none does; what was judged in the last day is answered from the cache, the rest is `error`. `no_provider`: none is
 * configured.
 */
export const JUDGING_LEVELS = ['normal', 'failover', 'cache_only', 'no_provider'] as const
export type JudgingLevel = (typeof JUDGING_LEVELS)[number]

export interface ProviderStatus {
  readonly name: string
  readonly breaker: BreakerLevel
  /** When the outage began; undefined where there is none. */
  readonly sinceMs: number | undefined
  /** The latest, however long ago. `detail` holds no key and nothing of a trace. */
  readonly lastFailure: { readonly atMs: number; readonly detail: string } | undefined
}

export interface ProvidersHealth {
  readonly level: JudgingLevel
  /** False while the state cannot be reached: this instance goes by its own calls alone. */
  readonly shared: boolean
  readonly providers: readonly ProviderStatus[]
}

export function judgingLevelOf(providers: readonly Pick<ProviderStatus, 'breaker'>[]): JudgingLevel {
  if (providers.length === 0) return 'no_provider'
  const out = providers.filter(({ breaker }) => breaker !== 'closed').length
  if (out === 0) return 'normal'
  return out < providers.length ? 'failover' : 'cache_only'
}

/** One sentence on what is wrong; null if nothing is. */
export function troubleOf({ level, shared, providers }: ProvidersHealth): string | null {
  const parts = providers.flatMap(({ name, breaker, sinceMs, lastFailure }) => {
    if (breaker === 'closed' || sinceMs === undefined) return []
    const why = lastFailure === undefined ? '' : ` (${lastFailure.detail})`
    const what = breaker === 'open' ? 'takes no calls' : 'is probed'
    return [`${name} ${what}, out since ${new Date(sinceMs).toISOString()}${why}`]
  })
  if (!shared) parts.push('the shared state cannot be reached: this instance goes by its own calls')
  return parts.length === 0 ? null : `judging is at level ${level}: ${parts.join('; ')}`
}

/** The state of each, for the metrics. */
export const statesOf = ({ providers }: ProvidersHealth): Readonly<Record<string, BreakerLevel>> =>
  Object.fromEntries(providers.map(({ name, breaker }) => [name, breaker]))

/** As numbers, for `/health`. */
export function countersOf({ providers }: ProvidersHealth): { providers: number; providersOut: number } {
  return { providers: providers.length, providersOut: providers.filter(({ breaker }) => breaker !== 'closed').length }
}
