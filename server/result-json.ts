import type { EvalResult } from '../engine/model/result.ts'
import { rfc3339FromUs } from '../engine/model/span-json.ts'
import type { ResultJson } from './schemas.ts'

/** A result as the API shows it: what is not known is left out. */
export function resultToJson(result: EvalResult): ResultJson {
  const { agentName, agentVersion, judgeModel, judgeInputTokens, judgeOutputTokens, reason } = result
  return {
    eval: result.evalId,
    traceId: result.traceId,
    ...(result.spanId !== '' && { spanId: result.spanId }),
    subject: result.subjectKind,
    subjectTime: rfc3339FromUs(result.subjectTimeUs),
    verdict: result.verdict,
    ...(result.score !== undefined && { score: result.score }),
    ...(reason !== undefined && { reason: { ...reason } }),
    evidence: result.evidence.map((evidence) => ({ ...evidence })),
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
  }
}
