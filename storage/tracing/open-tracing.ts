/** Traces by OpenTelemetry, which is loaded here and only when somebody asks for them. */
import type { Span } from '@opentelemetry/api'
import { OWN_MARK, OWN_SERVICE } from './own-traces.ts'
import type { SpanPlace } from './traceparent.ts'
import { type Attributes, type SpanStart, type Tracer, useTracer } from './tracer.ts'

/** Passes to threads by structured clone. */
export interface TracingSettings {
  /** Of a collector's OTLP over HTTP, without `/v1/traces` or with it. */
  readonly otlpUrl: string
  readonly headers: Readonly<Record<string, string>>
  /** The share of traces, by their ids. */
  readonly sampleRatio: number
}

export interface TracingOptions {
  /** Null: nothing is traced, and nothing is loaded for it. */
  readonly settings: TracingSettings | null
  /** Who does what is traced: roles of a process, or a thread. */
  readonly role: string
  readonly version: string
  readonly onProblem: (text: string) => void
  readonly onChange: (text: string) => void
}

export interface OpenTracing {
  /** Sends what waits, and gives up soon on a collector that does not answer. */
  close(): Promise<void>
}

const NOTHING: OpenTracing = { close: async () => {} }
const PATH = '/v1/traces'
const EXPORT_TIMEOUT_MS = 10_000

/** From now on this thread traces what it does. */
export async function openTracing(options: TracingOptions): Promise<OpenTracing> {
  const { settings, role, version, onProblem, onChange } = options
  if (settings === null) return NOTHING
  const [api, { resourceFromAttributes }, sdk, { OTLPTraceExporter }, { ExportQueue }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('./export-queue.ts'),
  ])
  const url = urlOf(settings.otlpUrl)
  const share = new sdk.TraceIdRatioBasedSampler(settings.sampleRatio)
  const provider = withoutVariables(() => {
    const exporter = new OTLPTraceExporter({ url, headers: { ...settings.headers }, timeoutMillis: EXPORT_TIMEOUT_MS })
    return new sdk.BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.name': OWN_SERVICE,
        'service.version': version,
        'assay.role': role,
        [OWN_MARK]: true,
      }),
      // A sender may keep its requests out of the traces, and not put more of them in than is wanted.
      sampler: new sdk.ParentBasedSampler({ root: share, remoteParentSampled: share }),
      spanProcessors: [
        new ExportQueue({
          exporter,
          onFailure: (reason) =>
            onProblem(
              `Assay's own traces cannot be sent to ${new URL(url).host}, and are dropped meanwhile: ${reason}`,
            ),
          onRecovery: () => onChange(`Assay's own traces are sent to ${new URL(url).host} again`),
        }),
      ],
    })
  })
  const own = provider.getTracer('assay', version)
  const contextOf = (place: SpanPlace) => ({
    traceId: place.traceId,
    spanId: place.spanId,
    traceFlags: place.isSampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE,
    isRemote: true,
  })
  const kinds: Readonly<Record<NonNullable<SpanStart['kind']>, number>> = {
    internal: api.SpanKind.INTERNAL,
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
  }
  const tracer: Tracer = {
    start: (name, { kind = 'internal', parent = null, links = [], attributes = {} }) => {
      const context = parent === null ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, contextOf(parent))
      const span = own.startSpan(
        name,
        { kind: kinds[kind], links: links.map((link) => ({ context: contextOf(link) })), attributes: told(attributes) },
        context,
      )
      return spanOf(span, api.SpanStatusCode.ERROR)
    },
  }
  useTracer(tracer)
  return {
    close: async () => {
      useTracer(null)
      await provider.shutdown()
    },
  }
}

function spanOf(span: Span, failed: number): ReturnType<Tracer['start']> {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    place: { traceId, spanId, isSampled: (traceFlags & 1) === 1 },
    set: (attributes) => {
      span.setAttributes(told(attributes))
    },
    fail: (message) => {
      span.setStatus({ code: failed, message })
    },
    end: () => span.end(),
  }
}

const told = (attributes: Attributes): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  )

function urlOf(otlpUrl: string): string {
  const url = new URL(otlpUrl)
  if (!url.pathname.endsWith(PATH)) url.pathname = url.pathname.replace(/\/*$/, PATH)
  return url.href
}

/** OpenTelemetry would take `OTEL_…` by itself, and send the headers of another collector here. */
function withoutVariables<T>(make: () => T): T {
  const taken = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'))
  for (const [name] of taken) delete process.env[name]
  try {
    return make()
  } finally {
    Object.assign(process.env, Object.fromEntries(taken))
  }
}
