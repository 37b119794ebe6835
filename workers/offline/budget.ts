/**
 * What runs may spend: reserved before each question, for all workers at once, and settled by what it took. A reservation whose
 * worker was killed stays: the call may have been made. Nobody waits for it for longer than a call may take.
 */
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import type { OfflineJob } from '../../storage/queue/port.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { createHolders } from './holders.ts'
import { createInFlight, type FlightPlace } from './in-flight.ts'
import { RETRY_DELAYS_MS } from './retry.ts'

export interface BudgetBounds {
  perRunMicroUsd: number | null
  perMonthMicroUsd: number | null
  /** Of all evals of the tenant together. */
  tenantPerMonthMicroUsd: number | null
}

export interface RunBudget {
  /** What is left of the tightest of its bounds. */
  left(): Promise<number>
  /** Null where that much is not left besides what is held back; nothing is reserved then. Rejects with `StateError`. */
  reserve(microUsd: number, part?: BudgetPart): Promise<Reservation | null>
  /**
   * As `reserve`, but null only where no worker has a reservation of what is short, or the signal aborts: until then it
   * waits for what they leave. What it needs is asked anew each time: answers of others may have told. Nobody calls it who holds a
   * reservation, which all others may be waiting for. `isNeedless` is asked once, before it waits: null, then.
   */
  reserveInTurn(
    microUsd: () => number,
    signal: AbortSignal,
    part?: BudgetPart,
    isNeedless?: () => Promise<boolean>,
  ): Promise<Reservation | null>
}

/** Whom it is for, where a part of the budget is held back for the cheaper judge. */
export type BudgetPart =
  /** The eval's own judge, which leaves so much for the other: less by what that one has taken of it. */
  { kind: 'own'; holdBackMicroUsd: number } | { kind: 'held_back' }

export interface Reservation {
  readonly microUsd: number
  /** Once, with what it took. */
  settle(microUsd: number): Promise<void>
  /** In place of it, where nobody knows: all of it may have been charged. */
  keep(): void
}

export interface Budgets {
  /** Null where nothing bounds it. */
  of(job: Pick<OfflineJob, 'tenant' | 'evalId' | 'runId'>, evalPlan: Pick<OfflineEvalPlan, 'budget'>): RunBudget | null
}

export interface BudgetsOptions {
  state: Pick<StateStore, 'get' | 'compareAndSet' | 'add' | 'setIn' | 'removeIn' | 'list'>
  /** What judges cost since then, by eval, null where no price is known: for a month whose count was lost, or never kept. */
  spendSince: (tenant: string, sinceMs: number) => Promise<ReadonlyMap<string, number | null>>
  tenantPerMonthMicroUsd: (tenant: string) => number | null
  nowMs: () => number
  /** Resolves early when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Of one try: a worker that says nothing for longer than all tries of a call take has none on its way. */
  judgeTimeoutMs: number
}

/** State lasts a week at the most; a month's count that nobody touches for so long is summed up again from the results. */
const TTL_MS = 7 * 24 * 3_600_000
/** Where others only tried as well, and hold nothing. */
const TRIES_BESIDE_OTHERS = 3
/** Who waits for another worker tries again after about so long. */
const LOOK_EVERY_MS = 250
const TRIES = 1 + RETRY_DELAYS_MS.length

interface Bound {
  key: string
  atMost: number
  /** What is spent where nothing is counted yet. */
  spent: () => Promise<number>
}

type Tried = { kind: 'reserved'; reservation: Reservation } | { kind: 'refused'; shortOf: string }

export function createBudgets(options: BudgetsOptions): Budgets {
  const { state, spendSince, tenantPerMonthMicroUsd, nowMs, sleep, judgeTimeoutMs } = options
  const leaseMs = (TRIES + 1) * judgeTimeoutMs
  const inFlight = createInFlight()
  const holders = createHolders({ state, leaseMs, nowMs })

  /** Of the month (UTC) that it is now. */
  function boundsOf(job: Pick<OfflineJob, 'tenant' | 'evalId' | 'runId'>, bounds: BudgetBounds): Bound[] {
    const { tenant, evalId, runId } = job
    const month = new Date(nowMs()).toISOString().slice(0, 7)
    const spend = () => spendSince(tenant, Date.parse(`${month}-01T00:00:00Z`))
    const all: (Omit<Bound, 'atMost'> & { atMost: number | null })[] = [
      { key: `run/${tenant}/${runId}`, atMost: bounds.perRunMicroUsd, spent: async () => 0 },
      {
        key: `month/${month}/${tenant}/${evalId}`,
        atMost: bounds.perMonthMicroUsd,
        spent: async () => (await spend()).get(evalId) ?? 0,
      },
      {
        key: `tenant/${month}/${tenant}`,
        atMost: bounds.tenantPerMonthMicroUsd,
        spent: async () => [...(await spend()).values()].reduce<number>((sum, micros) => sum + (micros ?? 0), 0),
      },
    ]
    return all.flatMap(({ atMost, ...bound }) =>
      atMost === null ? [] : [{ ...bound, key: `judges/spent/${bound.key}`, atMost }],
    )
  }

  async function spentOf({ key, spent }: Bound): Promise<number> {
    const known = await state.get(key)
    if (known !== undefined) return Number(known)
    // Of those who find it missing at once, one sets it; the others go on from what that one found.
    const found = await spent()
    if (await state.compareAndSet(key, undefined, String(found), TTL_MS)) return found
    return Number((await state.get(key)) ?? found)
  }

  async function stillHeldBack(takenKey: string, microUsd: number): Promise<number> {
    return microUsd === 0 ? 0 : Math.max(0, microUsd - Number((await state.get(takenKey)) ?? 0))
  }

  /** It leaves its place itself when it is settled or kept; one that is refused is still there. */
  async function tryToReserve(
    job: Pick<OfflineJob, 'tenant' | 'runId'>,
    bounds: readonly Bound[],
    place: FlightPlace,
    microUsd: number,
    part: BudgetPart | undefined,
  ): Promise<Tried> {
    const reserved: string[] = []
    // Whether one that fails was done is not known: it is not done twice.
    const giveBack = async (): Promise<void> => {
      for (let key = reserved.pop(); key !== undefined; key = reserved.pop()) await state.add(key, -microUsd, TTL_MS)
    }
    try {
      const takenKey = `judges/spent/held-back/${job.tenant}/${job.runId}`
      const holdBack = part?.kind === 'own' ? await stillHeldBack(takenKey, part.holdBackMicroUsd) : 0
      for (const bound of bounds) {
        await spentOf(bound)
        const sum = await state.add(bound.key, microUsd, TTL_MS, Math.max(0, bound.atMost - holdBack))
        if (sum !== undefined) {
          reserved.push(bound.key)
          continue
        }
        await giveBack()
        return { kind: 'refused', shortOf: bound.key }
      }
      // After the bounds: whoever looks in between finds too much held back, and never too little.
      if (part?.kind === 'held_back') {
        await state.add(takenKey, microUsd, TTL_MS)
        reserved.unshift(takenKey)
      }
      place.hold()
      const paidBy = bounds.map(({ key }) => key)
      await holders.hold(paidBy)
      return { kind: 'reserved', reservation: reservationOf(reserved, microUsd, place, paidBy) }
    } catch (error) {
      // Nobody was asked. What can't be given back stays spent: rather too little is spent than too much.
      await giveBack().catch(() => {})
      place.leave()
      throw error
    }
  }

  function reservationOf(
    reserved: readonly string[],
    microUsd: number,
    place: FlightPlace,
    paidBy: readonly string[],
  ): Reservation {
    return {
      microUsd,
      async settle(spent) {
        try {
          if (spent !== microUsd) for (const key of reserved) await state.add(key, spent - microUsd, TTL_MS)
        } finally {
          place.leave()
          await holders.leave(paidBy)
        }
      },
      keep() {
        place.leave()
        void holders.leave(paidBy)
      },
    }
  }

  return {
    of(job, { budget }) {
      const bounds: BudgetBounds = {
        perRunMicroUsd: budget?.perRunMicros ?? null,
        perMonthMicroUsd: budget?.perMonthMicros ?? null,
        tenantPerMonthMicroUsd: tenantPerMonthMicroUsd(job.tenant),
      }
      if (Object.values(bounds).every((bound) => bound === null)) return null
      return {
        async left() {
          const all = await Promise.all(
            boundsOf(job, bounds).map(async (bound) => bound.atMost - (await spentOf(bound))),
          )
          return Math.max(0, Math.min(...all))
        },
        async reserve(microUsd, part) {
          const all = boundsOf(job, bounds)
          const place = inFlight.enter(all.map(({ key }) => key))
          const tried = await tryToReserve(job, all, place, microUsd, part)
          if (tried.kind === 'reserved') return tried.reservation
          place.leave()
          return null
        },
        async reserveInTurn(microUsd, signal, part, isNeedless = async () => false) {
          let endTurn: (() => void) | null = null
          let untilMs: number | null = null
          let isAlone = false
          try {
            for (let beside = 0; ; ) {
              const all = boundsOf(job, bounds)
              const place = inFlight.enter(all.map(({ key }) => key))
              const tried = await tryToReserve(job, all, place, microUsd(), part)
              if (tried.kind === 'reserved') return tried.reservation
              if (endTurn === null) {
                const turn = place.queue(tried.shortOf, signal)
                place.leave()
                let isToWait = false
                try {
                  isToWait = !(await isNeedless())
                } finally {
                  // Its turn comes all the same, and is the next one's then.
                  if (!isToWait) void turn.then((end) => end?.())
                }
                if (!isToWait) return null
                endTurn = await turn
                if (endTurn === null) return null
                continue
              }
              const left = await place.othersLeave(tried.shortOf, signal)
              if (left === 'aborted') return null
              beside = left === 'tried' ? beside + 1 : 0
              if (left === 'settled' || (left === 'tried' && beside < TRIES_BESIDE_OTHERS)) continue
              // None of this worker: what others have on their way may be more than it takes. Until now it waited for its own.
              untilMs ??= nowMs() + leaseMs
              if (nowMs() < untilMs && (await holders.others(tried.shortOf))) {
                isAlone = false
                await sleep(LOOK_EVERY_MS, signal)
                if (signal.aborted) return null
              } else if (isAlone) return null
              // One that reserved a moment ago may not have said so yet, or have left something since.
              else isAlone = true
            }
          } finally {
            endTurn?.()
          }
        },
      }
    },
  }
}
