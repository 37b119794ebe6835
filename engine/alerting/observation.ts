/** From a result in the log to what an alert observes. */

import { scoreInPlanUnit } from '../evaluate/score.ts'
import type { EvalResult } from '../model/result.ts'
import { isRegression, isStatistical, type RunAlert } from './run-alert.ts'
import type { AlertExample } from './transition.ts'
import type { Observation } from './window.ts'
import { isSplit } from './window-parts.ts'

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

function exampleOf(result: EvalResult, { measureHash, scoreUnit }: RunAlert): AlertExample {
  return {
    subjectKind: result.subjectKind,
    traceId: result.traceId,
    spanId: result.spanId,
    agentName: result.agentName,
    score: result.score,
    ...(result.score !== undefined && result.measureHash === measureHash && scoreUnit !== undefined && { scoreUnit }),
    reason: result.reason,
    evidence: result.evidence
      .slice(0, EVIDENCE_SHOWN)
      .map(({ field, pattern, masked }) => ({ field, pattern, masked })),
  }
}

/** What results carry, under the names that the language gives them. */
function labelsOf({ agentName, agentVersion, env, labels }: EvalResult): Record<string, string> {
  const all: Record<string, string> = { ...labels }
  if (agentName !== undefined) all['agent.name'] = agentName
  if (agentVersion !== undefined) all['agent.version'] = agentVersion
  if (env !== undefined) all.env = env
  return all
}

export function observationOf(result: EvalResult, alert: RunAlert, appendTimeMs: number, isOld = false): Observation {
  const { measure } = alert.when
  const score = scoreInPlanUnit(result.score, measure.type)
  const ofPasses =
    (measure.kind === 'count' || measure.kind === 'rate' ? measure.verdict === 'pass' : false) ||
    alert.on.kind === 'scope'
  const ofScores = measure.kind === 'score' || measure.kind === 'value'
  return {
    verdict: result.verdict,
    ...(ofScores && score !== undefined && { score }),
    ...((alert.by.length > 0 || isSplit(alert.when)) && { labels: labelsOf(result) }),
    ...(!isRegression(alert) && result.agentVersion !== undefined && { version: result.agentVersion }),
    ...(isStatistical(alert) && { measureHash: result.measureHash }),
    ...(isOld && { isStale: true }),
    atMs: appendTimeMs,
    // Each run of an offline eval asks anew: what it says of a subject that an earlier run saw is news.
    key: `${result.traceId}/${result.spanId}${result.runId === '' ? '' : `/${result.runId}`}`,
    revision: result.revision,
    // Passes are many, and examples of them are wanted by rules on passes alone.
    exemplar: result.verdict === 'pass' && !ofPasses ? null : exampleOf(result, alert),
  }
}
