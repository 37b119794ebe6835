/** The worker of offline evals: plans runs and judges their batches, as far as the definitions in force and people let it. */
import { randomUUID } from 'node:crypto'
import type { JudgePlan, OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { compileOfflineEval, type OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { faultPoint } from '../../storage/fault-point.ts'
import type { Readiness } from '../../storage/queue/offline-control.ts'
import { type OfflineJob, type OfflineQueue, type RunHandlers, RunPostponed } from '../../storage/queue/port.ts'
import { NO_OUTCOME, type RunPlan } from '../../storage/queue/run-record.ts'
import { traced } from '../../storage/tracing/tracer.ts'
import type { Turnstile } from '../../storage/turnstile.ts'
import { type AnchorTraces, judgeAnchors, planAnchors } from './anchors.ts'
import type { Budgets } from './budget.ts'
import { createOutputEstimate } from './budgeted-client.ts'
import { type JudgeClient, NOBODY } from './judge-client.ts'
import { isOutage } from './outage.ts'
import { planRun } from './plan-run.ts'
import type { Prices } from './prices.ts'
import type { ReadAhead } from './read-ahead.ts'
import type { OfflineTraces } from './run.ts'
import { runBatch } from './run-batch.ts'

export interface WorkOptions {
  queue: Pick<OfflineQueue, 'pausedSince' | 'cancelledSince'>
  traces: OfflineTraces & AnchorTraces
  planOf: (tenant: string) => Plan
  readiness: (tenant: string, evalPlan: OfflineEvalPlan) => Readiness
  judgeOf: (tenant: string) => JudgeClient
  /** The same judges, each question asked anew. */
  askAnewOf: (tenant: string) => JudgeClient
  /** Hears what the judges of an eval said. */
  onJudged: (evalPlan: OfflineEvalPlan, results: readonly EvalResult[]) => Promise<void>
  /** Hears that anchors of an eval were judged again, and are stored. */
  onAnchors: (tenant: string, evalId: string) => Promise<void>
  /** Asked by metrics whose eval names no judge. */
  defaultJudge: JudgePlan | null
  budgets: Budgets
  /** Of the judges that an eval may ask. */
  pricesOf: (evalPlan: OfflineEvalPlan) => Prices
  publish: (results: readonly EvalResult[]) => Promise<void>
  turnstile: Turnstile
  readAhead: ReadAhead
  /** Of what comes in. */
  isQuietSince: (sinceMs: number) => Promise<boolean>
  nowMs: () => number
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  onNotice: (message: string) => void
  /** A run that finds the store or the log away is tried again after this long, however often. */
  outageWaitMs: number
  /** A paused run looks so often whether it is still. */
  pausedLookMs: number
  signal: AbortSignal
}

interface InForce {
  offlineEval: OfflineEval
  /** None of its judges can be asked. */
  isByProxy: boolean
}

export function createHandlers(options: WorkOptions): RunHandlers {
  const { queue, traces, nowMs, sleep, onNotice, signal } = options
  const compiled = new WeakMap<OfflineEvalPlan, OfflineEval>()
  const outputs = createOutputEstimate()
  const paidBy = (job: OfflineJob, { offlineEval, isByProxy }: InForce) =>
    isByProxy
      ? { defaultJudge: options.defaultJudge }
      : {
          prices: options.pricesOf(offlineEval.plan),
          outputs,
          budget: options.budgets.of(job, offlineEval.plan),
          defaultJudge: options.defaultJudge,
        }

  /** Null where it is not to be run: it was taken out of the definitions after its slot was enqueued, or was cancelled. */
  async function evalOf({ tenant, evalId, runId }: OfflineJob): Promise<InForce | null> {
    const plan = options.planOf(tenant)
    const evalPlan = plan.evals.find((one): one is OfflineEvalPlan => one.kind === 'offline' && one.id === evalId)
    if (evalPlan === undefined) return null
    const { state, detail } = options.readiness(tenant, evalPlan)
    if (state !== 'ready' && state !== 'by_proxy') {
      onNotice(detail ?? state)
      return null
    }
    if (!(await mayGoOn({ tenant, evalId, runId }))) return null
    let found = compiled.get(evalPlan)
    if (found === undefined) {
      found = compileOfflineEval(plan, evalPlan)
      compiled.set(evalPlan, found)
    }
    return { offlineEval: found, isByProxy: state === 'by_proxy' }
  }

  /** False where it is cancelled. Rejects with `RunPostponed` while it is paused. */
  async function mayGoOn({ tenant, evalId, runId }: Pick<OfflineJob, 'tenant' | 'evalId' | 'runId'>): Promise<boolean> {
    if ((await queue.cancelledSince(tenant, runId)) !== null) return false
    if ((await queue.pausedSince(tenant, evalId)) !== null)
      throw new RunPostponed(options.pausedLookMs, new Error(`${evalId} is paused`))
    return true
  }

  /** What is away is waited for; the rest is said, and tried again as often as the queue has it. */
  async function told<T>(
    job: OfflineJob,
    name: string,
    subjects: number | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const { tenant, runId } = job
    try {
      return await tracedJob(job, name, subjects, work)
    } catch (error) {
      if (signal.aborted || error instanceof RunPostponed) throw error
      const isAway = isOutage(error)
      const saying = isAway ? 'waits' : 'failed and is tried again'
      onNotice(`The run ${runId}${ofTenant(tenant)} ${saying}: ${messageOf(error)}`)
      throw isAway ? new RunPostponed(options.outageWaitMs, error) : error
    }
  }

  /** What is to be known of it is in its record as well. */
  function planned({ tenant, evalId }: OfflineJob, plan: RunPlan): RunPlan {
    for (const note of plan.notes ?? []) onNotice(`${evalId}${ofTenant(tenant)}: ${note}`)
    return plan
  }

  return {
    plan: (job) =>
      told(job, 'offline run', undefined, async () => {
        const inForce = await evalOf(job)
        if (inForce === null) return null
        const { offlineEval } = inForce
        return job.trigger === 'anchors'
          ? planAnchors(job, offlineEval, { traces, budget: options.budgets.of(job, offlineEval.plan) })
          : planned(
              job,
              await planRun(job, offlineEval, {
                ...paidBy(job, inForce),
                recall: options.judgeOf(job.tenant).recall,
                traces,
                isQuietSince: options.isQuietSince,
                nowMs,
                sleep,
                signal,
              }),
            )
      }),
    batch: (batch) =>
      told(batch.job, 'offline batch', batch.subjects.length, async () => {
        const inForce = await evalOf(batch.job)
        if (inForce === null) return { ...NO_OUTCOME, left: batch.subjects.length }
        const { offlineEval, isByProxy } = inForce
        const { tenant, evalId, trigger } = batch.job
        const common = {
          traces,
          ...paidBy(batch.job, inForce),
          nowMs,
          enter: options.turnstile.enter,
          // Of random bytes that are drawn in advance: 122 bits in 32 digits.
          nonce: () => randomUUID().replaceAll('-', ''),
          signal,
        }
        if (trigger === 'anchors') {
          const outcome = await judgeAnchors(batch, offlineEval, { ...common, judge: options.askAnewOf(tenant) })
          await options.onAnchors(tenant, evalId)
          return outcome
        }
        const publish = async (results: readonly EvalResult[]): Promise<void> => {
          await options.publish(results)
          await options.onJudged(offlineEval.plan, results)
        }
        const judge = isByProxy ? NOBODY : options.judgeOf(tenant)
        const outcome = await runBatch(batch, offlineEval, {
          ...common,
          judge,
          publish,
          readAhead: options.readAhead,
          // It may have waited long.
          mayBegin: () => mayGoOn(batch.job),
        })
        faultPoint('offline.before-complete')
        return outcome
      }),
  }
}

/** A run begins with its plan, and goes on in batches, which may be anywhere: they have the run's id in common. */
const tracedJob = <T>(
  job: OfflineJob,
  name: string,
  subjects: number | undefined,
  work: () => Promise<T>,
): Promise<T> =>
  traced(
    name,
    () => ({
      kind: 'consumer',
      attributes: {
        'assay.tenant': job.tenant,
        'assay.eval.id': job.evalId,
        'assay.run.id': job.runId,
        'assay.run.trigger': job.trigger,
        'assay.subjects': subjects,
      },
    }),
    work,
  )

/** For messages to the operator. */
export const ofTenant = (tenant: string): string => (tenant === DEFAULT_TENANT ? '' : ` of tenant ${tenant}`)
