import type { Plan } from '../dsl/plan.ts'
import { scoreUnitOf } from '../engine/evaluate/score.ts'
import type { EvalResult } from '../engine/model/result.ts'
import { rfc3339FromUs } from '../engine/model/span-json.ts'
import type { ResultJson } from './schemas.ts'

/** The unit of a result's score, by the definitions in force; null where it has none, or another measure is in force. */
export type UnitOf = (result: EvalResult) => string | null

export function unitsOf(plan: Plan): UnitOf {
  const evals = new Map(plan.evals.map((one) => [one.id, { measureHash: one.measureHash, unit: scoreUnitOf(one) }]))
  return ({ evalId, measureHash }) => {
    const known = evals.get(evalId)
    return known?.measureHash === measureHash ? known.unit : null
  }
}

/** A result as the API shows it: what is not known is left out. */
export function resultToJson(result: EvalResult, unitOf: UnitOf): ResultJson {
  const unit = result.score === undefined ? null : unitOf(result)
  const { agentName, agentVersion, judgeModel, judgeInputTokens, judgeOutputTokens, reason } = result
  return {
    eval: result.evalId,
    traceId: result.traceId,
    ...(result.spanId !== '' && { spanId: result.spanId }),
    subject: result.subjectKind,
    subjectTime: rfc3339FromUs(result.subjectTimeUs),
    verdict: result.verdict,
    ...(result.score !== undefined && { score: result.score }),
    ...(unit !== null && { scoreUnit: unit }),
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
    ...(result.costMicroUsd !== undefined && { costUsd: result.costMicroUsd / 1e6 }),
    ...(result.runId !== '' && { runId: result.runId, inclusionProbability: result.inclusionProbability }),
    ...(result.drawnFor !== undefined && { drawnFor: result.drawnFor }),
  }
}
