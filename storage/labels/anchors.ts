/**
 * What judges say of labelled anchors, round after round, kept as results under runs of their own, as labels are: no query of live
 * results sees them, no alert counts them, and what they cost is counted with the rest. Each carries what people said.
 */

import type { EvalResult, Judgement } from '../../engine/model/result.ts'
import { type AnchorRound, driftBetween, type JudgeDrift } from '../../engine/trust/drift.ts'
import type { TracesStore } from '../traces/port.ts'

export const ANCHOR_PREFIX = 'anchor@'

const PEOPLE = 'people'

/** Beside a judge's verdict of an anchor: what people said. */
export function saidByPeople(isPass: boolean): Judgement {
  return { kind: 'judge', about: PEOPLE, verdict: isPass ? 'pass' : 'fail' }
}

/** Some months of rounds of a hundred anchors. */
const MAX_RESULTS = 10_000

/** Of an eval, the oldest first, those of former measures too. */
export async function readAnchorRounds(
  traces: Pick<TracesStore, 'queryResults'>,
  tenant: string,
  evalId: string,
): Promise<AnchorRound[]> {
  const results = await traces.queryResults(tenant, { evalId, anchors: true, limit: MAX_RESULTS })
  return [...Map.groupBy(results, ({ runId }) => runId).values()].map(roundOf).sort((a, b) => a.atMs - b.atMs)
}

const saidOf = (judgements: EvalResult['judgements']): boolean =>
  judgements.some(({ about, verdict }) => about === PEOPLE && verdict === 'pass')

/** As providers returned them; those of a panel stand in one text. */
export const modelsIn = (results: readonly Pick<EvalResult, 'judgeModel'>[]): string[] =>
  [...new Set(results.flatMap(({ judgeModel }) => judgeModel?.split(', ') ?? []))].sort()

function roundOf(results: readonly EvalResult[]): AnchorRound {
  const [first] = results as readonly [EvalResult]
  const verdicts = results.flatMap(({ traceId, spanId, verdict, score, judgements }) =>
    verdict === 'pass' || verdict === 'fail'
      ? [{ key: `${traceId}/${spanId}`, isPass: verdict === 'pass', score, labelledPass: saidOf(judgements) }]
      : [],
  )
  return {
    runId: first.runId,
    atMs: Math.max(...results.map(({ evaluatedAtMs }) => evaluatedAtMs)),
    measureHash: first.measureHash,
    models: modelsIn(results),
    verdicts,
    undecided: results.length - verdicts.length,
  }
}

/**
 * How the judge of an eval changed between two moments: its last round until `beforeMs`, or its first one where there was none yet, against
 * its last until `nowMs`. Null where there are no two rounds, or none with the same anchors: nothing is known of the judge then.
 */
export async function readJudgeDrift(
  traces: Pick<TracesStore, 'queryResults'>,
  tenant: string,
  evalId: string,
  { beforeMs, nowMs }: { beforeMs: number; nowMs: number },
): Promise<JudgeDrift | null> {
  return driftAmong(await readAnchorRounds(traces, tenant, evalId), { beforeMs, nowMs })
}

/** The same, of rounds that were read: the oldest first. */
export function driftAmong(
  rounds: readonly AnchorRound[],
  { beforeMs, nowMs }: { beforeMs: number; nowMs: number },
): JudgeDrift | null {
  const before = rounds.findLast(({ atMs }) => atMs <= beforeMs) ?? rounds[0]
  const now = rounds.findLast(({ atMs }) => atMs <= nowMs)
  return before === undefined || now === undefined || before.runId === now.runId ? null : driftBetween(before, now)
}
