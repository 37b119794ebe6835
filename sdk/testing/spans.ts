import { type Attributes, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base'

export interface Made {
  name?: string
  attributes?: Attributes
  error?: boolean
  /** Without one it is a root. */
  parent?: Span
  durationMs?: number
}

export interface SpanMaker {
  start(made?: Made): Span
  /** Starts and ends it. */
  end(made?: Made): Span
  provider: BasicTracerProvider
}

/** Spans of the real SDK, ended into these processors. */
export function spanMaker(...spanProcessors: SpanProcessor[]): SpanMaker {
  const provider = new BasicTracerProvider({ spanProcessors })
  const tracer = provider.getTracer('test')
  const startMs = Date.now()
  const start = ({ name = 'span', attributes = {}, parent }: Made = {}): Span => {
    const from = parent === undefined ? context.active() : trace.setSpan(context.active(), parent)
    return tracer.startSpan(name, { attributes, startTime: startMs, root: parent === undefined }, from)
  }
  return {
    provider,
    start,
    end(made = {}) {
      const span = start(made)
      if (made.error === true) span.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' })
      span.end(startMs + (made.durationMs ?? 5))
      return span
    },
  }
}

/** A span that has ended, as processors get it. */
export function endedSpan(made: Made = {}): ReadableSpan {
  const ended: ReadableSpan[] = []
  const processor: SpanProcessor = {
    onStart() {},
    onEnd: (span) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  spanMaker(processor).end(made)
  return ended[0]!
}
