/** `given trace { … }`: the spans that a fixture stands for. */
import type { FixtureSpan, FixtureTrace, FixtureValue, Literal } from '../../dsl/plan.ts'
import { kindOf } from '../evaluate/subject.ts'
import { makeSpan, type SpanFields } from '../model/make-span.ts'
import type { AttributeValue, Span, SpanStatus } from '../model/span.ts'

export interface BuiltTrace {
  readonly traceId: string
  /** The root first, then the fixture's spans in order. */
  readonly spans: readonly Span[]
  /**
   * The span made for the trace itself. It is a subject of its own (an `agent_run`, a `span`) only where the fixture says
   * something of it; a test that speaks of its calls alone expects no verdict on it.
   */
  readonly rootSpanId: string
  readonly rootIsSubject: boolean
}

/** 2026-01-01T00:00:00Z, microseconds: tests look the same on every day. */
const EPOCH_US = 1_767_225_600_000_000
/** Between one span's end and the next one's start, where the trace is long enough. */
const GAP_NS = 1_000_000

/** On production traffic every span carries these, by itself or by its resource. */
const INHERITED: ReadonlySet<string> = new Set(['agent.name', 'agent.version', 'env', 'session.id', 'user.id'])

type Fields = Readonly<Record<string, FixtureValue>>

/**
 * Spans run one after the other in the order written, inside the root. With a `duration` on the trace that is shorter than
 * they need, the last ones overlap, so that the trace's duration stays what the fixture says. A span's `start` is the time
 * since the trace began.
 */
export function buildTrace(fixture: FixtureTrace, ordinal: number): BuiltTrace {
  const traceId = (ordinal + 1).toString(16).padStart(32, '0')
  const idOf = (index: number): string => (index + 1).toString(16).padStart(16, '0')
  const rootSpanId = idOf(0)
  const inherited = Object.fromEntries(Object.entries(fixture.fields).filter(([path]) => INHERITED.has(path)))
  const hasAgentRuns = fixture.spans.some((span) => span.subject === 'agent_run')

  const rootNs = timeOf(fixture.fields, 'duration')
  const gapNs = rootNs === undefined ? GAP_NS : Math.min(GAP_NS, Math.floor(rootNs / (fixture.spans.length + 1)))
  let cursorNs = 0
  let endNs = 0
  const spans = fixture.spans.map((span, i) => {
    const fields = { ...inherited, ...span.fields }
    const ownNs = timeOf(fields, 'duration') ?? 0
    const latestNs = rootNs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, rootNs - ownNs)
    const startNs = timeOf(fields, 'start') ?? Math.min(cursorNs + gapNs, latestNs)
    cursorNs = startNs + ownNs
    endNs = Math.max(endNs, cursorNs)
    return buildSpan(
      { traceId, spanId: idOf(i + 1), parentSpanId: rootSpanId, kind: kindOfFixture(span) },
      fields,
      startNs,
    )
  })
  const root = buildSpan(
    { traceId, spanId: rootSpanId, kind: hasAgentRuns ? 'other' : 'agent', name: 'trace', durationNs: endNs },
    fixture.fields,
    0,
  )
  const ownFields = Object.keys(fixture.fields).some((path) => !INHERITED.has(path))
  return { traceId, spans: [root, ...spans], rootSpanId, rootIsSubject: ownFields || spans.length === 0 }
}

function kindOfFixture(span: FixtureSpan): Span['kind'] {
  return kindOf(span.subject) ?? 'other'
}

function timeOf(fields: Fields, path: 'duration' | 'start'): number | undefined {
  const value = fields[path]
  return value?.kind === 'value' && typeof value.value === 'number' ? value.value : undefined
}

function buildSpan(own: SpanFields, fields: Fields, startNs: number): Span {
  const span: Writable<SpanFields> = {
    ...own,
    name: own.name ?? own.kind ?? '',
    startTimeUs: EPOCH_US + Math.floor(startNs / 1000),
    startTimeSubUs: startNs % 1000,
  }
  const attributes = new Map<string, AttributeValue>()
  for (const [path, value] of Object.entries(fields)) {
    if (value.kind === 'documents') {
      span.documents = value.items.map(({ id, text, score }) => ({ id, text, score }))
    } else if (value.kind === 'value') {
      const write = WRITERS[path]
      if (write !== undefined) write(span, value.value)
      else attributes.set(attributeName(path), value.value)
    }
  }
  if (span.kind === 'tool') span.toolName = span.name
  // As the normalisers do; a fixture that calls the total missing means it.
  if (fields['tokens.total'] === undefined && span.tokensInput !== undefined && span.tokensOutput !== undefined) {
    span.tokensTotal = span.tokensInput + span.tokensOutput
  }
  return makeSpan({ ...span, attributes })
}

/** `attr("acme.tier")` or the plain name. */
function attributeName(path: string): string {
  return /^attr\("(.*)"\)$/.exec(path)?.[1] ?? path
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Writer = (span: Writable<SpanFields>, value: Literal) => void

const text = (key: TextKey): Writer => {
  return (span, value) => {
    span[key] = String(value)
  }
}
const number = (key: NumberKey): Writer => {
  return (span, value) => {
    span[key] = Number(value)
  }
}

type TextKey = {
  [K in keyof Span]: string extends Span[K] ? K : never
}[keyof Span]
type NumberKey = {
  [K in keyof Span]: number extends Span[K] ? K : never
}[keyof Span]

/** By field path of the language; units of the plan. */
const WRITERS: Readonly<Record<string, Writer>> = {
  duration: number('durationNs'),
  // It decides where the span is put, see above.
  start: () => {},
  status: (span, value) => {
    span.status = value as SpanStatus
  },
  error: text('errorMessage'),
  name: text('name'),
  'agent.name': text('agentName'),
  'agent.version': text('agentVersion'),
  env: text('env'),
  'session.id': text('sessionId'),
  'user.id': text('userId'),
  'input.text': text('inputText'),
  'output.text': text('outputText'),
  model: text('model'),
  provider: text('provider'),
  'tokens.input': number('tokensInput'),
  'tokens.output': number('tokensOutput'),
  'tokens.total': number('tokensTotal'),
  'tokens.cached_input': number('tokensCachedInput'),
  'tokens.reasoning': number('tokensReasoning'),
  cost: number('costMicroUsd'),
  time_to_first_token: (span, value) => {
    span.timeToFirstTokenMs = Number(value) / 1e6
  },
  finish_reason: text('finishReason'),
  'arguments.text': text('toolArguments'),
  'result.text': text('toolResult'),
  call_id: text('toolCallId'),
  'query.text': text('retrievalQuery'),
}
