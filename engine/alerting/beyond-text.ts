/** What shares of an alert's subjects are of, in words that follow them: `30% of 60 fail`, `of 60 above 2s`. */
import { formatValue } from './rule-text.ts'
import type { RunAlert } from './run-alert.ts'

type Limit = Extract<RunAlert['when'], { kind: 'threshold' }>

const beyond = { '<': 'below', '<=': 'at most', '>': 'above', '>=': 'at least' } as const

const beyondLimit = ({ measure, cmp, value }: Limit): string => `${beyond[cmp]} ${formatValue(value, measure.type)}`

/** What is counted as bad of an alert with a limit. */
export function badIn(when: Limit): string {
  const { measure, cmp } = when
  const isLow = cmp === '<' || cmp === '<='
  return measure.kind === 'score' || measure.kind === 'value' ? beyondLimit(when) : hitText(measure, isLow)
}

/** What is counted as bad of one on anomalies: on which side of what is usual. */
export function oddIn({ measure }: RunAlert['when'], isHigh: boolean): string {
  if (measure.kind === 'score' || measure.kind === 'value') return `${isHigh ? 'above' : 'below'} what is usual`
  return hitText(measure, !isHigh)
}

function hitText(measure: Exclude<RunAlert['when']['measure'], { kind: 'score' | 'value' }>, isLow: boolean): string {
  switch (measure.kind) {
    case 'rate':
    case 'count':
      if (!isLow) return measure.verdict
      return measure.verdict === 'pass' ? 'fail' : `not ${measure.verdict}`
    case 'coverage':
      return isLow ? 'undecided' : 'decided'
    case 'share':
    case 'subjects':
      return isLow ? 'not counted' : 'counted'
  }
}

/** Of what the parts of the traffic have shares; undefined where they have the measure's own numbers. */
export function partsAreOf({ when }: RunAlert): string | undefined {
  const { kind, measure } = when
  if ((measure.kind !== 'score' && measure.kind !== 'value') || measure.fn === 'mean') return undefined
  return kind === 'threshold' ? beyondLimit(when) : 'above what is usual'
}
