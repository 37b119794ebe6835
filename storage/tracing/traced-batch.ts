/** Batches of the log: a span of their own each, which points at what they came of. */
import type { EvalResult } from '../../engine/model/result.ts'
import { isOwnAgent } from './own-traces.ts'
import type { BatchOrigin } from './record-headers.ts'
import { isQuiet, isTracing, NO_SPAN, quietly, type TracedSpan, traced, tracedAloud } from './tracer.ts'

/** Quietly where all of it came of Assay's own traces, or nothing was read. */
export function tracedBatch<T>(name: string, origin: BatchOrigin, work: (span: TracedSpan) => Promise<T>): Promise<T> {
  if (!isTracing()) return work(NO_SPAN)
  if (origin.isOwn) return quietly(() => work(NO_SPAN))
  const attributes = { 'messaging.batch.message_count': origin.records }
  return traced(name, () => ({ kind: 'consumer', links: origin.links, attributes }), work)
}

/** Traces settle in turns that read nothing, which are quiet: what is said then is so too only where it is about Assay's own. */
export function tracedResults<T>(
  name: string,
  results: readonly Pick<EvalResult, 'agentName'>[],
  work: () => Promise<T>,
): Promise<T> {
  if (!isQuiet() || results.every(({ agentName }) => isOwnAgent(agentName))) return work()
  return tracedAloud(name, () => ({ attributes: { 'assay.results': results.length } }), work)
}
