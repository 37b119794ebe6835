/** `labels: "labels/helpful.jsonl"`: what people said of some subjects, a JSON object a line, as `assay label export` prints it. */
import type { Clauses } from './clauses.ts'
import type { Module } from './module.ts'
import type { FileLabel } from './plan.ts'
import type { ReadLabels } from './resolve.ts'
import type { ScoreBounds } from './score-bounds.ts'

/** More than anybody labels by hand for one eval, and little beside the rest of a plan. */
export const MAX_FILE_LABELS = 2_000

export interface LabelsOfFile {
  readonly file: string
  readonly labels: readonly FileLabel[]
}

/** Null without the clause, and when it is in error (told). `evalId`: lines of other evals are passed over. `bounds`: of its scores; null for none. */
export function compileLabelsFile(
  clauses: Clauses,
  evalId: string,
  module: Module,
  readLabels: ReadLabels,
  bounds: ScoreBounds | null,
): LabelsOfFile | null {
  const file = clauses.text('labels')
  const span = clauses.single('labels')?.span ?? clauses.clause('labels')?.key.span
  if (file === null || span === undefined) return null
  const { reporter } = module
  if (file.trim() === '') {
    reporter.report('E0112', span, '`labels:` names a file', { label: 'such as "labels/helpful.jsonl"' })
    return null
  }
  const found = readLabels(module.path, file)
  if (found === null) {
    reporter.report('E0425', span, `there is no file \`${file}\``, {
      label: 'relative to this file',
      notes: ['`assay label export` prints the labels that are stored: leave the clause out until there are some'],
    })
    return null
  }
  const read = found.ok ? parseLabels(found.text, evalId, bounds) : found
  if (read.ok) return { file, labels: read.labels }
  reporter.report('E0426', span, `this file holds no labels: ${read.message}`, {
    label: 'JSON objects are needed, one a line',
    notes: ['such as {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "score": 2, "by": "ana"}'],
  })
  return null
}

type ParsedLabels = { ok: true; labels: readonly FileLabel[] } | { ok: false; message: string }

/** Quotes nothing of the file: it may be any. */
export function parseLabels(text: string, evalId: string, bounds: ScoreBounds | null): ParsedLabels {
  const labels: FileLabel[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const read = parseLine(line, evalId, bounds)
    if (typeof read === 'string') return { ok: false, message: `line ${at + 1}: ${read}` }
    if (read !== null) labels.push(read)
    if (labels.length > MAX_FILE_LABELS) return { ok: false, message: `it has more than ${MAX_FILE_LABELS}` }
  }
  return { ok: true, labels }
}

/** A text is what is wrong; null is a label of another eval. */
function parseLine(line: string, evalId: string, bounds: ScoreBounds | null): FileLabel | string | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  const { eval: of, traceId, spanId, score, verdict, by } = value as Record<string, unknown>
  if (of !== undefined && of !== evalId) return typeof of === 'string' ? null : '"eval" is no text'
  if (typeof traceId !== 'string' || !/^[0-9a-f]{32}$/i.test(traceId)) return '"traceId" is 32 hex digits'
  if (spanId !== undefined && !(typeof spanId === 'string' && /^[0-9a-f]{16}$/i.test(spanId)))
    return '"spanId" is 16 hex digits'
  if (score !== undefined && !(typeof score === 'number' && Number.isFinite(score))) return '"score" is a number'
  if (score !== undefined && bounds !== null && (score < bounds.low || score > bounds.high))
    return `"score" is from ${bounds.low} to ${bounds.high}`
  if (verdict !== undefined && verdict !== 'pass' && verdict !== 'fail') return '"verdict" is "pass" or "fail"'
  if (score === undefined && verdict === undefined) return 'a "score" or a "verdict" is needed'
  if (by !== undefined && (typeof by !== 'string' || by === '')) return '"by" is a name'
  return {
    traceId: traceId.toLowerCase(),
    ...(spanId !== undefined && { spanId: spanId.toLowerCase() }),
    ...(score !== undefined && { score }),
    ...(verdict !== undefined && { verdict }),
    ...(by !== undefined && { by }),
  }
}
