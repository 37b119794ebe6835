import type { AlertStateJson } from '../../../client/api.ts'
import { Fact, Facts } from '../../parts/facts.tsx'
import { formatCount, formatDifference, formatDuration, formatScore, formatShare } from '../../parts/format.ts'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { valueAsOf } from './value-as-of.ts'

type Why = NonNullable<AlertStateJson['why']>
type Estimate = NonNullable<Why['now']>

type Unit = string | null

const isoOf = (ms: number): string => new Date(ms).toISOString()
const HOUR_MS = 3_600_000

/** Why there is no table of parts. */
const NOT_SPLIT: Readonly<Record<NonNullable<Why['notSplit']>, string>> = {
  total: 'The change is not split by parts of the traffic: counts and sums grow with the traffic.',
  nothing_before: 'The change is not split by parts of the traffic: too little is known of the time before.',
  nothing_now: 'The change is not split by parts of the traffic: nothing is known of the time since.',
  silence: 'Nothing came, of any part of the traffic.',
  over: 'What was before its end is the incident itself: parts of the traffic are shown while it fires.',
}

/** Why it fires, in numbers: against what, since when, which part of the traffic, which version, whether the judge itself changed. */
export function AlertWhy({ why, unit, state }: { why: Why; unit: Unit; state: AlertStateJson['state'] }) {
  const { baseline, now, change, notSplit, strata, judge, deploy, definitions } = why
  const deployUnit = deploy?.shareOf === undefined ? unit : 'ratio'
  const partsUnit = change?.shareOf === undefined ? unit : 'ratio'
  const shown = (value: number): string => formatScore(value, partsUnit)
  const signed = (value: number): string => formatDifference(value, partsUnit)
  return (
    <div className="alert-why">
      <Facts>
        {now !== null && <Fact name={valueAsOf(state, 'head')}>{estimateText(now, unit)}</Fact>}
        {baseline !== null && <Fact name="Compared with">{estimateText(baseline, unit)}</Fact>}
        <Detection detection={why.detection} unit={unit} />
      </Facts>
      {change !== null && (
        <p>
          The change of <strong>{signed(change.delta)}</strong>
          {change.shareOf !== undefined && ` ${change.shareOf}`}: {signed(change.rateEffect)} because the same traffic
          did worse, {signed(change.mixEffect)} because other traffic came.
        </p>
      )}
      {notSplit !== undefined && <p className="faint">{NOT_SPLIT[notSplit]}</p>}
      {strata.length > 0 && (
        <Table
          caption="Parts of the traffic, those that explain most first"
          columns={[
            { head: 'Part', kind: 'head', cell: ({ name }) => name },
            { head: 'Before', kind: 'number', cell: ({ before }) => (before === null ? 'nothing' : shown(before)) },
            {
              head: valueAsOf(state, 'head'),
              kind: 'number',
              cell: (part) => (part.now === null ? 'nothing' : shown(part.now)),
            },
            {
              head: 'Of the traffic',
              kind: 'number',
              cell: ({ shareBefore, shareNow }) => `${formatShare(shareBefore)} → ${formatShare(shareNow)}`,
            },
            {
              head: 'Explains',
              kind: 'number',
              cell: ({ rateEffect, mixEffect }) => signed(rateEffect + mixEffect),
            },
          ]}
          rows={strata}
          keyOf={({ name }) => name}
        />
      )}
      {deploy !== null && (
        <p>
          First bad {deploy.label === 'model' ? 'model' : 'version'}: <strong>{deploy.value}</strong>, since{' '}
          <Time at={isoOf(deploy.firstSeenMs)} />: {estimateText(deploy.with, deployUnit)} {deploy.shareOf}, before it{' '}
          {estimateText(deploy.before, deployUnit)}{' '}
          <span className="faint">(p {deploy.p.toPrecision(2)}, corrected for all that were looked at)</span>
        </p>
      )}
      {judge !== null && (
        <p>
          The judge {judge.model} {judge.drifted ? <strong>changed itself</strong> : 'is steady'}: {judge.lost} anchors
          lost, {judge.gained} gained{' '}
          <span className="faint">
            (p {judge.p.toPrecision(2)}, looked at <Time at={isoOf(judge.checkedAtMs)} />)
          </span>
        </p>
      )}
      {definitions.map(({ atMs, revision, author, subject, what }) => (
        <p key={`${atMs} ${what}`}>
          Definitions changed <Time at={isoOf(atMs)} />: {what}
          {revision !== null && <code> {revision.slice(0, 10)}</code>}
          {author !== null && ` by ${author}`}
          {subject !== null && `: ${subject}`}
        </p>
      ))}
    </div>
  )
}

function estimateText({ value, interval, n }: Estimate, unit: Unit): string {
  const range = interval === null ? '' : ` (${formatScore(interval.low, unit)} to ${formatScore(interval.high, unit)})`
  // A count is of itself.
  const of = value === n && interval === null ? '' : ` of ${formatCount(n)}`
  return `${formatScore(value, unit)}${range}${of}`
}

function Detection({ detection, unit }: { detection: Why['detection']; unit: Unit }) {
  const shown = (value: number): string => formatScore(value, unit)
  switch (detection.kind) {
    case 'threshold':
      return (
        <Fact name="Limit">
          {detection.cmp} {shown(detection.limit)}
        </Fact>
      )
    case 'e-sr':
      return (
        <>
          <Fact name="Evidence of a change">
            {detection.statistic.toFixed(1)}, an alarm from {detection.alarmFrom.toFixed(1)}
          </Fact>
          <Fact name="It seems to be so since">
            <Time at={isoOf(detection.sinceMs)} />
          </Fact>
          <Fact name="False alarms">
            {formatShare(detection.falseAlarms.ratio)} in {Math.round(detection.falseAlarms.perMs / (24 * HOUR_MS))}{' '}
            days
          </Fact>
        </>
      )
    case 'anomaly':
      return (
        <>
          <Fact name="Usual at this hour">
            {shown(detection.usual.low)} to {shown(detection.usual.high)}
          </Fact>
          <Fact name="Off by">
            {detection.distance.toFixed(1)} deviations, an alarm from {detection.alarmFrom.toFixed(1)}
          </Fact>
        </>
      )
    case 'silence':
      return <Fact name="Nothing came for">{formatDuration(detection.silentForMs)}</Fact>
  }
}
