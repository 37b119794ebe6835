/** How `assay run` shows results: to programs a line each, to people a table. */
import type { EvalPlan, ValueType } from '../dsl/plan.ts'
import type { EvalLedger } from '../engine/evaluate/evaluator.ts'
import { scoreTypeOf } from '../engine/evaluate/score.ts'
import type { EvalResult, Verdict } from '../engine/model/result.ts'
import { describeWhy } from '../engine/testing/describe.ts'
import type { EvalRun } from './run-evals.ts'

/** What is absent is left out; a result on a trace has no `spanId`. */
export function jsonLine({
  evalId,
  traceId,
  spanId,
  verdict,
  score,
  reason,
  evidence,
  judgements,
  explanation,
}: EvalResult): string {
  return JSON.stringify({
    eval: evalId,
    traceId,
    ...(spanId !== '' && { spanId }),
    verdict,
    ...(score !== undefined && { score }),
    ...(reason !== undefined && { reason }),
    ...(evidence.length > 0 && { evidence }),
    ...(judgements.length > 0 && { judgements }),
    ...(explanation !== undefined && { explanation }),
  })
}

/** More of one eval's failures than these are counted, not shown. */
export const MAX_SHOWN = 20

export function textReport(run: EvalRun): string {
  const lines = [`${counted(run.traceCount, 'trace')}, ${counted(run.spanCount, 'span')}`, '']
  lines.push(...table(run.ledger))
  const rows = new Map(run.ledger.map((row) => [row.evalId, row]))
  for (const evalPlan of run.plan.evals) lines.push(...findings(run.results, evalPlan, rows.get(evalPlan.id)))
  if (run.notRun.length > 0) lines.push('', `not run, as they need a judge: ${run.notRun.join(', ')}`)
  if (run.notes.length > 0) lines.push('', ...run.notes)
  return `${lines.join('\n')}\n`
}

const VERDICTS = ['pass', 'fail', 'unknown', 'error'] as const satisfies Verdict[]
const COLUMN = 8

function table(ledger: readonly EvalLedger[]): string[] {
  if (ledger.length === 0) return ['no online evals']
  const width = Math.max(...ledger.map((row) => row.evalId.length), 4)
  const heading = ['eval'.padEnd(width), ...VERDICTS.map((verdict) => verdict.padStart(COLUMN))].join('')
  const rows = ledger.map((row) => {
    const cells = VERDICTS.map((verdict) => String(row[verdict]).padStart(COLUMN)).join('')
    return `${row.evalId.padEnd(width)}${cells}${matchedNothing(row)}`
  })
  return [heading, ...rows]
}

/** A rule that silently does nothing is the worst kind. */
function matchedNothing(row: EvalLedger): string {
  if (VERDICTS.some((verdict) => row[verdict] > 0)) return ''
  if (row.filtered === 0) return '  nothing of its kind is here'
  const open = row.filteredUnknown === 0 ? '' : `, ${row.filteredUnknown} of them for want of a field`
  return `  nothing in scope: ${row.filtered} left out${open}`
}

function findings(results: readonly EvalResult[], plan: EvalPlan, row: EvalLedger | undefined): string[] {
  const { id, mode } = plan
  const found = results.filter((result) => result.evalId === id && result.verdict !== 'pass').slice(0, MAX_SHOWN)
  if (found.length === 0 || row === undefined) return []
  const scoreType = plan.kind === 'offline' || plan.score === null ? null : scoreTypeOf(plan.score)
  const rest = row.fail + row.unknown + row.error - found.length
  return [
    '',
    mode === 'shadow' ? `${id} (shadow: gates nothing)` : id,
    ...found.map((result) => describeFinding(result, scoreType)),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]
}

function describeFinding(result: EvalResult, scoreType: ValueType | null): string {
  const subject = result.spanId === '' ? `trace ${result.traceId}` : `trace ${result.traceId} span ${result.spanId}`
  const why = describeWhy(result, scoreType)
  const said = result.explanation === undefined ? '' : `  “${oneLine(result.explanation)}”`
  return `  ${result.verdict.padEnd(8)}${subject}${why === null ? '' : `  ${why}`}${said}`
}

/** A judge's words, on the line of its verdict. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)}…` : line
}

const MAX_SAID = 160

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
