/** Replays as the API shows them. */
import { NO_COUNTS, type ReplayRequest, type ReplayRun, stateOf } from '../storage/replays/replay.ts'
import type { RunComparison } from '../storage/traces/port.ts'
import type { ReplayComparison, ReplayJson, ReplayPlanJson } from './schemas.ts'

const time = (ms: number): string => new Date(ms).toISOString()

function planFields(request: ReplayRequest): Omit<ReplayPlanJson, 'dryRun'> {
  const { fromMs, toMs, source, evalIds, alerts, spansPerSecond, estimate, notes } = request
  return { from: time(fromMs), to: time(toMs), source, evals: evalIds, alerts, spansPerSecond, estimate, notes }
}

export const replayPlanToJson = (request: ReplayRequest): ReplayPlanJson => ({ dryRun: true, ...planFields(request) })

export function replayToJson(run: ReplayRun): ReplayJson {
  const { request, progress } = run
  return {
    run: request.runId,
    state: stateOf(run),
    askedAt: time(request.askedAtMs),
    ...planFields(request),
    definitions: request.planHash,
    progress: progress?.done ?? 0,
    counts: progress?.counts ?? NO_COUNTS,
    ...(progress !== null && { updatedAt: time(progress.atMs) }),
    ...(stateOf(run) === 'failed' && { trouble: progress?.trouble ?? '' }),
  }
}

export function comparisonToJson(runId: string, rows: readonly RunComparison[]): ReplayComparison {
  const evals = new Map<string, ReplayComparison['evals'][number]>()
  for (const { evalId, live, run, subjects } of rows) {
    let row = evals.get(evalId)
    if (row === undefined) {
      const verdicts = { pass: 0, fail: 0, unknown: 0, error: 0 }
      row = { eval: evalId, verdicts, flips: [], same: 0, withoutLive: 0 }
      evals.set(evalId, row)
    }
    row.verdicts[run] += subjects
    if (live === null) row.withoutLive += subjects
    else if (live === run) row.same += subjects
    else row.flips.push({ live, run, subjects })
  }
  return { run: runId, evals: [...evals.values()] }
}
