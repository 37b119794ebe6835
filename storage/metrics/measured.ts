/** The ports, with how long their operations take told to the metrics, and appends to the trace that they are part of. */
import type { Log } from '../log/port.ts'
import type { TracesStore } from '../traces/port.ts'
import { withTraceHeaders } from '../tracing/record-headers.ts'
import { tracedWithin } from '../tracing/tracer.ts'
import { appendSeconds, timed, tracesSeconds } from './registry.ts'

/** Appends alone: reads wait for records, which says nothing. */
export function measuredLog<T extends Pick<Log, 'append'>>(log: T): T {
  const append: Log['append'] = (topic, records) =>
    timed(appendSeconds, { topic }, () =>
      tracedWithin(
        `append ${topic}`,
        () => ({
          kind: 'producer',
          attributes: { 'messaging.destination.name': topic, 'messaging.batch.message_count': records.length },
        }),
        () => log.append(topic, withTraceHeaders(records)),
      ),
    )
  return withOwn(log, { append } as Partial<T>)
}

const OPERATIONS: ReadonlySet<string | symbol> = new Set([
  'insertSpans',
  'insertResults',
  'insertBlocks',
  'getTrace',
  'getTraces',
  'queryResults',
  'queryVerdicts',
  'ledger',
  'settledTraceIds',
  'settledSessions',
  'flaggedSubjects',
  'spanPages',
  'readSpanPage',
  'resultsOfPage',
  'countSpans',
  'countWindow',
  'compareRun',
  'searchTraces',
  'listSessions',
  'evalSeries',
  'evalTrends',
  'evalFlips',
  'resultHistory',
  'contrastTraces',
] satisfies (keyof TracesStore)[])

export function measuredTraces<T extends TracesStore>(traces: T): T {
  const own: Partial<Record<string | symbol, unknown>> = {}
  for (const operation of OPERATIONS) {
    const method: unknown = Reflect.get(traces, operation)
    if (typeof method !== 'function') continue
    own[operation] = (...args: unknown[]) =>
      timed(tracesSeconds, { operation: String(operation) }, () => Promise.resolve(Reflect.apply(method, traces, args)))
  }
  return withOwn(traces, own as Partial<T>)
}

/** The others stay the target's own, which may use private fields. */
function withOwn<T extends object>(target: T, own: Partial<T>): T {
  const bound = new Map<string | symbol, unknown>()
  return new Proxy(target, {
    get: (_, key) => {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key)
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      if (!bound.has(key)) bound.set(key, value.bind(target))
      return bound.get(key)
    },
  })
}
