/**
 * What a span costs the agent, and what memory a collector that is gone for an hour takes: the SDK beside OpenTelemetry's own
 * BatchSpanProcessor, each in a process of its own. The cost of a span's end is that of start and end with the processor, less that with
 * none. The collector answers in the first run, and nobody listens in the second.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { AssaySpanProcessor } from '../sdk/index.ts'

const SAMPLES = 10
/** A turn of the event loop after so many, as an agent has them between its calls. */
const BURST = 1_000

type Kind = 'none' | 'assay' | 'assay, sampling 10%' | 'batch'

interface Task {
  kind: Kind
  url: string
  spans: number
}

interface Report {
  usPerSpan: number
  heapMb: number[]
  external: string
}

function processorOf({ kind, url }: Task): { processor: SpanProcessor; state: () => string } {
  switch (kind) {
    case 'none':
      return { processor: nothing, state: () => '' }
    case 'batch':
      return { processor: new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` })), state: () => '' }
    case 'assay':
    case 'assay, sampling 10%': {
      const processor = new AssaySpanProcessor({
        url,
        log: () => {},
        ...(kind !== 'assay' && { sampling: { rate: 0.1 } }),
      })
      const state = (): string => {
        const { bufferedSpans, bufferedBytes, deliveredSpans, droppedSpans, sampledOutSpans } = processor.stats()
        const dropped = Object.values(droppedSpans).reduce((sum, count) => sum + count, 0)
        return `${deliveredSpans} delivered, ${dropped} dropped, ${sampledOutSpans} sampled out, ${bufferedSpans} buffered (${Math.round(bufferedBytes / 1e6)} MB by estimate)`
      }
      return { processor, state }
    }
  }
}

const nothing: SpanProcessor = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} }

/** An LLM call's span, of about 1.2 kB on the wire, a text of its own included. */
function attributesOf(index: number): Record<string, string | number> {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.agent.name': 'support',
    'gen_ai.usage.input_tokens': 420,
    'gen_ai.usage.output_tokens': 90,
    'gen_ai.output.messages': `${index} ${'The order is on its way to you. '.repeat(28)}`,
  }
}

/** CPU time rather than the clock's: a machine that others use would count their work. */
async function measure(task: Task): Promise<Report> {
  if (global.gc === undefined) throw new Error('run with --expose-gc')
  const { processor, state } = processorOf(task)
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('bench')
  const heapMb: number[] = []
  let spanUs = 0
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (let done = 0; done < task.spans / SAMPLES; done += BURST) {
      const start = process.cpuUsage()
      for (let i = 0; i < BURST; i++) tracer.startSpan('chat gpt-5-mini', { attributes: attributesOf(done + i) }).end()
      const { user, system } = process.cpuUsage(start)
      spanUs += user + system
      await turn()
    }
    global.gc()
    heapMb.push(Math.round(process.memoryUsage().heapUsed / 1e5) / 10)
  }
  return { usPerSpan: spanUs / task.spans, heapMb, external: state() }
}

async function inProcess(task: Task): Promise<Report> {
  const child = fork(import.meta.filename, [JSON.stringify(task)], { execArgv: [...process.execArgv, '--expose-gc'] })
  const [report] = (await once(child, 'message')) as [Report]
  child.kill()
  return report
}

async function compare(title: string, url: string, spans: number): Promise<void> {
  console.log(title)
  const none = await inProcess({ kind: 'none', url, spans: Math.min(spans, 1_000_000) })
  for (const kind of ['assay', 'assay, sampling 10%', 'batch'] as const) {
    const { usPerSpan, heapMb, external } = await inProcess({ kind, url, spans })
    const cost = (usPerSpan - none.usPerSpan).toFixed(2)
    console.log(`  ${kind.padEnd(20)} ${cost} µs a span (with its start ${usPerSpan.toFixed(2)})`)
    console.log(`  ${''.padEnd(20)} heap after GC, MB: ${heapMb.join(' ')}${external === '' ? '' : `; ${external}`}`)
  }
}

/** `spans`: an hour at 2,800 spans/s is 10 million. */
export async function run({ spans = 10_000_000 }: { spans?: number } = {}): Promise<void> {
  const sink = createServer((request, response) => {
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  await compare(`a collector that answers, ${spans / 10} spans`, url, spans / 10)
  sink.closeAllConnections()
  await new Promise((resolve) => sink.close(resolve))
  await compare(`a collector that is gone, ${spans} spans`, url, spans)
}

const task = process.argv[2]
if (process.send !== undefined && task !== undefined) process.send(await measure(JSON.parse(task) as Task))
