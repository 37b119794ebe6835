/**
 * What people say of subjects, kept as results of an eval under a run of their own: so they are erased with their trace, backed up and kept
 * as results are, and no query of live results sees them. They do not go through the log: no alert counts them.
 */
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { TracesStore } from '../traces/port.ts'

export const LABEL_PREFIX = 'label@'

export interface HumanLabel {
  readonly evalId: string
  readonly traceId: string
  /** Empty for a subject that is a whole trace. */
  readonly spanId: string
  readonly score: number | undefined
  readonly isPass: boolean
  readonly note: string | undefined
  readonly by: string
  readonly atMs: number
}

/** As it is given. Null: what the person said before is taken back. */
export interface GivenLabel extends Omit<HumanLabel, 'isPass'> {
  readonly isPass: boolean | null
}

/** A later one by the same person takes the place of an earlier one. */
function resultOf(tenant: string, evalPlan: OfflineEvalPlan, label: GivenLabel): EvalResult {
  return makeResult({
    tenant,
    evalId: label.evalId,
    // Of no measure: what a person says holds whichever judge is asked.
    measureHash: '0'.repeat(32),
    verdictHash: '0'.repeat(32),
    mode: evalPlan.mode,
    subjectKind: evalPlan.sample.scope.subject,
    traceId: label.traceId,
    spanId: label.spanId,
    subjectTimeUs: label.atMs * 1000,
    evaluatedAtMs: label.atMs,
    revision: Math.floor(label.atMs / 1000),
    verdict: label.isPass === null ? 'unknown' : label.isPass ? 'pass' : 'fail',
    score: label.score,
    explanation: label.note,
    runId: `${LABEL_PREFIX}${label.by}`,
  })
}

/** Durable when it resolves. */
export async function storeLabels(
  traces: Pick<TracesStore, 'insertResults'>,
  tenant: string,
  evalPlan: OfflineEvalPlan,
  labels: readonly GivenLabel[],
  token: string,
): Promise<void> {
  if (labels.length > 0)
    await traces.insertResults(
      labels.map((label) => resultOf(tenant, evalPlan, label)),
      token,
    )
}

/** The latest of each person on each subject, newest first, without what was taken back. */
export async function readLabels(
  traces: Pick<TracesStore, 'queryResults'>,
  tenant: string,
  evalId: string,
  limit: number,
): Promise<HumanLabel[]> {
  const results = await traces.queryResults(tenant, { evalId, labels: true, limit })
  return results.map((result) => ({
    evalId,
    traceId: result.traceId,
    spanId: result.spanId,
    score: result.score,
    isPass: result.verdict === 'pass',
    note: result.explanation,
    by: result.runId.slice(LABEL_PREFIX.length),
    atMs: result.evaluatedAtMs,
  }))
}
