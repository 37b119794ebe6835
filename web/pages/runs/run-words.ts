/** Runs of offline evals in words. */
import type { OfflineResponse, OfflineRun } from '../../../client/api.ts'
import { NO_PRICE } from '../../../engine/no-price.ts'
import { formatCount, formatUsd } from '../../parts/format.ts'

export const STATES: Readonly<Record<OfflineRun['state'], string>> = {
  waiting: 'waits',
  active: 'runs',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  unknown: 'not known any more',
}

export const TRIGGERS: Readonly<Record<OfflineRun['trigger'], string>> = {
  schedule: 'by its schedule',
  manual: 'by hand',
  anchors: 'anchors, judged again',
}

/** What of it has not begun can still be left. */
export const canCancel = ({ state }: OfflineRun): boolean => state === 'waiting' || state === 'active'

export const spentText = ({ spentUsd }: Pick<OfflineRun, 'spentUsd'>): string =>
  spentUsd === null ? NO_PRICE : formatUsd(spentUsd)

/** What it was thought to cost. Of one whose eval has no judge that can be asked the plan has no estimate: its proxy costs nothing. */
export function plannedCostText({ estimateUsd, spentUsd, outcome }: OfflineRun): string {
  if (estimateUsd !== undefined) return formatUsd(estimateUsd)
  return outcome.proxy > 0 && spentUsd === 0 ? 'nothing: measured by the proxy' : NO_PRICE
}

/** Of an eval, in some days; online evals and those that nobody has told of spend nothing. */
export const spendText = (kind: 'online' | 'offline', spentUsd: number | null | undefined): string =>
  kind === 'online' || spentUsd === undefined ? '–' : spentText({ spentUsd })

/** The two parts of the address of a run. */
export function runParams(runId: string): { packageName: string; run: string } {
  const slash = runId.indexOf('/')
  return { packageName: runId.slice(0, slash), run: runId.slice(slash + 1) }
}

/** From 0 to 1; null until its sample is drawn. */
export const progressOf = ({ batches }: OfflineRun): number | null =>
  batches.all === 0 ? null : (batches.done + batches.failed) / batches.all

/** Of a run without batches: one that has ended drew a sample that nothing was in, or none at all. */
export function noProgressText({ state, sampled }: Pick<OfflineRun, 'state' | 'sampled'>): string {
  if (sampled === 0) return 'nothing was in its sample'
  return state === 'waiting' || state === 'active' ? 'no sample yet' : 'no sample was drawn'
}

type ExpectedRun = OfflineResponse['evals'][number]['nextRun']

/** How many a run would judge, as far as that is known before its sample is drawn. */
export function subjectsText({ maxSubjects, estimate }: ExpectedRun): string {
  const most = maxSubjects === undefined ? 'all that match' : `at most ${formatCount(maxSubjects)}`
  return estimate === undefined || estimate.subjects === maxSubjects
    ? most
    : `${most}; ${formatCount(estimate.subjects)} the last time`
}

/** What that would cost. */
export function estimateText({ judges, estimate }: ExpectedRun): string {
  if (judges.length === 0) return 'nothing'
  if (estimate === undefined) return 'not known before its first run; assay check --cost tells the most'
  const of = `for ${formatCount(estimate.subjects)}, by its last run`
  return estimate.usd === null
    ? `${NO_PRICE}: cost.prices of the configuration has none of ${judges.join(', ')}`
    : `about ${formatUsd(estimate.usd)} ${of}`
}
