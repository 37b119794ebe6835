/** What people do with runs: begin, look at, pause, resume and cancel them. All of it is on the queue, wherever it is asked. */
import type { JudgePlan, OfflineEvalPlan } from '../../dsl/plan.ts'
import type {
  ControlOutcome,
  OfflineControl,
  Readiness,
  Refused,
  RunNowOutcome,
  RunView,
} from '../../storage/queue/offline-control.ts'
import { type OfflineQueue, QueueError } from '../../storage/queue/port.ts'
import type { RunRecord } from '../../storage/queue/run-record.ts'
import { expectedRun } from './expected-run.ts'
import { latestSlotMs, runIdOf } from './slot.ts'

export interface ControlOptions {
  queue: OfflineQueue
  offlineEvals: (tenant: string) => OfflineEvalPlan[]
  readiness: (tenant: string, evalPlan: OfflineEvalPlan) => Readiness | Promise<Readiness>
  nextSlotMs: (tenant: string, evalPlan: OfflineEvalPlan) => number | undefined
  /** Asked by metrics whose eval names no judge. */
  defaultJudge?: JudgePlan | null
  nowMs: () => number
}

/** Of an eval: the last run, and those before it that may tell what one costs where it drew nothing. */
const LATEST_RUNS = 5

export function createControl(options: ControlOptions): OfflineControl {
  const { queue, offlineEvals, readiness, nextSlotMs, defaultJudge = null, nowMs } = options
  const planOf = (tenant: string, evalId: string): OfflineEvalPlan | undefined =>
    offlineEvals(tenant).find(({ id }) => id === evalId)
  const unknownEval = (evalId: string): Refused => ({
    ok: false,
    code: 'unknown_eval',
    message: `No offline eval ${evalId} is in force.`,
  })

  async function unlessAway<T>(work: () => Promise<T>): Promise<T | Refused> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof QueueError)) throw error
      return { ok: false, code: 'queue_unavailable', message: error.message }
    }
  }

  async function viewOf(record: RunRecord): Promise<RunView> {
    const { tenant, runId } = record.job
    return { ...record, cancelledSinceMs: await queue.cancelledSince(tenant, runId) }
  }

  function setPaused(tenant: string, evalId: string, sinceMs: number | null): Promise<ControlOutcome> {
    return unlessAway(async () => {
      if (planOf(tenant, evalId) === undefined) return unknownEval(evalId)
      if (sinceMs === null || (await queue.pausedSince(tenant, evalId)) === null)
        await queue.setPaused(tenant, evalId, sinceMs)
      return { ok: true }
    })
  }

  return {
    runNow: (tenant, evalId, { at, window } = { at: 'now' }) =>
      unlessAway<RunNowOutcome>(async () => {
        const evalPlan = planOf(tenant, evalId)
        if (evalPlan === undefined) return unknownEval(evalId)
        const { state, detail } = await readiness(tenant, evalPlan)
        // Where no worker is known it waits for one.
        if (state !== 'ready' && state !== 'by_proxy' && state !== 'no_worker')
          return { ok: false, code: state, message: detail ?? state }
        const slotMs = at === 'now' ? nowMs() : latestSlotMs(evalPlan.schedule, nowMs())
        if (slotMs === undefined) {
          const message = `The schedule of ${evalId} had no slot in the last 35 days.`
          return { ok: false, code: 'no_slot', message }
        }
        const trigger = at === 'now' ? 'manual' : 'schedule'
        const runId = runIdOf(evalId, slotMs, trigger)
        const job = { tenant, evalId, runId, slotMs, trigger, ...(window !== undefined && { window }) } as const
        return { ok: true, runId, isKnown: (await queue.enqueue(job)) === 'known' }
      }),
    pause: (tenant, evalId) => setPaused(tenant, evalId, nowMs()),
    resume: (tenant, evalId) => setPaused(tenant, evalId, null),
    cancel: (tenant, runId) =>
      unlessAway<ControlOutcome>(async () => {
        const state = await queue.stateOf(tenant, runId)
        if (state === 'unknown') return { ok: false, code: 'unknown_run', message: `There is no run ${runId}.` }
        if (state === 'done' || state === 'failed')
          return { ok: false, code: 'run_ended', message: `The run ${runId} has ended.` }
        await queue.setCancelled(tenant, runId, nowMs())
        return { ok: true }
      }),
    async status(tenant) {
      const evals = offlineEvals(tenant)
      if (evals.length === 0) return []
      const byEval = Map.groupBy(await queue.latestRunsOf(tenant, LATEST_RUNS), ({ job }) => job.evalId)
      return Promise.all(
        evals.map(async (evalPlan) => {
          const runs = byEval.get(evalPlan.id) ?? []
          const [run] = runs
          const ready = await readiness(tenant, evalPlan)
          return {
            tenant,
            evalId: evalPlan.id,
            ...ready,
            schedule: evalPlan.schedule,
            nextSlotMs: nextSlotMs(tenant, evalPlan),
            pausedSinceMs: await queue.pausedSince(tenant, evalPlan.id),
            lastRun: run === undefined ? null : await viewOf(run),
            nextRun: expectedRun(evalPlan, ready.state, defaultJudge, runs),
          }
        }),
      )
    },
    runs: async (tenant, options) => Promise.all((await queue.runsOf(tenant, options)).map(viewOf)),
    async run(tenant, runId) {
      const record = await queue.runOf(tenant, runId)
      return record === null ? null : viewOf(record)
    },
  }
}
