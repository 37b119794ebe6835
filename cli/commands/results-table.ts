/** Results as a table for a terminal. */
import type { ResultJson } from '../../server/schemas.ts'
import { printable } from './printable.ts'

const reasonText = ({ reason }: ResultJson): string[] =>
  reason ? [[reason.code, reason.field ?? reason.detail].filter((part) => part !== undefined).join(': ')] : []

const evidenceText = ({ evidence }: ResultJson): string[] =>
  evidence.map(({ field, pattern, masked }) => `${field}: ${masked} (${pattern})`)

const EXPLANATION_CHARS = 100

function detailsOf(result: ResultJson): string {
  const parts = [...evidenceText(result), ...reasonText(result)]
  if (result.explanation) {
    const [line = ''] = result.explanation.split('\n')
    parts.push(line.length > EXPLANATION_CHARS ? `${line.slice(0, EXPLANATION_CHARS - 1)}…` : line)
  }
  return parts.join('; ')
}

const short = (value: number): string => String(Number(value.toPrecision(4)))

/** `1234 ms`, `0.25 USD`, `93%`; a plain number without a unit. */
export function scoreText({ score, scoreUnit }: Pick<ResultJson, 'score' | 'scoreUnit'>): string {
  if (score === undefined) return ''
  if (scoreUnit === 'ratio') return `${short(score * 100)}%`
  return scoreUnit === undefined ? short(score) : `${short(score)} ${scoreUnit}`
}

/** Enough to tell the spans of a trace apart. */
const SPAN_CHARS = 8

interface Column {
  title: string
  cell: (result: ResultJson) => string
  /** Shown where there is room for it. */
  optional?: true
}

const columns: readonly Column[] = [
  { title: 'TIME (UTC)', cell: ({ evaluatedAt }) => evaluatedAt.slice(0, 19).replace('T', ' ') },
  { title: 'EVAL', cell: (result) => result.eval },
  { title: 'VERDICT', cell: ({ mode, verdict }) => (mode === 'shadow' ? `${verdict} (shadow)` : verdict) },
  { title: 'SCORE', cell: scoreText },
  { title: 'AGENT', cell: ({ agent }) => agent?.name ?? '', optional: true },
  { title: 'TRACE', cell: ({ traceId }) => traceId },
  { title: 'SPAN', cell: ({ spanId }) => spanId?.slice(0, SPAN_CHARS) ?? '', optional: true },
]

/** What the details have at least before an optional column is shown. */
const DETAILS_CHARS = 40
const GAP = '  '

/**
 * Columns as wide as their content; the details, which come last, take what they need. Agent and span are shown where something
 * is in them and `widthChars` leaves room, in that order.
 */
export function resultTable(results: readonly ResultJson[], widthChars: number): string {
  const filled = columns.map(({ title, cell, optional }) => {
    const cells = results.map((result) => printable(cell(result)))
    const isWanted = optional !== true || cells.some((text) => text !== '')
    return {
      cells: [title, ...cells],
      optional,
      isWanted,
      width: Math.max(title.length, ...cells.map((c) => c.length)),
    }
  })
  let left = widthChars - DETAILS_CHARS
  for (const column of filled) if (column.optional !== true) left -= column.width + GAP.length
  const shown = filled.filter(({ optional, isWanted, width }) => {
    if (optional !== true) return true
    if (!isWanted || width + GAP.length > left) return false
    left -= width + GAP.length
    return true
  })
  const details = ['DETAILS', ...results.map((result) => printable(detailsOf(result)))]
  return details
    .map((last, row) => [...shown.map(({ cells, width }) => cells[row]!.padEnd(width)), last].join(GAP).trimEnd())
    .join('\n')
}
