/** `given file "…"`: a trace as it was recorded, with what `given like` changes of it. */
import { counterparts } from '../../dsl/merge-fixtures.ts'
import type { FixtureSpan, FixtureTrace } from '../../dsl/plan.ts'
import { kindOf, startAfterNs } from '../evaluate/subject.ts'
import { viewTrace } from '../evaluate/trace-view.ts'
import type { Span, SpanKind } from '../model/span.ts'
import { type Fields, timeOf, withFields } from './fixture-span.ts'
import type { BuiltTrace } from './fixture-trace.ts'

/** `recorded`: at least one span, each id once. */
export function buildRecorded(recorded: readonly Span[], changes: readonly FixtureTrace[]): BuiltTrace {
  const { root } = viewTrace('', '', recorded)
  let spans: readonly Span[] = recorded
  for (const change of changes) spans = changed(spans, root.spanId, change)
  return { traceId: recorded[0]!.traceId, spans, rootSpanId: root.spanId, rootIsSubject: true }
}

function changed(before: readonly Span[], rootSpanId: string, change: FixtureTrace): readonly Span[] {
  const without = (change.without ?? []).map(kindOf)
  const spans = before.filter(
    ({ kind, spanId }) => spanId === rootSpanId || !(without.includes(kind) || without.includes(null)),
  )
  const originUs = Math.min(...spans.map((span) => span.startTimeUs))
  const places = counterparts(
    spans.map((span) => ({ subject: subjectOf(span.kind), name: span.toolName ?? span.name })),
    change.spans,
  )
  for (const [i, { subject, fields }] of change.spans.entries()) {
    const place = places[i] ?? null
    const own = place === null ? undefined : spans[place]
    if (place !== null && own !== undefined) spans[place] = moved(withFields(own, fields), fields, originUs)
    else spans.push(added(spans, rootSpanId, subject, fields, originUs))
  }
  const root = spans.findIndex(({ spanId }) => spanId === rootSpanId)
  spans[root] = withFields(spans[root]!, change.fields)
  return spans
}

/** After all others, below the root, as its neighbours: with the names and versions that the root carries. */
function added(
  spans: readonly Span[],
  rootSpanId: string,
  subject: FixtureSpan['subject'],
  fields: Fields,
  originUs: number,
): Span {
  const root = spans.find(({ spanId }) => spanId === rootSpanId)!
  const { tenant, traceId, agentName, agentVersion, env, sessionId, userId } = root
  const endNs = Math.max(...spans.map((span) => startAfterNs(span, originUs) + span.durationNs))
  const kind = kindOf(subject) ?? 'other'
  const spanId = (spans.length + 1).toString(16).padStart(16, 'f')
  const own = { tenant, traceId, spanId, parentSpanId: rootSpanId, kind, name: kind }
  const span = withFields({ ...own, agentName, agentVersion, env, sessionId, userId }, fields)
  return moved(span, { start: { kind: 'value', type: { kind: 'duration' }, value: endNs }, ...fields }, originUs)
}

function moved(span: Span, fields: Fields, originUs: number): Span {
  const startNs = timeOf(fields, 'start')
  if (startNs === undefined) return span
  return { ...span, startTimeUs: originUs + Math.floor(startNs / 1000), startTimeSubUs: startNs % 1000 }
}

const SUBJECTS = ['agent_run', 'llm_call', 'tool_call', 'retrieval', 'embedding', 'guardrail'] as const

/** The subject that a fixture would write for a span of this kind. */
export function subjectOf(kind: SpanKind): FixtureSpan['subject'] {
  return SUBJECTS.find((subject) => kindOf(subject) === kind) ?? 'span'
}
