/** `given trace { … }`: the spans that a fixture stands for. */
import type { FixtureSpan, FixtureTrace } from '../../dsl/plan.ts'
import { kindOf } from '../evaluate/subject.ts'
import type { Span } from '../model/span.ts'
import { buildSpan, timeOf } from './fixture-span.ts'

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

/** Between one span's end and the next one's start, where the trace is long enough. */
const GAP_NS = 1_000_000

/** On production traffic every span carries these, by itself or by its resource. */
export const INHERITED: ReadonlySet<string> = new Set(['agent.name', 'agent.version', 'env', 'session.id', 'user.id'])

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
