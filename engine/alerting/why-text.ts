/** `AlertWhy` in lines of plain text: the same words in every receiver. */
import type { ValueType } from '../../dsl/plan.ts'
import { formatDuration, formatPercent, formatValue } from './rule-text.ts'
import type { AlertWhy, Estimate, JudgeSteadiness, NotSplit } from './why.ts'

/** A part of the traffic that explains less of the change than this is not worth a line. */
const SHOWN_EFFECT = 0.1
const CERTAIN_ENOUGH = 0.05

/** The most telling first. `type`: of the measure (`transition.numbers.measure.type`). */
export function whyLines(why: AlertWhy, type: ValueType): string[] {
  return [
    ...numbersLine(why, type),
    detectionLine(why, type),
    ...changeLine(why, type),
    ...strataLines(why, type),
    ...(why.judge === null ? [] : [judgeLine(why.judge)]),
    ...deployLine(why, type),
    ...why.definitions.map(definitionLine),
  ]
}

/** `definitions: the rule of shop/slow changed, 2026-11-20 10:43 (1a2b3c4d5e by Ana: Ask for less)`. */
function definitionLine({ what, revision, author, subject, atMs }: AlertWhy['definitions'][number]): string {
  const edited = revision?.endsWith('+changes') === true ? ' and edits since' : ''
  const by = author === null ? '' : ` by ${author}`
  const about = subject === null ? '' : `: ${subject}`
  const of = revision === null ? '' : ` (${revision.slice(0, 10)}${edited}${by}${about})`
  return `definitions: ${what}, ${timeOf(atMs)}${of}`
}

const timeOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')

function estimateText({ value, interval, n }: Estimate, type: ValueType): string {
  const range = interval === null ? '' : ` [${formatValue(interval.low, type)} to ${formatValue(interval.high, type)}]`
  // A count is of itself.
  const of = value === n && interval === null ? '' : ` of ${n}`
  return `${formatValue(value, type)}${range}${of}`
}

function numbersLine({ baseline, now }: AlertWhy, type: ValueType): string[] {
  if (now === null) return []
  const before = baseline === null ? '' : `, before ${estimateText(baseline, type)}`
  return [`now ${estimateText(now, type)}${before}`]
}

function detectionLine({ detection, rule }: AlertWhy, type: ValueType): string {
  switch (detection.kind) {
    case 'threshold':
      return `rule: ${rule}`
    case 'e-sr': {
      const { statistic, alarmFrom, sinceMs, falseAlarms } = detection
      const budget = `${formatPercent(falseAlarms.ratio)} per ${formatDuration(falseAlarms.perMs)}`
      return `rule: ${rule}; evidence ${statistic.toFixed(1)}, an alarm from ${alarmFrom.toFixed(1)} (false alarms ${budget}); since about ${timeOf(sinceMs)}`
    }
    case 'anomaly': {
      const { distance, alarmFrom, usual } = detection
      return `rule: ${rule}; usual at this hour ${formatValue(usual.low, type)} to ${formatValue(usual.high, type)}, ${distance.toFixed(1)} deviations off, an alarm from ${alarmFrom.toFixed(1)}`
    }
    case 'silence':
      return `rule: ${rule}; nothing for ${formatDuration(detection.silentForMs)}`
  }
}

const signed = (value: number, type: ValueType): string => `${value > 0 ? '+' : ''}${differenceText(value, type)}`

/** Of ratios in points: they differ by those. */
function differenceText(value: number, type: ValueType): string {
  return type.kind === 'ratio' ? `${Number((value * 100).toFixed(2))}pp` : formatValue(value, type)
}

/** Null where the message says it anyway, that nothing came or that it is over, or where the rule is of a kind that never is: a message is for what is news. */
const notSplitReasons: Readonly<Record<NotSplit, string | null>> = {
  total: null,
  nothing_before: 'too little is known of the time before',
  nothing_now: 'nothing is known of the time since',
  silence: null,
  over: null,
}

function notSplitLine(reason: NotSplit | undefined): string[] {
  const why = reason === undefined ? null : notSplitReasons[reason]
  return why === null ? [] : [`change not split by parts of the traffic: ${why}`]
}

function changeLine({ change, notSplit }: AlertWhy, type: ValueType): string[] {
  if (change === null) return notSplitLine(notSplit)
  const { delta, rateEffect, mixEffect, shareOf } = change
  const [unit, of] = [unitOf(change, type), shareOf === undefined ? '' : ` ${shareOf}`]
  return [
    `change ${signed(delta, unit)}${of}: ${signed(rateEffect, unit)} the same traffic did worse, ${signed(mixEffect, unit)} other traffic came`,
  ]
}

/** Of quantiles the change is of shares. */
const unitOf = ({ shareOf }: NonNullable<AlertWhy['change']>, type: ValueType): ValueType =>
  shareOf === undefined ? type : { kind: 'ratio' }

function strataLines({ strata, change }: AlertWhy, type: ValueType): string[] {
  if (change === null || strata.length < 2) return []
  const unit = unitOf(change, type)
  const least = Math.abs(change.delta) * SHOWN_EFFECT
  return strata
    .filter(({ rateEffect, mixEffect }) => Math.abs(rateEffect) + Math.abs(mixEffect) >= least)
    .map(({ name, before, now, shareBefore, shareNow, rateEffect, mixEffect }) => {
      const value = (one: number | null): string => (one === null ? 'nothing' : formatValue(one, unit))
      const share = `${formatPercent(shareBefore)} to ${formatPercent(shareNow)} of the traffic`
      return `${name}: ${value(before)} to ${value(now)}, ${share}; explains ${signed(rateEffect + mixEffect, unit)}`
    })
}

export function judgeLine({ model, drifted, p, lost, gained }: JudgeSteadiness): string {
  const flips = `${lost} anchors lost, ${gained} gained, ${chanceText(p)}`
  return drifted ? `the judge ${model} drifted: ${flips}` : `the judge ${model} is steady: ${flips}`
}

function deployLine({ deploy }: AlertWhy, type: ValueType): string[] {
  if (deploy === null || deploy.p > CERTAIN_ENOUGH) return []
  const { label, value, firstSeenMs, before, with: now, shareOf, p } = deploy
  const unit: ValueType = shareOf === undefined ? type : { kind: 'ratio' }
  const did = `${estimateText(now, unit)}${shareOf === undefined ? '' : ` ${shareOf}`}`
  return [
    `first bad ${label} ${value} (since ${timeOf(firstSeenMs)}): ${did}, before it ${estimateText(before, unit)}, ${chanceText(p)}`,
  ]
}

/** Below what anybody tells apart it is not written out. */
const LEAST_P = 1e-9
const chanceText = (p: number): string => (p < LEAST_P ? `p < ${LEAST_P}` : `p ${p.toPrecision(2)}`)
