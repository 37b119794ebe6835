/** A round of anchors as a run: labelled subjects, each judged anew by the eval's own judge, and by no stand-in of it. */
import { randomUUID } from 'node:crypto'
import type { JudgePlan } from '../../dsl/plan.ts'
import type { OfflineEval } from '../../engine/evaluate/offline-eval.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { type Anchor, anchorsAmong, fileLabels } from '../../engine/trust/labels.ts'
import { saidByPeople } from '../../storage/labels/anchors.ts'
import { readLabels } from '../../storage/labels/labels.ts'
import { type LabelledTraces, sessionTraces, subjectViews } from '../../storage/labels/subject-views.ts'
import type { OfflineJob } from '../../storage/queue/port.ts'
import type { BatchOutcome, RunBatch, RunPlan } from '../../storage/queue/run-record.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import type { RunBudget } from './budget.ts'
import { type BatchContext, runBatch } from './run-batch.ts'

export type AnchorTraces = Pick<TracesStore, 'queryResults' | 'insertResults'> & LabelledTraces

const MAX_LABELS = 10_000

/** Of the file that the eval names, else of what people labelled first. */
export async function anchorsOf(
  tenant: string,
  { plan, decide }: OfflineEval,
  traces: Pick<TracesStore, 'queryResults'> & LabelledTraces,
): Promise<Anchor[]> {
  const { anchors = [] } = plan
  if (anchors.length === 0)
    // Newest first.
    return anchorsAmong((await readLabels(traces, tenant, plan.id, MAX_LABELS)).reverse())
  const ids = anchors.map(({ traceId }) => traceId)
  const views = await subjectViews(traces, tenant, plan, ids)
  return anchorsAmong(fileLabels({ decide }, anchors, views))
}

/** Null where there are none. What the budget does not pay for is `over_budget`, as in any run. */
export async function planAnchors(
  { tenant }: OfflineJob,
  compiled: OfflineEval,
  { traces, budget }: { traces: AnchorTraces; budget: RunBudget | null },
): Promise<RunPlan | null> {
  const anchors = await anchorsOf(tenant, compiled, traces)
  if (anchors.length === 0) return null
  const traceIds = [...new Set(anchors.map(({ traceId }) => traceId))]
  // Of an eval of sessions each is judged as a whole, as it is stored by now.
  const sessions =
    compiled.plan.sample.scope.subject === 'session' ? await sessionTraces(traces, tenant, traceIds) : null
  return {
    populationTraces: traceIds.length,
    lookedAtTraces: traceIds.length,
    sampled: anchors.length,
    unpaid: 0,
    cheaper: 0,
    holdBackMicroUsd: 0,
    estimateMicroUsd: null,
    budgetMicroUsd: budget === null ? null : Math.floor(await budget.left()),
    subjects: anchors.map(({ traceId, spanId }) => {
      const session = sessions?.get(traceId)
      return session === undefined ? [traceId, spanId, 1] : [traceId, spanId, 1, { traces: [...session] }]
    }),
  }
}

/** `judge` has to ask anew: an answer from the cache says nothing of today's judge. */
export async function judgeAnchors(
  batch: RunBatch,
  compiled: OfflineEval,
  context: Omit<BatchContext, 'publish' | 'traces'> & { traces: AnchorTraces },
): Promise<BatchOutcome> {
  const { traces } = context
  const anchors = await anchorsOf(batch.job.tenant, compiled, traces)
  const said = new Map(anchors.map(({ traceId, spanId, isPass }) => [`${traceId}/${spanId}`, isPass]))
  const publish = async (results: readonly EvalResult[]): Promise<void> => {
    const kept = results.flatMap((result) => {
      const isPass = said.get(`${result.traceId}/${result.spanId}`)
      // Labelled otherwise since the round was planned: nobody can say any more whether the judge is right.
      return isPass === undefined ? [] : [{ ...result, judgements: [saidByPeople(isPass)] }]
    })
    if (kept.length > 0) await traces.insertResults(kept, randomUUID())
  }
  const defaultJudge = context.defaultJudge ?? null
  return runBatch(batch, ownJudgeAlone(compiled), {
    ...context,
    defaultJudge: defaultJudge === null ? null : alone(defaultJudge),
    publish,
  })
}

const alone = (judge: JudgePlan): JudgePlan => ({ ...judge, fallbacks: [] })

function ownJudgeAlone(compiled: OfflineEval): OfflineEval {
  const { method, budget } = compiled.plan
  const own =
    method.kind === 'rubric'
      ? { ...method, judge: alone(method.judge) }
      : { ...method, judge: method.judge === null ? null : alone(method.judge) }
  const { cheaper: _, ...bounds } = budget ?? { currency: 'USD', perRunMicros: null, perMonthMicros: null }
  return { ...compiled, proxy: null, plan: { ...compiled.plan, method: own, budget: budget === null ? null : bounds } }
}
