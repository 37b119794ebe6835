/** How far a judge agrees with people, in words. */
import type { AgreementResponse } from '../../server/offline-schemas.ts'

const short = (value: number | null): string => (value === null ? '–' : value.toFixed(3))
const percent = (value: number): string => `${(value * 100).toFixed(1)}%`

type Estimate = { estimate: number; lower: number; upper: number }

const interval = (one: Estimate, text: (value: number) => string): string =>
  Number.isFinite(one.lower)
    ? `${text(one.estimate)} (95%: ${text(one.lower)} to ${text(one.upper)})`
    : text(one.estimate)

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
  if (labelled < FEW) lines.push(`  With fewer than ${FEW} labels these say little: assay label ask ${agreement.eval}`)
  return `${lines.join('\n')}\n`
}
