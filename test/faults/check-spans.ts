/** Every span that was acknowledged is there once, with one verdict of each eval; nothing else is. By the product's own queries. */
import { spansPerTrace } from '../../bench/load.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { EACH, WHOLE } from './definitions.ts'
import type { Population } from './population.ts'
import { Tally } from './report.ts'

/** Of what must not be, the first are named: `trace` or `trace/span`. */
export class SpanCounts {
  /** Of acknowledged traces. */
  acknowledged = 0
  stored = 0
  readonly lost = new Tally()
  /** Of traces whose request was never answered: they may be there. */
  unanswered = 0
  /** A span that a query gave twice. */
  readonly shownTwice = new Tally()
  /** That nobody sent. */
  readonly foreign = new Tally()
  /** By `EACH`, of each of its spans. */
  verdictsOfSpans = 0
  /** By `WHOLE`. */
  verdictsOfTraces = 0
  readonly lostVerdicts = new Tally()
  readonly verdictsTwice = new Tally()
  /** Settled by a part, and not judged again when the rest had come. */
  readonly judgedByAPart = new Tally()

  /** Traces that broke a promise, as far as they are named. */
  get examples(): string[] {
    const { lost, shownTwice, foreign, lostVerdicts, verdictsTwice, judgedByAPart } = this
    const named = [lost, shownTwice, foreign, lostVerdicts, verdictsTwice, judgedByAPart].flatMap((one) => one.examples)
    return [...new Set(named.map((name) => name.split('/')[0]!))]
  }
}

const TENANT = 'default'
const SPANS_OF_PAGE = 10_000
/** The root is no model call. */
const CALLS_OF_TRACE = spansPerTrace - 1

export async function countSpans(traces: TracesStore, population: Population, fromMs: number): Promise<SpanCounts> {
  const counts = new SpanCounts()
  counts.acknowledged = population.countTraces('acknowledged') * spansPerTrace
  const window = { fromUs: fromMs * 1_000, toUs: (Date.now() + 60_000) * 1_000 }
  const seen = new Uint8Array(population.size)
  for (const page of await traces.spanPages(TENANT, window, SPANS_OF_PAGE)) {
    const { traces: found, openTraces } = await traces.readSpanPage(TENANT, { ...window, ...page, fields: [] })
    if (openTraces > 0) throw new Error(`${openTraces} traces have not settled`)
    const results = byTrace(await traces.resultsOfPage(TENANT, page, [EACH, WHOLE]))
    for (const spans of found) {
      const { traceId, agentName } = spans[0]!
      if (agentName === 'canary') continue
      const trace = population.numberOf(traceId)
      if (trace === null) {
        counts.foreign.add(traceId, spans.length)
        continue
      }
      seen[trace] = 1
      countTrace(counts, population, trace, spans, results.get(traceId) ?? [])
    }
  }
  for (let trace = 0; trace < population.size; trace++) {
    if (seen[trace] === 0 && population.stateOf(trace) === 'acknowledged') {
      counts.lost.add(population.traceIdOf(trace), spansPerTrace)
      counts.lostVerdicts.add(population.traceIdOf(trace), CALLS_OF_TRACE + 1)
    }
  }
  return counts
}

function countTrace(
  counts: SpanCounts,
  population: Population,
  trace: number,
  spans: readonly { spanId: string }[],
  results: readonly EvalResult[],
): void {
  const traceId = population.traceIdOf(trace)
  const places = new Set<number>()
  for (const { spanId } of spans) {
    const place = population.placeOf(trace, spanId)
    if (place === null) counts.foreign.add(`${traceId}/${spanId}`)
    else if (places.has(place)) counts.shownTwice.add(`${traceId}/${spanId}`)
    else places.add(place)
  }
  if (population.stateOf(trace) !== 'acknowledged') {
    // A part of it may have been answered; it is not asked for here.
    counts.unanswered += places.size
    return
  }
  counts.stored += places.size
  counts.lost.add(traceId, spansPerTrace - places.size)
  const ofSpans = results.filter(({ evalId }) => evalId === EACH)
  const ofTrace = results.filter(({ evalId }) => evalId === WHOLE)
  const judged = new Set(ofSpans.map(({ spanId }) => spanId))
  counts.verdictsOfSpans += judged.size
  counts.verdictsOfTraces += Math.min(1, ofTrace.length)
  counts.verdictsTwice.add(traceId, ofSpans.length - judged.size + Math.max(0, ofTrace.length - 1))
  counts.lostVerdicts.add(traceId, CALLS_OF_TRACE - judged.size + (ofTrace.length === 0 ? 1 : 0))
  if (ofTrace.some(({ verdict }) => verdict !== 'pass')) counts.judgedByAPart.add(traceId)
}

function byTrace(results: readonly EvalResult[]): Map<string, EvalResult[]> {
  const found = new Map<string, EvalResult[]>()
  for (const result of results) {
    const own = found.get(result.traceId)
    if (own === undefined) found.set(result.traceId, [result])
    else own.push(result)
  }
  return found
}
