/** An investigation in lines of plain text: the same words in every receiver. */
import { judgeLine } from '../why-text.ts'
import type { AlertInvestigation, Feature, Finding } from './investigation.ts'
import { NOTHING_TO_COMPARE } from './nothing-to-compare.ts'

/** The most telling first; the judge's words, which rest on them, before them. */
export function investigationLines(investigation: AlertInvestigation): string[] {
  const { judge } = investigation
  return [...contrastLines(investigation), ...(judge === null ? [] : [judgeLine(judge)])]
}

function contrastLines(investigation: AlertInvestigation): string[] {
  const { outcome, findings, failing, passing, tested, summary } = investigation
  const traces = `${failing.compared} failing and ${passing.compared} passing traces`
  if (outcome === 'too_few') return [`investigated: too few to compare, ${traces}`]
  if (outcome === 'nothing' && tested === 0) return [`investigated: ${NOTHING_TO_COMPARE}, of ${traces}`]
  if (outcome === 'nothing') return [`investigated: nothing stands out, of ${tested} things compared in ${traces}`]
  return [
    ...(summary === null ? [] : [`summary (${summary.model ?? 'judge'}): ${summary.text}`]),
    `investigated: failing traces differ from passing ones (${tested} things compared in ${traces})`,
    ...findings.map(findingLine),
  ]
}

/** `tool refund: in 46 of 50 failing traces (92%), in 12 of 400 passing (3%); 29.6 times as often [17.1 to 51.2]`. */
export function findingLine(finding: Finding): string {
  const { isAbsent, failing, passing, lift, interval, also } = finding
  const what = `${isAbsent ? 'no ' : ''}${featureText(finding)}`
  const often = `${times(lift)} times as often [${times(interval.low)} to ${times(interval.high)}]`
  const more = also.length === 0 ? '' : `; with it ${also.map(featureText).join(', ')}`
  return `${what}: in ${failing.count} of ${failing.of} failing traces (${percent(failing)}), in ${passing.count} of ${passing.of} passing (${percent(passing)}); ${often}${more}`
}

export function featureText({ label, value }: Feature): string {
  return label === 'tool.failed' ? `a failure of tool ${value}` : `${label} ${value}`
}

export const percent = ({ count, of }: { count: number; of: number }): string =>
  `${of === 0 ? 0 : Number(((100 * count) / of).toFixed(count / of < 0.1 ? 1 : 0))}%`

export const times = (value: number): string => String(Number(value.toPrecision(3)))
