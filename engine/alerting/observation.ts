/** From a result in the log to what an alert observes. */
import type { AlertPlan } from '../../dsl/plan.ts'
import type { EvalResult } from '../model/result.ts'
import type { AlertExample } from './transition.ts'
import type { Observation } from './window.ts'

/** Online results whose subject ended longer ago than this come from a catch-up or a replay: they page nobody. */
export const STALE_AFTER_MS = 15 * 60_000

/**
 * A result knows when its subject began, not when it ended. A trace is judged an hour after its beginning at the latest, and an
 * agent's run may be as long as its trace, so these two get that hour on top.
 */
const LONGEST_TRACE_MS = 60 * 60_000

const EVIDENCE_SHOWN = 3

/**
 * True for an online result that says something of the past only. Judges look at old traces by design, so an offline
 * result (one with a run) is never stale.
 */
export function isStale(result: EvalResult, appendTimeMs: number): boolean {
  if (result.runId !== '') return false
  const mayBeLong = result.subjectKind === 'trace' || result.subjectKind === 'agent_run'
  const allowedMs = STALE_AFTER_MS + (mayBeLong ? LONGEST_TRACE_MS : 0)
  return appendTimeMs - result.subjectTimeUs / 1000 > allowedMs
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

export function observationOf(result: EvalResult, alert: AlertPlan, appendTimeMs: number): Observation {
  return {
    verdict: result.verdict,
    atMs: appendTimeMs,
    key: `${result.traceId}/${result.spanId}`,
    revision: result.revision,
    // Passes are many, and examples of them are wanted by rules on passes alone.
    exemplar: result.verdict === 'pass' && alert.when.of !== 'pass' ? null : exampleOf(result),
  }
}
