/**
 * What a tenant may send in a day (UTC), counted for all gateways together: each leases portions from the shared state and counts them down
 * by itself, so that a request seldom waits for the state. A gateway that is killed takes what is left of its portion with it.
 */
import { StateError, type StateStore } from '../../storage/state/port.ts'

export interface DailyQuota {
  /**
   * Resolves with null where it was taken, else with what is left on the day of `atMs`, as far as this gateway can have it. Never rejects for
   * want of the state.
   */
  take(key: string, amount: number, limit: number, atMs: number): Promise<number | null>
  /** What was taken as of `atMs` and not used: of a day that is over it is of no use to anyone. */
  giveBack(key: string, amount: number, atMs: number): void
  /** Why the count is not shared although it should be; null when it is. */
  trouble(): string | null
  /** Gives what is left of the portions back. */
  close(): Promise<void>
}

export interface DailyQuotaOptions {
  /** Null: counted in memory alone. */
  state: StateStore | null
  nowMs: () => number
  /** The state went away, or is back: null. */
  onChange: (trouble: string | null) => void
}

interface Lease {
  readonly day: number
  left: number
  /** Granted while the state was away, and to be entered there. */
  owed: number
  /** Leased by this gateway, whether the state knows it or not. */
  leased: number
  /** One at a time asks the state. */
  asking: Promise<unknown>
}

const DAY_MS = 86_400_000
/** A hundredth of the quota at a time: a killed gateway loses so much at the most. */
const PORTIONS = 100
const KEPT_MS = 2 * DAY_MS
/** Others that change the same entry at the same moment: each round one of them gets through. */
const MAX_ROUNDS = 50
const RETRY_MS = 5_000

export function createDailyQuota({ state, nowMs, onChange }: DailyQuotaOptions): DailyQuota {
  const leases = new Map<string, Lease>()
  let retryAtMs = Number.NEGATIVE_INFINITY
  let trouble: string | null = null
  const tell = (text: string | null): void => {
    if ((trouble === null) !== (text === null)) onChange(text)
    trouble = text
  }

  /** Whether it is time to see if the state is back. */
  const isTimeToLook = (): boolean => trouble !== null && nowMs() >= retryAtMs

  const leaseOf = (key: string, atMs: number): Lease => {
    const day = dayOf(atMs)
    const known = leases.get(key)
    // Another request may have begun the next day meanwhile.
    if (known !== undefined && known.day >= day) return known
    const fresh: Lease = { day, left: 0, owed: 0, leased: 0, asking: Promise.resolve() }
    leases.set(key, fresh)
    return fresh
  }

  /** Changes the shared entry by what `change` makes of it; null leaves it. Rejects with `StateError`. */
  const enter = async (name: string, change: (taken: number) => number | null): Promise<boolean> => {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const before = await state!.get(name)
      const after = change(Number(before ?? 0))
      if (after === null) return false
      if (await state!.compareAndSet(name, before, String(after), KEPT_MS)) return true
    }
    throw new StateError(`${name} is changed by too many at once`)
  }

  /** A portion, or more where more is needed; 0 when even that is not there. `left`: what the state had, before it. */
  const lease = async (
    key: string,
    one: Lease,
    needed: number,
    limit: number,
  ): Promise<{ granted: number; left: number }> => {
    let granted = 0
    let left = 0
    /** From what is taken to what will be; null: not enough. */
    const grant = (taken: number): number | null => {
      left = Math.max(0, limit - taken)
      const wanted = Math.min(Math.max(needed, Math.ceil(limit / PORTIONS)), limit - taken)
      granted = wanted < needed ? 0 : wanted
      return granted === 0 ? null : taken + granted
    }
    if (!(await ask(key, one, grant))) {
      grant(one.leased)
      if (state !== null) one.owed += granted
    }
    one.leased += granted
    return { granted, left }
  }

  /** Enters what is owed, and what `grant` adds to it where it does; false when the state could not be asked. */
  const ask = async (key: string, one: Lease, grant: (taken: number) => number | null): Promise<boolean> => {
    if (state === null || nowMs() < retryAtMs) return false
    const { owed } = one
    try {
      if (await enter(nameOf(key, one.day), (taken) => grant(taken + owed))) one.owed -= owed
      tell(null)
      return true
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      retryAtMs = nowMs() + RETRY_MS
      tell(error.message)
      return false
    }
  }

  const reserve = async (key: string, one: Lease, amount: number, limit: number): Promise<number | null> => {
    if (isTimeToLook()) await ask(key, one, (taken) => taken)
    // Others take from the portion while it is on its way.
    while (one.left < amount) {
      const { granted, left } = await lease(key, one, amount - one.left, limit)
      if (granted === 0) return one.left + left
      one.left += granted
    }
    one.left -= amount
    return null
  }

  return {
    take: async (key, amount, limit, atMs) => {
      const one = leaseOf(key, atMs)
      if (one.left >= amount && !isTimeToLook()) {
        one.left -= amount
        return null
      }
      const reserved = one.asking.then(() => reserve(key, one, amount, limit))
      one.asking = reserved.catch(() => {})
      return reserved
    },
    giveBack: (key, amount, atMs) => {
      const one = leases.get(key)
      if (one?.day === dayOf(atMs)) one.left += amount
    },
    trouble: () => trouble,
    close: async () => {
      if (state === null) return
      for (const [key, { day, left, owed }] of leases) {
        const change = owed - left
        if (change === 0) continue
        // Nobody is told: what could not be entered is forgotten with the day.
        await enter(nameOf(key, day), (taken) => Math.max(0, taken + change)).catch(() => {})
      }
      leases.clear()
    },
  }
}

const dayOf = (atMs: number): number => Math.floor(atMs / DAY_MS)

const nameOf = (key: string, day: number): string => `quota:${new Date(day * DAY_MS).toISOString().slice(0, 10)}:${key}`
