import type { Plan } from '../dsl/plan.ts'
import { scoreUnitOf } from '../engine/evaluate/score.ts'
import { type StandIn, standInsOf } from '../engine/judge/answered-by.ts'
import type { EvalResult } from '../engine/model/result.ts'
import { rfc3339FromUs } from '../engine/model/span-json.ts'
import type { ResultJson } from './schemas.ts'

/** What is known of a result's measure by the definitions in force; null where another is in force. */
export type MeasureOf = (result: EvalResult) => { unit: string | null; standIn: StandIn | null } | null

export function measuresOf(plan: Plan): MeasureOf {
  const evals = new Map(plan.evals.map((one) => [one.id, one]))
  return ({ evalId, measureHash }) => {
    const one = evals.get(evalId)
    if (one === undefined) return null
    const standIn = one.kind === 'offline' ? (standInsOf(one).get(measureHash) ?? null) : null
    // A stand-in scores on the eval's own scale.
    return one.measureHash === measureHash || standIn !== null ? { unit: scoreUnitOf(one), standIn } : null
  }
}

/** A result as the API shows it: what is not known is left out. */
export function resultToJson(result: EvalResult, measureOf: MeasureOf): ResultJson {
  const { unit = null, standIn = null } = measureOf(result) ?? {}
  const { agentName, agentVersion, judgeModel, judgeInputTokens, judgeOutputTokens, reason } = result
  return {
    eval: result.evalId,
    traceId: result.traceId,
    ...(result.spanId !== '' && { spanId: result.spanId }),
    subject: result.subjectKind,
    subjectTime: rfc3339FromUs(result.subjectTimeUs),
    verdict: result.verdict,
    ...(result.score !== undefined && { score: result.score }),
    ...(result.score !== undefined && unit !== null && { scoreUnit: unit }),
    ...(reason !== undefined && { reason: { ...reason } }),
    evidence: result.evidence.map((evidence) => ({ ...evidence })),
    ...(result.judgements.length > 0 && { judgements: result.judgements.map((judgement) => ({ ...judgement })) }),
    ...(result.explanation !== undefined && { explanation: result.explanation }),
    revision: result.revision,
    evaluatedAt: new Date(result.evaluatedAtMs).toISOString(),
    mode: result.mode,
    measureHash: result.measureHash,
    verdictHash: result.verdictHash,
    ...((agentName !== undefined || agentVersion !== undefined) && {
      agent: {
        ...(agentName !== undefined && { name: agentName }),
        ...(agentVersion !== undefined && { version: agentVersion }),
      },
    }),
    ...(result.env !== undefined && { env: result.env }),
    ...(judgeModel !== undefined && {
      judge: {
        model: judgeModel,
        ...(judgeInputTokens !== undefined && { inputTokens: judgeInputTokens }),
        ...(judgeOutputTokens !== undefined && { outputTokens: judgeOutputTokens }),
      },
    }),
    ...(standIn !== null && { standIn }),
    ...(result.costMicroUsd !== undefined && { costUsd: result.costMicroUsd / 1e6 }),
    ...(result.runId !== '' && { runId: result.runId, inclusionProbability: result.inclusionProbability }),
    ...(result.drawnFor !== undefined && { drawnFor: result.drawnFor }),
  }
}
