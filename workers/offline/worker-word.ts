/**
 * Which offline evals can be judged, as the workers find it: they know the providers, and tell it through the shared state to the roles that
 * are asked about it and know none.
 */
import { z } from 'zod'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import type { Readiness } from '../../storage/queue/offline-control.ts'
import { StateError, type StateStore } from '../../storage/state/port.ts'

export interface WorkerWord {
  /** By eval, of all that are in force. What cannot be told now is told the next time. */
  tell(tenant: string, found: ReadonlyMap<string, Readiness>): Promise<void>
  /** Of one that no worker has told of lately: `no_worker`. */
  heard(tenant: string, evalPlan: Pick<OfflineEvalPlan, 'id'>): Promise<Readiness>
}

/** Told again so often. */
const TELL_EVERY_MS = 60_000
const TTL_MS = 3 * TELL_EVERY_MS
const KEY = 'offline/ready/'

const wordSchema = z.record(
  z.string(),
  z.object({
    state: z.enum(['ready', 'by_proxy', 'no_provider', 'no_price', 'not_supported']),
    detail: z.string().optional(),
  }),
)

export function createWorkerWord(state: Pick<StateStore, 'get' | 'set'>): WorkerWord {
  return {
    async tell(tenant, found) {
      await unlessAway(state.set(`${KEY}${tenant}`, JSON.stringify(Object.fromEntries(found)), TTL_MS))
    },
    async heard(tenant, { id }) {
      const text = await unlessAway(state.get(`${KEY}${tenant}`))
      // A worker of another version may tell what is not known here.
      const word = text === undefined ? undefined : wordSchema.safeParse(JSON.parse(text)).data
      const found = word?.[id]
      if (found !== undefined) return { state: found.state, detail: found.detail }
      return {
        state: 'no_worker',
        detail: `No worker has told within ${TTL_MS / 60_000} min whether ${id} can be judged: its runs wait on the queue for one (assay serve worker).`,
      }
    },
  }
}

/** A worker's part: what `found` says of each tenant, at once where asked and again and again, for a word is forgotten. */
export function keepTelling(
  word: WorkerWord,
  { tenants }: { tenants(): readonly string[] },
  found: (tenant: string) => Iterable<readonly [string, Readiness]>,
): { now(): Promise<void>; stop(): void } {
  const now = async (): Promise<void> => {
    for (const tenant of tenants()) await word.tell(tenant, new Map(found(tenant)))
  }
  const timer = setInterval(() => void now(), TELL_EVERY_MS)
  timer.unref()
  return { now, stop: () => clearInterval(timer) }
}

/** Who keeps the state hears of its outages. */
async function unlessAway<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof StateError) return undefined
    throw error
  }
}
