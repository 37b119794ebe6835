/** Replays in words. */
import type { ReplayComparison, ReplayJson, ReplayPlanJson } from '../../server/schemas.ts'

const number = (n: number): string => n.toLocaleString('en-GB')
const counted = (n: number, one: string): string => `${number(n)} ${n === 1 ? one : `${one}s`}`

/** What a plan or a replay reads, a line each. */
export function planLines(plan: Omit<ReplayPlanJson, 'dryRun'>): string[] {
  const { records, spans, traces } = plan.estimate
  const sizes = [
    ...(plan.source === 'log' ? [counted(records, 'record')] : []),
    counted(spans, 'span'),
    counted(traces, 'trace'),
  ]
  const seconds = Math.ceil(spans / plan.spansPerSecond)
  return [
    `${plan.from} to ${plan.to}, from the ${plan.source}`,
    `about ${sizes.join(', ')}; at ${counted(plan.spansPerSecond, 'span')} a second ${durationOf(seconds)}`,
    `${counted(plan.evals.length, 'online eval')}; alerts ${plan.alerts ? 'count the results as if they came now' : 'are left alone'}`,
    ...plan.notes,
  ]
}

function durationOf(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}

/** One line, while it runs and after. */
export function progressText({ counts, state }: ReplayJson): string {
  const read = `${counted(counts.spans, 'span')}, ${counted(counts.traces, 'trace')}, ${counted(counts.results, 'result')}`
  return state === 'queued' ? 'waits for its turn' : read
}

export function listLine(replay: ReplayJson): string {
  const percent = `${Math.floor(replay.progress * 100)}%`
  return `${replay.run}  ${replay.state.padEnd(7)}  ${percent.padStart(4)}  ${replay.from} to ${replay.to}  ${replay.source.padEnd(5)}  ${counted(replay.counts.results, 'result')}`
}

/** What is to be known beyond the verdicts, a line each. */
export function remarksOf({ counts, trouble }: ReplayJson): string[] {
  const { undecodable, failed, gone, openTraces, unjudgedPieces, cutTraces, maskedTaken, maskedUnknown } = counts
  const remarks = [
    [openTraces, `${counted(openTraces, 'trace')} had not settled: left out`],
    [gone, `${counted(gone, 'record')} left the log before they were read`],
    [undecodable, `${counted(undecodable, 'record')} could not be decoded`],
    [failed, `${counted(failed, 'record')} could not be evaluated`],
    [unjudgedPieces, `${counted(unjudgedPieces, 'piece')} of traces could not be completed: not judged`],
    [cutTraces, `${counted(cutTraces, 'trace')} could not be completed from the store: unknown`],
    [
      maskedTaken + maskedUnknown,
      `texts are stored masked: ${counted(maskedTaken, 'verdict')} taken from the store, ${number(maskedUnknown)} unknown`,
    ],
  ] as const
  return [
    ...(trouble === undefined ? [] : [`failed: ${trouble}`]),
    ...remarks.flatMap(([n, text]) => (n > 0 ? [text] : [])),
  ]
}

/** Each eval's verdicts in the run, and where they differ from the live ones. */
export function comparisonLines({ evals }: ReplayComparison): string[] {
  if (evals.length === 0) return ['No results: nothing that came then is in the scope of these evals.']
  const width = Math.max(...evals.map((one) => one.eval.length))
  return evals.flatMap(({ eval: id, verdicts, flips, same, withoutLive }) => {
    const { pass, fail, unknown, error } = verdicts
    const parts = [`${number(pass)} pass`, `${number(fail)} fail`]
    if (unknown > 0) parts.push(`${number(unknown)} unknown`)
    if (error > 0) parts.push(`${number(error)} error`)
    const compared = [
      ...(same > 0 ? [`${number(same)} as live`] : []),
      ...flips.map(({ live, run, subjects }) => `${number(subjects)} ${live} → ${run}`),
      ...(withoutLive > 0 ? [`${number(withoutLive)} with no live verdict`] : []),
    ]
    return [`${id.padEnd(width)}  ${parts.join(', ')}  (${compared.join(', ')})`]
  })
}
