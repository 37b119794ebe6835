/** Runs of offline evals in words. */
import type { OfflineRun } from '../../../client/api.ts'
import { formatUsd } from '../../parts/format.ts'

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

/** Subjects that a judge of the configuration was asked about. */
export function askedOf({ outcome }: OfflineRun): number {
  const { pass, fail, unknown, error, overBudget, cached, proxy } = outcome
  return Math.max(0, pass + fail + unknown + error - overBudget - cached - proxy)
}

/** A price that nobody knows is not one of nothing. */
export function spentText(run: OfflineRun): string {
  if (run.spentUsd > 0) return formatUsd(run.spentUsd)
  return run.estimateUsd === undefined && askedOf(run) > 0 ? 'no price' : formatUsd(0)
}

/** Of an eval, in some days: what never ran spends nothing, and what its last run could not price nobody knows. */
export function spendText(
  kind: 'online' | 'offline',
  spentUsd: number | undefined,
  lastRun: OfflineRun | undefined,
): string {
  if (kind === 'online' || spentUsd === undefined) return '–'
  if (spentUsd > 0) return formatUsd(spentUsd)
  return lastRun === undefined ? '–' : spentText({ ...lastRun, spentUsd: 0 })
}

/** The two parts of the address of a run. */
export function runParams(runId: string): { packageName: string; run: string } {
  const slash = runId.indexOf('/')
  return { packageName: runId.slice(0, slash), run: runId.slice(slash + 1) }
}

/** From 0 to 1; null until its sample is drawn. */
export const progressOf = ({ batches }: OfflineRun): number | null =>
  batches.all === 0 ? null : (batches.done + batches.failed) / batches.all
