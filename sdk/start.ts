import { type Attributes, context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { captureContent } from './genai/content.ts'
import { AssaySpanProcessor, type AssaySpanProcessorOptions, type AssayStats } from './span-processor.ts'

export interface StartOptions extends AssaySpanProcessorOptions {
  /** The service's name, which is the agent's where no span names one. `OTEL_SERVICE_NAME` if absent. */
  service?: string
  version?: string
  /** Such as `prod`. */
  environment?: string
  /** Further resource attributes. */
  attributes?: Attributes
  /** Whether prompts, answers, arguments and results go into spans. Off if absent, unless `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says otherwise. */
  captureContent?: boolean
  /** Others that get the spans too. */
  spanProcessors?: readonly SpanProcessor[]
}

export interface StartedAssay {
  provider: BasicTracerProvider
  stats(): AssayStats
  /** Sends what waits. Returns within `flushTimeoutMs`, and never rejects. */
  flush(): Promise<void>
  /** Sends what waits and stops. Returns within `flushTimeoutMs`, and never rejects. */
  shutdown(): Promise<void>
}

/**
 * Sets OpenTelemetry up to send to Assay: a tracer provider with `AssaySpanProcessor`, the context by AsyncLocalStorage, W3C's
 * trace context. Never throws. A process that ends by itself sends what waits before; one that calls `process.exit` has to `await shutdown()`.
 */
export function startAssay(options: StartOptions = {}): StartedAssay {
  const log = options.log ?? ((line: string) => console.warn(line))
  if (options.captureContent !== undefined) captureContent(options.captureContent)
  const processor = new AssaySpanProcessor({ ...options, log })
  const provider = new BasicTracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(resourceAttributes(options))),
    spanProcessors: [processor, ...(options.spanProcessors ?? [])],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  if (!trace.setGlobalTracerProvider(provider))
    log(
      'assay: OpenTelemetry is set up already; add an AssaySpanProcessor to its provider instead of calling startAssay',
    )
  const atEnd = (): void => {
    void processor.shutdown()
  }
  process.once('beforeExit', atEnd)
  return {
    provider,
    stats: () => processor.stats(),
    flush: () => processor.forceFlush(),
    shutdown: async () => {
      process.removeListener('beforeExit', atEnd)
      // Other processors may reject; the agent's end is not the place to hear of it.
      await provider.shutdown().catch(() => {})
    },
  }
}

function resourceAttributes({ service, version, environment, attributes }: StartOptions): Attributes {
  const name = service ?? process.env.OTEL_SERVICE_NAME
  return {
    ...(name !== undefined && name !== '' && { 'service.name': name }),
    ...(version !== undefined && { 'service.version': version }),
    ...(environment !== undefined && { 'deployment.environment.name': environment }),
    ...attributes,
  }
}
