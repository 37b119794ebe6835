import type { EvalPlan } from '../../dsl/plan.ts'
import { printable } from '../../dsl/print-literal.ts'
import { clauseLines, explanationText, verdictLine } from '../../engine/evaluate/explain/text.ts'
import type { ExplainedSubject } from '../../server/explain-trace.ts'
import type { ResultJson } from '../../server/schemas.ts'

/** More subjects than these are counted. */
const MAX_SHOWN = 5

export function explainText(evalPlan: EvalPlan, subjects: readonly ExplainedSubject[]): string {
  const shown = subjects.slice(0, MAX_SHOWN).map((one) => subjectText(evalPlan, one))
  const rest = subjects.length - shown.length
  const more = rest > 0 ? [`and ${rest} more: name one with --span, or take --json`] : []
  return `${[...shown, ...more].join('\n\n')}\n`
}

function subjectText(evalPlan: EvalPlan, { explanation, stored, difference }: ExplainedSubject): string {
  const { reason, ...of } = explanation
  const { spanId, subject } = of
  // The parts of its expression would tell of a judge that could not be reached: nobody has asked it.
  const waits = stored === null && reason?.code === 'judge_unreachable'
  const lines = waits
    ? [`${evalPlan.id} has no verdict on this ${subject} yet`]
    : stored === null || difference === null
      ? [explanationText(explanation)]
      : [
          verdictLine({ ...of, verdict: stored.verdict }),
          `stored: ${storedText(stored)}`,
          `now:    ${difference}`,
          ...clauseLines(explanation),
        ]
  if (spanId !== '') lines.push(`span:   ${spanId}`)
  if (stored === null) {
    if (evalPlan.kind === 'offline' && explanation.verdict !== 'none')
      lines.push(`judge:  is asked on schedule, or now: assay offline run ${evalPlan.id} --now`)
    return lines.join('\n')
  }
  if (evalPlan.kind === 'offline') lines.push(...judgeLines(stored))
  return lines.join('\n')
}

function judgeLines({ judge, score, explanation }: ResultJson): string[] {
  return [
    `judge:  ${judge?.model ?? 'unknown'}${score === undefined ? ' gave no score' : ` says ${score}`}`,
    ...(explanation === undefined ? [] : [`        ${printable(explanation).replaceAll('\n', '\n        ')}`]),
  ]
}

function storedText(stored: ResultJson): string {
  const when = `${stored.verdict}, of ${stored.evaluatedAt}, revision ${stored.revision}`
  return stored.evidence.length > 0 ? `${when}: ${matchesText(stored)}` : when
}

const MAX_MATCHES = 3

function matchesText({ evidence }: ResultJson): string {
  const shown = evidence
    .slice(0, MAX_MATCHES)
    .map(({ pattern, field, start, end, masked }) => `${pattern} matched ${field} at ${start}–${end} (${masked})`)
  const rest = evidence.length - shown.length
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

export function explainJson(evalPlan: EvalPlan, subjects: readonly ExplainedSubject[]): string {
  return `${JSON.stringify(explained(evalPlan, subjects), null, 2)}\n`
}

export function explained(evalPlan: EvalPlan, subjects: readonly ExplainedSubject[]): object {
  const shown = subjects.map(({ explanation, stored, difference }) => ({
    ...explanation,
    stored,
    differs: difference !== null,
    ...(difference !== null && { difference }),
  }))
  const { id, kind, file, line, measureHash, verdictHash } = evalPlan
  return { eval: { id, kind, file, line, measureHash, verdictHash }, subjects: shown }
}
