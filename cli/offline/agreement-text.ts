/** How far a judge agrees with people, in words. */
import type { AgreementResponse, AnchorsJson, DriftJson } from '../../server/offline-schemas.ts'

const short = (value: number | null): string => (value === null ? '–' : value.toFixed(3))
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
      lines.push(
        `  ${what}: the same on ${percent(one.agreed)} of ${one.subjects}; kappa ${short(one.kappa)}, alpha ${short(one.alpha)}, AC1 ${short(one.ac1)}`,
      )
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
