/** What the example prints. */
import type { Answered } from './agent.ts'
import type { EvalSummary, Result } from './assay.ts'
import type { ChannelMessage } from './slack-channel.ts'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

const clip = (text: string, chars: number): string => (text.length <= chars ? text : `${text.slice(0, chars - 1)}…`)

export function conversationLine(name: string, { answer, durationMs, spanCount }: Answered): string {
  return `  ${name.padEnd(16)} ${seconds(durationMs).padStart(6)}  ${String(spanCount).padStart(2)} spans  ${clip(answer, 60)}`
}

/** `support/no_pii    FAIL     leaked address    output.text: m***@l***.net (pii.email)` */
export function verdictLine(result: Result, conversation: string): string {
  const details = [
    ...result.evidence.map(({ field, masked, pattern }) => `${field}: ${masked} (${pattern})`),
    ...(result.reason
      ? [[result.reason.code, result.reason.field ?? result.reason.detail].filter(Boolean).join(': ')]
      : []),
    ...(result.explanation ? [`“${clip(result.explanation, 70)}”`] : []),
  ]
  const score = result.score === undefined ? '' : formatScore(result)
  const shown = [score, ...details].filter(Boolean).join('  ')
  return `  ${result.eval.padEnd(22)} ${result.verdict.toUpperCase().padEnd(8)} ${conversation.padEnd(16)} ${shown}`.trimEnd()
}

/** Durations are scored in milliseconds. */
const formatScore = ({ eval: evalId, score = 0 }: Result): string =>
  evalId.endsWith('/fast') ? `took ${seconds(score)}` : `score ${score}`

export function alertLines(message: ChannelMessage, afterMs: number): string[] {
  return [
    `Posted to Slack ${seconds(afterMs)} after the answer:`,
    ...message.lines.map((line) => `  │ ${clip(line, 110)}`),
  ]
}

const percent = (ratio: number | null): string => (ratio === null ? '–' : `${Math.round(ratio * 100)}%`)

export function ledgerLines(evals: readonly EvalSummary[]): string[] {
  return evals.map(({ id, matched, passRate, coverage, note }) =>
    `  ${id.padEnd(22)} ${String(matched).padStart(3)} judged   pass rate ${percent(passRate).padStart(4)}   coverage ${percent(coverage).padStart(4)}   ${note ?? ''}`.trimEnd(),
  )
}
