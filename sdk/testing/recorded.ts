import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { AssaySpanProcessor } from '../span-processor.ts'

export interface Recorded {
  spans(): ReadableSpan[]
  reset(): void
  stop(): Promise<void>
}

/** OpenTelemetry set up for the whole process as `startAssay` does it, into a list. */
export function recordSpans(): Recorded {
  const ended: ReadableSpan[] = []
  const list: SpanProcessor = {
    onStart() {},
    onEnd: (span) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  // This one puts who is at work on spans; what it sends goes nowhere.
  const assay = new AssaySpanProcessor({ url: 'http://127.0.0.1:9', delayMs: 1e9, log: () => {} })
  const provider = new BasicTracerProvider({ spanProcessors: [assay, list] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  return {
    spans: () => ended,
    reset: () => void ended.splice(0),
    async stop() {
      await provider.shutdown()
      trace.disable()
      context.disable()
    },
  }
}
