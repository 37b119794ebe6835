/** Which judge providers take calls: their breakers, in the state that all instances share. */
import { StateError, type StateStore } from '../../storage/state/port.ts'
import { FAILURE_WINDOW_MS, levelOf, type Permit, permitCall, recordFailure, recordProbe } from './breaker.ts'
import { judgingLevelOf, type ProvidersHealth } from './provider-levels.ts'
import { parseShared, type SharedProviders, stateOf, withProvider } from './shared-providers.ts'

export type CallOutcome =
  | { kind: 'answered' }
  | { kind: 'failed'; detail: string }
  /** By whoever asked: it says nothing of the provider. */
  | { kind: 'broken_off' }

export interface ProviderHealth {
  /** Asked before each call of a provider, of about so many tokens; its outcome has to be reported, whatever it is. */
  permit(provider: string, tokens?: number): Promise<Permit>
  report(provider: string, permit: Permit, outcome: CallOutcome): Promise<void>
  /** Of the providers that any instance has configured, of late: in the last day. */
  health(): Promise<ProvidersHealth>
}

export interface ProviderHealthOptions {
  state: Pick<StateStore, 'get' | 'set' | 'compareAndSet'>
  /** Those that this process calls; none where it only looks. */
  providers: readonly string[]
  /** No other process has this state: what is stored of other providers is left of what was configured before, and counts no more. */
  isOnly?: boolean
  nowMs: () => number
}

const KEY = 'judges/providers'
const TTL_MS = 24 * 3_600_000
/** Said again so often; who has not been seen for a day is dropped. */
const SEEN_EVERY_MS = 3_600_000
/** What another instance saw is known here after so long at the latest. */
const FRESH_MS = 500
/** While the state cannot be reached it is not asked at each call: that would cost each call its time limit. */
const RETRY_STATE_MS = 5_000
const MAX_CONFLICTS = 50

export function createProviderHealth({
  state,
  providers,
  isOnly = false,
  nowMs,
}: ProviderHealthOptions): ProviderHealth {
  let known: SharedProviders = { version: 1, providers: {} }
  let readAtMs = Number.NEGATIVE_INFINITY
  /** Null while the state is shared. */
  let aloneSinceMs: number | null = null
  let turn: Promise<void> = Promise.resolve()
  const answers = new Map<string, AnswerCount>()

  /** One at a time: instances of this process would only compete with themselves. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work)
    turn = next.then(
      () => {},
      () => {},
    )
    return next
  }

  /** Runs on the shared state; on what is known here while that cannot be reached. */
  async function change(step: (shared: SharedProviders) => SharedProviders): Promise<void> {
    const alone = (): void => {
      known = step(known)
    }
    if (aloneSinceMs !== null && nowMs() - aloneSinceMs < RETRY_STATE_MS) return alone()
    try {
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
        const text = await state.get(KEY)
        const before = parseShared(text)
        const after = step(before)
        if (after === before || (await state.compareAndSet(KEY, text, JSON.stringify(after), TTL_MS))) {
          known = after
          readAtMs = nowMs()
          aloneSinceMs = null
          return
        }
      }
      alone()
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      aloneSinceMs = nowMs()
      alone()
    }
  }

  const sayHere = (shared: SharedProviders): SharedProviders => {
    const now = nowMs()
    const isDue = (name: string): boolean =>
      now - (shared.providers[name]?.seenMs ?? Number.NEGATIVE_INFINITY) >= SEEN_EVERY_MS
    if (!providers.some(isDue)) return shared
    const seen = Object.entries(shared.providers).filter(([, { seenMs }]) => now - seenMs < TTL_MS)
    const here = providers.map((name) => [name, { ...stateOf(shared, name), seenMs: now }] as const)
    return { version: 1, providers: { ...Object.fromEntries(seen), ...Object.fromEntries(here) } }
  }

  async function refresh(): Promise<void> {
    if (nowMs() - readAtMs < FRESH_MS) return
    await inTurn(async () => {
      // Those who waited for their turn find it read.
      if (nowMs() - readAtMs >= FRESH_MS) await change(sayHere)
    })
  }

  function countOf(provider: string): AnswerCount {
    let count = answers.get(provider)
    if (count === undefined || nowMs() - count.sinceMs >= FAILURE_WINDOW_MS) {
      count = { sinceMs: nowMs(), answered: 0 }
      answers.set(provider, count)
    }
    return count
  }

  return {
    async permit(provider) {
      await refresh()
      const { breaker, lastFailure: failed } = stateOf(known, provider)
      const seen = permitCall(breaker, nowMs(), failed?.atMs)
      if (seen.permit.kind !== 'probe') return seen.permit
      // A probe is one instance's alone.
      let permit: Permit = seen.permit
      await inTurn(() =>
        change((shared) => {
          const before = stateOf(shared, provider)
          const taken = permitCall(before.breaker, nowMs(), before.lastFailure?.atMs)
          permit = taken.permit
          return withProvider(shared, provider, { ...before, breaker: taken.next })
        }),
      )
      return permit
    },

    async report(provider, permit, outcome) {
      if (permit.kind === 'refused' || outcome.kind === 'broken_off') return
      if (outcome.kind === 'answered' && permit.kind === 'call') {
        countOf(provider).answered++
        return
      }
      // An outage is known by now; others would only say it again.
      if (permit.kind === 'call' && stateOf(known, provider).breaker.kind === 'open') return
      const { answered } = countOf(provider)
      answers.delete(provider)
      await inTurn(() =>
        change((shared) => {
          const before = stateOf(shared, provider)
          const breaker =
            permit.kind === 'probe'
              ? recordProbe(before.breaker, permit.sinceMs, outcome.kind === 'answered')
              : recordFailure(before.breaker, { atMs: nowMs(), answered })
          const lastFailure = outcome.kind === 'failed' ? { atMs: nowMs(), detail: outcome.detail } : before.lastFailure
          const after = { ...before, breaker, ...(lastFailure === undefined ? {} : { lastFailure }) }
          return withProvider(shared, provider, after)
        }),
      )
    },

    async health() {
      await refresh()
      const now = nowMs()
      const counted = Object.entries(known.providers).filter(([name]) => !isOnly || providers.includes(name))
      const all = counted.map(([name, { breaker, lastFailure }]) => ({
        name,
        breaker: levelOf(breaker, now),
        sinceMs: breaker.kind === 'open' ? breaker.sinceMs : undefined,
        lastFailure,
      }))
      all.sort((a, b) => (a.name < b.name ? -1 : 1))
      return { level: judgingLevelOf(all), shared: aloneSinceMs === null, providers: all }
    },
  }
}

interface AnswerCount {
  sinceMs: number
  answered: number
}
