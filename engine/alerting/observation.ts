/** From a result in the log to what an alert observes. */

import { scoreInPlanUnit } from '../evaluate/score.ts'
import type { EvalResult } from '../model/result.ts'
import type { RunAlert } from './run-alert.ts'
import type { AlertExample } from './transition.ts'
import type { Observation } from './window.ts'

/** Online results on spans that came longer ago than this are of a catch-up or a replay of the log: they page nobody. */
export const STALE_AFTER_MS = 15 * 60_000

const EVIDENCE_SHOWN = 3

/**
 * True for an online result that says something of the past only, by the log's clock alone: a subject may have run for long, and
 * its client's clock may be wrong. What was judged without the log (an offline eval looks at old traces by design) is never stale.
 */
export function isStale({ subjectArrivedAtMs }: EvalResult, appendTimeMs: number): boolean {
  return subjectArrivedAtMs !== undefined && appendTimeMs - subjectArrivedAtMs > STALE_AFTER_MS
}

function exampleOf(result: EvalResult): AlertExample {
  return {
    subjectKind: result.subjectKind,
    traceId: result.traceId,
    spanId: result.spanId,
    agentName: result.agentName,
    score: result.score,
    reason: result.reason,
    evidence: result.evidence
      .slice(0, EVIDENCE_SHOWN)
      .map(({ field, pattern, masked }) => ({ field, pattern, masked })),
  }
}

export function observationOf(result: EvalResult, alert: RunAlert, appendTimeMs: number): Observation {
  const { measure } = alert.when
  const score = scoreInPlanUnit(result.score, measure.type)
  const ofPasses = (measure.kind === 'count' || measure.kind === 'rate') && measure.verdict === 'pass'
  return {
    verdict: result.verdict,
    ...(measure.kind === 'score' && score !== undefined && { score }),
    atMs: appendTimeMs,
    // Each run of an offline eval asks anew: what it says of a subject that an earlier run saw is news.
    key: `${result.traceId}/${result.spanId}${result.runId === '' ? '' : `/${result.runId}`}`,
    revision: result.revision,
    // Passes are many, and examples of them are wanted by rules on passes alone.
    exemplar: result.verdict === 'pass' && !ofPasses ? null : exampleOf(result),
  }
}
