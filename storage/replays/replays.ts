/** What the API does with replays, each of a tenant: look, ask for one, stop it, let it go on. */
import { randomBytes } from 'node:crypto'
import type { Log } from '../log/port.ts'
import type { RunComparison, TracesStore } from '../traces/port.ts'
import { type AskOutcome, planReplay, type ReplayAsk } from './ask.ts'
import { ReplayBook } from './book.ts'
import { isWanted, packPlan, type ReplayRun, stateOf } from './replay.ts'

export type CreateOutcome =
  | { ok: true; run: ReplayRun }
  | Extract<AskOutcome, { ok: false }>
  | { ok: false; code: 'busy'; message: string }

export type ChangeOutcome = { ok: true; run: ReplayRun } | { ok: false; code: 'unknown' | 'settled'; message: string }

export interface Replays {
  /** What a replay would read; writes nothing. */
  plan(tenant: string, ask: ReplayAsk): Promise<AskOutcome>
  create(tenant: string, ask: ReplayAsk): Promise<CreateOutcome>
  list(tenant: string): Promise<ReplayRun[]>
  get(tenant: string, runId: string): Promise<ReplayRun | null>
  stop(tenant: string, runId: string): Promise<ChangeOutcome>
  resume(tenant: string, runId: string): Promise<ChangeOutcome>
  compare(tenant: string, runId: string): Promise<RunComparison[]>
}

/** They run one after the other. */
const MAX_WAITING = 20

export interface ReplaysOptions {
  log: Log
  traces: Pick<TracesStore, 'countWindow' | 'compareRun'>
  nowMs: () => number
  /** Somebody has to run one now. */
  onWanted?: () => void
}

/** The topic `replays` is there. Every method rejects with `LogError`, or with the store's error. */
export function openReplays({ log, traces, nowMs, onWanted }: ReplaysOptions): Replays {
  const book = new ReplayBook(log)
  const parts = { log, traces, nowMs, randomHex: () => randomBytes(2).toString('hex') }
  const find = async (tenant: string, runId: string): Promise<ReplayRun | null> => {
    await book.refresh()
    return book.get(tenant, runId)
  }
  const unknown = (runId: string) => ({ ok: false, code: 'unknown', message: `there is no replay ${runId}` }) as const
  return {
    plan: (tenant, ask) => planReplay(ask, { ...parts, tenant }),
    create: async (tenant, ask) => {
      await book.refresh()
      if (book.runs().filter(isWanted).length >= MAX_WAITING) {
        return { ok: false, code: 'busy', message: `${MAX_WAITING} replays are under way: wait for one, or cancel one` }
      }
      const planned = await planReplay(ask, { ...parts, tenant })
      if (!planned.ok) return planned
      const run = await book.create(planned.request, packPlan(ask.plan))
      onWanted?.()
      return { ok: true, run }
    },
    list: async (tenant) => {
      await book.refresh()
      return book.runs().filter(({ request }) => request.tenant === tenant)
    },
    get: find,
    stop: async (tenant, runId) => {
      const run = await find(tenant, runId)
      if (run === null) return unknown(runId)
      const state = stateOf(run)
      if (state === 'done') return { ok: false, code: 'settled', message: `${runId} is done: there is nothing to stop` }
      if (state !== 'stopped') await book.wish(run, { ...run.wish, want: 'stop' })
      return { ok: true, run: book.get(tenant, runId)! }
    },
    resume: async (tenant, runId) => {
      const run = await find(tenant, runId)
      if (run === null) return unknown(runId)
      const state = stateOf(run)
      if (state === 'done')
        return { ok: false, code: 'settled', message: `${runId} is done: there is nothing left to do` }
      // One that waits or runs goes on by itself.
      if (!isWanted(run)) await book.wish(run, { want: 'run', attempt: run.wish.attempt + 1 })
      onWanted?.()
      return { ok: true, run: book.get(tenant, runId)! }
    },
    compare: (tenant, runId) => traces.compareRun(tenant, runId),
  }
}
