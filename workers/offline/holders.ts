/** Which workers have calls on their way that may leave something of a budget: told to all of them, and forgotten of one that was killed. */
import { hash, randomUUID } from 'node:crypto'
import { StateError, type StateStore } from '../../storage/state/port.ts'

export interface Holders {
  /** One more call of this worker that these keys pay for, */
  hold(keys: readonly string[]): Promise<void>
  /** and one less. */
  leave(keys: readonly string[]): Promise<void>
  /** Whether another worker has one. */
  others(key: string): Promise<boolean>
}

export interface HoldersOptions {
  state: Pick<StateStore, 'setIn' | 'removeIn' | 'list'>
  /** A worker that has not said for so long that it has one is taken for dead. */
  leaseMs: number
  nowMs: () => number
}

/** Names of evals may be longer than a group's. */
const groupOf = (key: string): string => `judges/holders/${hash('sha256', key)}`

export function createHolders({ state, leaseMs, nowMs }: HoldersOptions): Holders {
  const me = randomUUID()
  const here = new Map<string, { calls: number; toldMs: number }>()

  /** Once for many calls, so that a call costs no question more. */
  async function holdOne(key: string): Promise<void> {
    const known = here.get(key) ?? { calls: 0, toldMs: Number.NEGATIVE_INFINITY }
    here.set(key, known)
    known.calls++
    const now = nowMs()
    if (Math.abs(now - known.toldMs) < leaseMs / 4) return
    known.toldMs = now
    await state.setIn(groupOf(key), me, '1', leaseMs)
  }

  async function leaveOne(key: string): Promise<void> {
    const known = here.get(key)
    if (known === undefined || --known.calls > 0) return
    here.delete(key)
    await state.removeIn(groupOf(key), me)
  }

  return {
    hold: async (keys) => void (await Promise.all(keys.map(holdOne)).catch(ignoreOutage)),
    leave: async (keys) => void (await Promise.all(keys.map(leaveOne)).catch(ignoreOutage)),
    async others(key) {
      const all = await state.list(groupOf(key))
      return all.size > (all.has(me) ? 1 : 0)
    },
  }
}

/** Who is not heard of is not waited for; nothing is spent by it. */
function ignoreOutage(error: unknown): void {
  if (!(error instanceof StateError)) throw error
}
