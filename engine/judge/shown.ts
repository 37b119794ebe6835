/** What an offline eval's `show:` clause puts before the judge. */
import { isSpanSubject, type SpanSubject } from '../../dsl/schema.ts'
import { readTraceField, spanField, type Value } from '../evaluate/fields.ts'
import { tracesIn } from '../evaluate/session-view.ts'
import { kindOf, type ProjectedSpan, type TraceView } from '../evaluate/subject.ts'
import { listText, type WindowedText } from './window.ts'

export type Shown =
  /** `path` is as written in the `.eval` file. */
  | { kind: 'shown'; fields: WindowedText[] }
  /** A field of the subject itself was not sent: a judge who grades without it would guess. */
  | { kind: 'missing'; field: string }

/**
 * Reads the fields of `show` in order. A plain path (`output.text`) is the subject's own: the span's where the subject is a
 * span, else the trace's. `tool_call.name` lists the value of each such span of the trace in the order of their starts, with
 * null where it was not captured; an empty list says that there was none. One of a trace that is cut is said to be a beginning. Of a session `trace.output.text` lists likewise over its
 * traces. Throws on a path that the schema does not have.
 */
export function readShown(
  show: readonly string[],
  trace: TraceView,
  span: ProjectedSpan | undefined,
  ofSession = false,
): Shown {
  const fields: WindowedText[] = []
  for (const path of show) {
    const field = readOne(path, trace, span, ofSession)
    if (field === undefined) return { kind: 'missing', field: path }
    fields.push(field)
  }
  return { kind: 'shown', fields }
}

function readOne(
  path: string,
  trace: TraceView,
  span: ProjectedSpan | undefined,
  ofSession: boolean,
): WindowedText | undefined {
  const [head = '', ...rest] = path.split('.')
  const inner = rest.join('.')
  if (isSpanSubject(head) && inner !== '') return { path, ...listOf(head, inner, trace) }
  if (ofSession && head === 'trace' && inner !== '') {
    const read = readTraceField(inner)
    return { path, ...listed(inner, tracesIn(trace).map(read), trace) }
  }
  const own = head === 'trace' && inner !== '' ? inner : path
  const value = span === undefined || head === 'trace' ? readTraceField(own)(trace) : spanField(own).read(span)
  return value === undefined ? undefined : { path, text: textOf(own, value) }
}

function listOf(subject: SpanSubject, path: string, trace: TraceView): Omit<WindowedText, 'path'> {
  const { read } = spanField(path)
  const kind = kindOf(subject)
  const spans = trace.spans
    .filter((span) => kind === null || span.kind === kind)
    .sort(
      (a, b) => a.startTimeUs - b.startTimeUs || a.startTimeSubUs - b.startTimeSubUs || (a.spanId < b.spanId ? -1 : 1),
    )
  return listed(path, spans.map(read), trace)
}

function listed(path: string, values: readonly (Value | undefined)[], { cut }: TraceView): Omit<WindowedText, 'path'> {
  const items = values.map((value) => (value === undefined ? 'null' : JSON.stringify(plain(path, value))))
  return { text: listText(items), items, ...(cut && { isBeginning: true as const }) }
}

function textOf(path: string, value: Value): string {
  const shown = plain(path, value)
  return typeof shown === 'string' ? shown : JSON.stringify(shown)
}

/** Times and money in words: a judge should not have to know the units that the engine counts in. */
function plain(path: string, value: Value): Value {
  if (typeof value !== 'number') return value
  if (path === 'duration' || path === 'time_to_first_token') return `${Math.round(value / 1e4) / 100} ms`
  if (path === 'start') return new Date(value / 1000).toISOString()
  if (path === 'cost') return `${value / 1e6} USD`
  return value
}
