/** OpenTelemetry as any agent sets it up: spans in OTLP protobuf over HTTP to one or more Assays. */
import { type Attributes, type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

export const agentName = 'support'
export const agentVersion = '2.4.0'

export interface Telemetry {
  /** Runs `work` inside a span, which carries an error if it throws. */
  inSpan<T>(
    name: string,
    options: { kind?: SpanKind; attributes: Attributes; root?: boolean },
    work: (span: Span) => Promise<T>,
  ): Promise<T>
  /** Sends what is waiting. Rejects when the first receiver does not take it. */
  flush(): Promise<void>
  shutdown(): Promise<void>
}

/** `tracesUrls`: full addresses, `http://127.0.0.1:4318/v1/traces`. */
export function startTelemetry(tracesUrls: readonly string[]): Telemetry {
  // The SDK's default waits 5 s; a live demonstration is worth a request more.
  const processors = tracesUrls.map(
    (url) => new BatchSpanProcessor(new OTLPTraceExporter({ url }), { scheduledDelayMillis: 100 }),
  )
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'support-agent',
      'service.version': agentVersion,
      'deployment.environment.name': 'example',
    }),
    spanProcessors: processors,
  })
  provider.register()
  const tracer = trace.getTracer('support-agent', agentVersion)
  return {
    inSpan: (name, { kind = SpanKind.INTERNAL, attributes, root = false }, work) => {
      const parent: Context = root ? trace.deleteSpan(context.active()) : context.active()
      return tracer.startActiveSpan(name, { kind, attributes }, parent, async (span) => {
        try {
          return await work(span)
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error)
          span.recordException(error instanceof Error ? error : message)
          span.setStatus({ code: SpanStatusCode.ERROR, message })
          throw error
        } finally {
          span.end()
        }
      })
    },
    flush: async () => {
      const [first] = await Promise.allSettled(processors.map((processor) => processor.forceFlush()))
      if (first?.status === 'rejected') throw first.reason
    },
    shutdown: () => provider.shutdown(),
  }
}

/** One message in the form of OpenTelemetry's GenAI conventions. */
export const message = (role: string, ...parts: readonly Record<string, unknown>[]) => ({ role, parts })
export const text = (content: string) => ({ type: 'text', content })

/** Attributes that hold structures are JSON text on spans. */
export const json = (value: unknown): string => JSON.stringify(value)
