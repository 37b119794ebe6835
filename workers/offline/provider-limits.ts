/**
 * What providers take: calls at the same time, and calls and tokens a minute, counted for all workers together. Who finds no room waits. While
 * the shared state cannot be reached each worker keeps the limits for itself.
 */
import { randomUUID } from 'node:crypto'
import { StateError, type StateStore } from '../../storage/state/port.ts'
import { createTurnstile, type Turnstile } from '../../storage/turnstile.ts'
import type { Permit } from './breaker.ts'
import type { ProviderHealth } from './provider-health.ts'
import type { Provider } from './providers.ts'

export interface ProviderLimitsOptions {
  state: Pick<StateStore, 'get' | 'add' | 'setInIfRoom' | 'removeIn'>
  providers: ReadonlyMap<string, Provider>
  /** A place that was not given back, because its worker was killed, is free again after so long: no call takes longer. */
  leaseMs: number
  nowMs: () => number
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** In [0, 1). */
  random: () => number
  /** Who waits goes on at once: the call will not be made. */
  signal: AbortSignal
}

const MINUTE_MS = 60_000
/** Who waits looks again after about so long. */
const ROOM_MS = 50
const RATE_MS = 500

/** `health` with the limits of the providers: a permit is given when there is room, and its place is given back by the report. */
export function withLimits(health: ProviderHealth, options: ProviderLimitsOptions): ProviderHealth {
  const { state, providers, leaseMs, nowMs, sleep, random, signal } = options
  const turnstiles = new Map<string, Turnstile>()
  const places = new WeakMap<Permit, () => Promise<void>>()

  /** Those of this process are let in in the order in which they came; one at a time looks for room among all workers. */
  function turnstileOf(name: string, atOnce: number): Turnstile {
    let known = turnstiles.get(name)
    if (known === undefined) {
      known = createTurnstile(atOnce)
      turnstiles.set(name, known)
    }
    return known
  }

  async function place({ name, concurrency }: Provider): Promise<() => Promise<void>> {
    if (concurrency === undefined || concurrency === null) return async () => {}
    const leave = await turnstileOf(name, concurrency).enter()
    const [group, id] = [`judges/calls/${name}`, randomUUID()]
    const isIn = await untilTrue(ROOM_MS, () => state.setInIfRoom(group, id, '1', leaseMs, concurrency)).catch(
      (error: unknown) => {
        leave()
        throw error
      },
    )
    return async () => {
      leave()
      // What cannot be given back expires.
      if (isIn) await state.removeIn(group, id).catch(ignoreOutage)
    }
  }

  async function rate({ name, requestsPerMinute, tokensPerMinute }: Provider, tokens: number): Promise<void> {
    const wanted = [
      ['requests', requestsPerMinute, 1],
      ['tokens', tokensPerMinute, tokens],
    ] as const
    for (const [what, perMinute, amount] of wanted) {
      if (perMinute === undefined || perMinute === null) continue
      // One that is larger than a minute's worth goes alone.
      await untilTrue(RATE_MS, () =>
        take(`judges/rate/${name}/${what}`, Math.min(Math.ceil(amount), perMinute), perMinute),
      )
    }
  }

  /** Of the last 60 s, as far as they are told from the counts of this minute and the one before. */
  async function take(key: string, amount: number, perMinute: number): Promise<boolean> {
    const now = nowMs()
    const minute = Math.floor(now / MINUTE_MS)
    const before = Number((await state.get(`${key}/${minute - 1}`)) ?? 0)
    const left = Math.floor(perMinute - before * (1 - (now % MINUTE_MS) / MINUTE_MS))
    if (left < amount) return false
    return (await state.add(`${key}/${minute}`, amount, 2 * MINUTE_MS, left)) !== undefined
  }

  /** False where the state cannot be reached, or nobody waits any more. */
  async function untilTrue(waitMs: number, attempt: () => Promise<boolean>): Promise<boolean> {
    while (!signal.aborted) {
      try {
        if (await attempt()) return true
      } catch (error) {
        ignoreOutage(error)
        return false
      }
      await sleep(waitMs * (0.5 + random()), signal)
    }
    return false
  }

  return {
    async permit(name, tokens = 0) {
      const provider = providers.get(name)
      if (provider === undefined) return health.permit(name)
      // Of one that is out there is nothing to wait for: the next judge is asked at once, and no part of its rate is taken.
      const before = await health.permit(name)
      if (before.kind === 'refused') return before
      const giveBack = await place(provider)
      try {
        await rate(provider, tokens)
        // It may have gone out meanwhile. A probe is taken already.
        const permit: Permit = { ...(before.kind === 'probe' ? before : await health.permit(name)) }
        if (permit.kind === 'refused') await giveBack()
        else places.set(permit, giveBack)
        return permit
      } catch (error) {
        await giveBack()
        throw error
      }
    },
    async report(name, permit, outcome) {
      const giveBack = places.get(permit)
      places.delete(permit)
      await giveBack?.()
      await health.report(name, permit, outcome)
    },
    health: () => health.health(),
  }
}

function ignoreOutage(error: unknown): void {
  if (!(error instanceof StateError)) throw error
}
