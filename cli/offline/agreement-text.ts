/** How far a judge agrees with people, in words. */
import type { AgreementResponse, AnchorsJson, DriftJson, SeriesAgreementJson } from '../../server/offline-schemas.ts'
import { printable } from '../commands/printable.ts'

const short = (value: number | null): string => (value === null ? '–' : value.toFixed(3))

type CoefficientsJson = SeriesAgreementJson['verdicts']

/** `kappa 0.712 (0.514 to 0.910), alpha …, AC1 …`. */
function coefficientsText({ intervals, ...of }: CoefficientsJson): string {
  const one = (name: 'kappa' | 'alpha' | 'ac1'): string => {
    const within = intervals[name]
    const ends = within === null ? '' : ` (${within.lower.toFixed(3)} to ${within.upper.toFixed(3)})`
    return `${name === 'ac1' ? 'AC1' : name} ${short(of[name])}${ends}`
  }
  return `${one('kappa')}, ${one('alpha')}, ${one('ac1')}`
}

/** One line of the status: how far the judge of an eval can be trusted, as far as anybody said. */
export function trustLine(evalId: string, agreement: SeriesAgreementJson | null): string {
  const { labelled = 0, judged = 0, people = [], verdicts = null } = agreement ?? {}
  if (labelled === 0) {
    const none = agreement === null ? 'no labels yet' : 'no labels yet of what the judge in force judged'
    return `  ${none}: assay label ask ${evalId}`
  }
  const of = `${labelled} of ${judged} judged labelled by ${people.map(printable).join(', ')}`
  // Of people who are of two minds about every subject there is no verdict.
  const said = verdicts === null || verdicts.agreed === null ? '' : `; verdicts: ${coefficientsText(verdicts)}`
  const few = labelled < FEW ? `; fewer than ${FEW} labels say little` : ''
  return `  ${of}${said}${few}`
}
const percent = (value: number): string => `${(value * 100).toFixed(1)}%`

type Estimate = { estimate: number; lower: number; upper: number }

const interval = (one: Estimate, text: (value: number) => string): string =>
  Number.isFinite(one.lower)
    ? `${text(one.estimate)} (95%: ${text(one.lower)} to ${text(one.upper)})`
    : text(one.estimate)

function anchorLines({ rounds, lastAt, drift, sinceFirst }: AnchorsJson): string[] {
  if (lastAt === null) return ['  anchors: not judged again yet; labelled subjects are, once a day']
  const judged = `  anchors: ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, the last at ${lastAt}`
  if (drift === null || sinceFirst === null) return [`${judged}; drift is told from the second on`]
  const since = rounds > 2 ? [driftLine('the first round', sinceFirst)] : []
  return [judged, driftLine('the round before', drift), ...since]
}

function driftLine(than: string, { before, now, anchors, lost, gained, p, ...drift }: DriftJson): string {
  const changed = [
    ...(drift.isOtherMeasure ? ['another judge or prompt'] : []),
    ...(drift.isOtherModel ? [`${before.models.join(', ')} then, ${now.models.join(', ')} now`] : []),
  ]
  const what = drift.hasDrifted ? 'the judge has drifted' : 'no drift'
  const agreed = `agrees with people on ${percent(now.agreed)} of ${anchors}, ${percent(before.agreed)} then`
  return `    against ${than}: ${what} (p ${p.toPrecision(2)}; ${lost} lost, ${gained} gained); ${[agreed, ...changed].join('; ')}`
}

/** Below so many labels the coefficients say little. */
const FEW = 30

export function agreementText(agreement: AgreementResponse): string {
  const { judged, labelled, people, verdicts, scores, passRate, meanScore } = agreement
  const lines = [
    `${agreement.eval}: ${judged} judged, ${labelled === 0 ? 'none of them labelled' : `${labelled} of them labelled by ${people.join(', ')}`}`,
  ]
  for (const [what, one] of [
    ['verdicts', verdicts],
    ['scores', scores],
  ] as const)
    if (one !== null && one.agreed !== null)
      lines.push(`  ${what}: the same on ${percent(one.agreed)} of ${one.subjects}; ${coefficientsText(one)}`)
  for (const [what, { judged: by, corrected }, text] of [
    ['pass rate', passRate, percent],
    ['mean score', meanScore, (value: number) => value.toFixed(3)],
  ] as const) {
    if (by !== null) lines.push(`  ${what} by the judge: ${interval(by, text)}`)
    if (corrected !== null) lines.push(`  ${what} corrected by labels: ${interval(corrected, text)}`)
  }
  lines.push(...anchorLines(agreement.anchors))
  if (labelled < FEW) lines.push(`  With fewer than ${FEW} labels these say little: assay label ask ${agreement.eval}`)
  return `${lines.join('\n')}\n`
}
