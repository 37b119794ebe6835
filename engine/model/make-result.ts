/** One place that writes a result's properties, so that every result in the process has the same hidden class. */
import type { EvalResult, Evidence, Judgement } from './result.ts'

const NO_EVIDENCE: readonly Evidence[] = Object.freeze([])
/** Of what no judge was asked. */
export const NO_JUDGEMENTS: readonly Judgement[] = Object.freeze([])

/** What may be left out; an explicit `undefined` is the same as leaving out. */
export type ResultFields = { [K in keyof EvalResult]?: EvalResult[K] | undefined }

/** A result with every property initialised, in one fixed order; what `partial` leaves out is a neutral online pass. */
export function makeResult(partial: ResultFields = {}): EvalResult {
  return {
    tenant: partial.tenant ?? 'default',
    evalId: partial.evalId ?? '',
    measureHash: partial.measureHash ?? '',
    verdictHash: partial.verdictHash ?? '',
    mode: partial.mode ?? 'live',
    subjectKind: partial.subjectKind ?? 'trace',
    traceId: partial.traceId ?? '',
    spanId: partial.spanId ?? '',
    subjectTimeUs: partial.subjectTimeUs ?? 0,
    subjectArrivedAtMs: partial.subjectArrivedAtMs,
    evaluatedAtMs: partial.evaluatedAtMs ?? 0,
    revision: partial.revision ?? 1,
    verdict: partial.verdict ?? 'pass',
    score: partial.score,
    reason: partial.reason,
    evidence: partial.evidence ?? NO_EVIDENCE,
    judgements: partial.judgements ?? NO_JUDGEMENTS,
    explanation: partial.explanation,
    agentName: partial.agentName,
    agentVersion: partial.agentVersion,
    env: partial.env,
    judgeModel: partial.judgeModel,
    judgeInputTokens: partial.judgeInputTokens,
    judgeOutputTokens: partial.judgeOutputTokens,
    costMicroUsd: partial.costMicroUsd,
    runId: partial.runId ?? '',
    inclusionProbability: partial.inclusionProbability ?? 1,
    drawnFor: partial.drawnFor,
    labels: partial.labels,
  }
}
