/** Offline evals and their runs in words. */
import { NO_PRICE } from '../../engine/no-price.ts'
import type { OfflineResponse, OfflineRunJson } from '../../server/offline-schemas.ts'
import type { JudgingResponse } from '../../server/schemas.ts'
import { printable } from '../commands/printable.ts'
import { trustLine } from './agreement-text.ts'

const number = (n: number): string => n.toLocaleString('en-GB')
const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ')

/** `0.0031 USD`: runs cost cents. */
export const usdText = (usd: number): string => `${usd === 0 ? '0' : usd < 1 ? usd.toFixed(4) : usd.toFixed(2)} USD`

const doneOf = ({ outcome }: OfflineRunJson): number =>
  outcome.alreadyJudged + outcome.pass + outcome.fail + outcome.unknown + outcome.error

/** `150 of 200 judged: 120 pass, 20 fail, 10 unknown; 0.4000 USD of 3.00 USD, estimated at 0.5000 USD`; `50 of 50 done: 50 error`. */
export function progressText(run: OfflineRunJson): string {
  const { outcome, sampled, batches } = run
  if (sampled === undefined)
    return run.state === 'done'
      ? 'nothing to do'
      : run.state === 'cancelled'
        ? 'its sample was not drawn'
        : 'its sample is not drawn yet'
  if (sampled === 0)
    return `nothing was in its sample, of what had ended by ${minuteOf(run.slot)}; --now takes what has arrived by now`
  const counts = [
    [outcome.pass, 'pass'],
    [outcome.fail, 'fail'],
    [outcome.unknown - outcome.overBudget, 'unknown'],
    [outcome.overBudget, 'over budget'],
    [outcome.error, 'error'],
    [outcome.left, 'left'],
    [outcome.alreadyJudged, 'judged before'],
  ] as const
  const parts = counts.flatMap(([n, what]) => (n > 0 ? [`${number(n)} ${what}`] : []))
  const levels = [
    [outcome.orElse, 'by `or else`'],
    [outcome.cheaper, 'by the cheaper judge'],
    [outcome.proxy, 'by the proxy'],
    [outcome.cached, 'from the cache'],
  ] as const
  const by = levels.flatMap(([n, what]) => (n > 0 ? [`${number(n)} ${what}`] : []))
  const otherwise = by.length === 0 ? '' : `; ${by.join(', ')}`
  const isUnderWay = run.state === 'waiting' || run.state === 'active'
  const toGo = batches.all - batches.done - batches.failed
  const waiting = isUnderWay && toGo > 0 ? `; ${number(toGo)} of ${number(batches.all)} batches to go` : ''
  const failed = batches.failed > 0 ? `; ${number(batches.failed)} batches failed` : ''
  const budget = run.budgetUsd === undefined ? '' : ` of ${usdText(run.budgetUsd)}`
  const guess = run.estimateIsGuess === true ? ' (a guess: 500 tokens an answer)' : ''
  const estimate = (run.estimateUsd ?? 0) === 0 ? '' : `, estimated at ${usdText(run.estimateUsd ?? 0)}${guess}`
  const hasCost = run.spentUsd !== 0 || run.budgetUsd !== undefined || estimate !== ''
  const spent = hasCost ? `; ${run.spentUsd === null ? NO_PRICE : usdText(run.spentUsd)}${budget}${estimate}` : ''
  // Nobody judged those that ended in an error, nor those that the budget did not pay for.
  const done = outcome.error + outcome.overBudget > 0 ? 'done' : 'judged'
  // Batches in hand end yet.
  const soFar = run.state === 'cancelled' && run.endedAt === undefined ? ' so far' : ''
  return `${number(doneOf(run))} of ${number(sampled)} ${done}${soFar}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}${otherwise}${waiting}${failed}${spent}`
}

/** What becomes of a run of an eval that is paused. */
export const waitsText = (evalId: string): string =>
  `${evalId} is paused, and its runs wait: resume it by assay offline resume ${evalId}`

export function runLine(run: OfflineRunJson): string {
  const error = run.error === undefined ? '' : `  ${printable(run.error)}`
  return `${run.runId}  ${run.state.padEnd(9)}  ${progressText(run)}${error}`
}

export function runsText(runs: readonly OfflineRunJson[]): string {
  if (runs.length === 0) return 'No runs.\n'
  const width = Math.max(...runs.map(({ runId }) => runId.length))
  return runs.map((run) => `${runLine({ ...run, runId: run.runId.padEnd(width) })}\n`).join('')
}

const ANSWERED_BY: Readonly<Record<JudgingResponse['level'], string>> = {
  normal: '',
  // What is not run for want of one is said of each eval.
  no_provider: '',
  failover: 'some providers are out, and `or else` answers for them',
  cache_only: 'all providers are out, and the cache answers, or a proxy',
}

/** How judging goes on where something is out; nothing where all is well. */
export function judgingText({ level, shared, providers }: JudgingResponse): string {
  const lines = ANSWERED_BY[level] === '' ? [] : [`judging is at level ${level}: ${ANSWERED_BY[level]}`]
  for (const { name, breaker, outSince, lastFailure } of providers) {
    if (breaker === 'closed') continue
    const since = outSince === undefined ? '' : `, out since ${minuteOf(outSince)} UTC`
    const why = lastFailure === undefined ? '' : ` (${printable(lastFailure.detail)})`
    lines.push(`  ${name} ${breaker === 'open' ? 'takes no calls' : 'is tried again'}${since}${why}`)
  }
  if (!shared) lines.push('the shared state cannot be reached: this instance goes by its own calls')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`
}

/** Two lines an eval or three: when it runs, how its last run went, and how far its judge agrees with people where that was asked for. */
export function statusText({ evals }: OfflineResponse): string {
  if (evals.length === 0) return 'No offline eval is in force.\n'
  return evals
    .map((one) => {
      const when =
        one.state === 'paused'
          ? ` since ${minuteOf(one.pausedSince ?? '')}`
          : one.nextSlot === undefined
            ? `, every ${one.schedule.cron} in ${one.schedule.timeZone}`
            : `, next at ${minuteOf(one.nextSlot)} UTC`
      const detail = one.detail === undefined ? '' : `\n  ${one.detail}`
      const last = one.lastRun === undefined ? '  no run yet' : `  ${runLine(one.lastRun)}`
      const notes = one.lastRun?.notes?.map((note) => `  note: ${printable(note)}\n`).join('') ?? ''
      const trust = one.agreement === undefined ? '' : `${trustLine(one.eval, one.agreement)}\n`
      return `${one.eval}  ${one.state}${when}${detail}\n${last}\n${notes}${trust}`
    })
    .join('')
}
