/** The promises that hold once the faults have stopped and everything was read: null, or what is broken. */
import type { EvalResult } from '../../engine/model/result.ts'
import type { LogRecord } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { type AppendedTrace, type Ledger, positionOf } from './ledger.ts'
import { type Settings, TIMES } from './members.ts'
import { FAST, SHORT } from './plan.ts'
import { subjectKey } from './store-server.ts'
import { MAX_DURATION_MS, MAX_SPANS, type SentSpan, START_MS } from './workload.ts'

export function brokenPromise(ledger: Ledger, settings: Settings): string | null {
  const visible = ledger.store.visibleResults()
  return (
    brokenSpans(ledger) ??
    brokenDeadLetters(ledger) ??
    brokenCopies(ledger) ??
    brokenArrivalVerdicts(ledger, visible) ??
    brokenRevisions(ledger, settings) ??
    brokenTraceVerdicts(ledger, settings, visible)
  )
}

/** acknowledged ⊆ stored ⊆ sent, as they were sent. */
function brokenSpans({ store, sent, acknowledged, traces }: Ledger): string | null {
  const known = new Map(sent.flatMap(({ spans }) => spans).map((span) => [span.key, span]))
  for (const { spans, kills } of acknowledged) {
    if (kills.includes('store')) continue
    for (const { key } of spans) if (!store.spans.has(key)) return `the acknowledged span ${key} is not stored`
  }
  for (const { spanKeys, kills } of traces.values()) {
    if (kills.includes('store')) continue
    for (const key of spanKeys) if (!store.spans.has(key)) return `the span ${key}, which the log took, is not stored`
  }
  for (const [key, { span }] of store.spans) {
    const one = known.get(key)
    if (one === undefined) return `the stored span ${key} was never sent`
    if (one.name !== span.name || one.durationMs * 1_000_000 !== span.durationNs) return `the span ${key} was changed`
  }
  const [torn] = store.torn
  return torn === undefined ? null : `the span ${torn} is two rows that no merge makes one`
}

/** What is no traces, or kills, is in the dead letters, and nothing else is. */
function brokenDeadLetters(ledger: Ledger): string | null {
  const expected = new Set<string>()
  for (const record of ledger.log.every(AGENT_TRACES)) {
    const { spans, kills } = ledger.sentOf(record)
    if (spans.length === 0 || kills.length > 0) expected.add(positionOf(record))
  }
  for (const source of expected) if (!ledger.deadLetterSources.has(source)) return `${source} has no dead letter`
  for (const source of ledger.deadLetterSources.keys()) {
    if (!expected.has(source)) return `${source} is a dead letter and should not be`
  }
  return null
}

/** A retry writes nothing twice: there are as many rows as deliveries of a record at the most. */
function brokenCopies(ledger: Ledger): string | null {
  const spans = new Map<string, number>()
  const results = new Map<string, number>()
  const count = (into: Map<string, number>, key: string, record: LogRecord) => {
    into.set(key, (into.get(key) ?? 0) + (ledger.deliveries.get(positionOf(record)) ?? 0))
  }
  for (const record of ledger.log.every(AGENT_TRACES)) {
    for (const { key } of ledger.sentOf(record).spans) count(spans, key, record)
  }
  for (const record of ledger.log.every(EVAL_RESULTS)) {
    for (const result of ledger.resultsOf(record)) count(results, `${subjectKey(result)}/${result.revision}`, record)
  }
  for (const [table, most] of [
    ['spans', spans],
    ['results', results],
  ] as const) {
    for (const [key, { copies }] of ledger.store[table]) {
      if (copies > (most.get(key) ?? 0)) return `${key} is ${copies} rows of ${table}, delivered ${most.get(key)} times`
    }
  }
  return null
}

/** Each span has its verdict, and nothing else has one. */
function brokenArrivalVerdicts(ledger: Ledger, visible: ReadonlyMap<string, EvalResult>): string | null {
  const expected = new Map<string, SentSpan>()
  for (const record of ledger.log.every(AGENT_TRACES)) {
    const { spans, kills } = ledger.sentOf(record)
    if (kills.includes('evaluate')) continue
    for (const span of spans) expected.set(`${span.key}/${FAST}/`, span)
  }
  for (const [key, { durationMs }] of expected) {
    const verdict = visible.get(key)?.verdict
    const right = durationMs <= MAX_DURATION_MS ? 'pass' : 'fail'
    if (verdict !== right) return `${key} is ${verdict}, not ${right}`
  }
  for (const [key, { evalId }] of visible) {
    if (evalId === FAST && !expected.has(key)) return `${key} is a verdict on what was never sent`
  }
  return null
}

/** One verdict a revision, where there is a store to ask what was said before, and no trace is judged early for want of room. */
function brokenRevisions({ contradiction, traces }: Ledger, { hasReadBack, maxOpenTraces }: Settings): string | null {
  return hasReadBack && maxOpenTraces >= traces.size ? contradiction : null
}

/** A trace's latest verdict is on all of its spans, wherever evaluation could know of all; late spans raise the revision. */
function brokenTraceVerdicts(
  ledger: Ledger,
  settings: Settings,
  visible: ReadonlyMap<string, EvalResult>,
): string | null {
  const verdicts = new Map(
    [...visible.values()].filter(({ evalId }) => evalId === SHORT).map((one) => [traceOf(one), one]),
  )
  for (const trace of ledger.traces.values()) {
    if (trace.kills.includes('evaluate')) continue
    const result = verdicts.get(trace.traceKey)
    const spans = trace.spanKeys.size
    if (result !== undefined && result.verdict !== 'unknown') {
      // Of a part it may be plain already that there are too many.
      const score = result.score ?? spans
      if (score > spans) return `${trace.traceKey} is judged by ${score} spans of ${spans}`
      if (result.verdict !== (score <= MAX_SPANS ? 'pass' : 'fail')) return `${trace.traceKey} is ${result.verdict}`
    }
    if (result?.explanation !== undefined && result.score !== undefined)
      return `${trace.traceKey} was judged early, by ${result.score} spans as if by all`
    const isUndisturbed = ledger.evaluationDisturbedAtMs < trace.firstAtMs
    if (settings.maxOpenTraces < ledger.traces.size) continue
    if (result?.verdict === 'unknown') {
      // It lacked what the store had: until then.
      return `${trace.traceKey} stays cut: ${story(trace, ledger)}`
    }
    if (!settings.hasReadBack) {
      if (!isUndisturbed && (!isPrompt(trace, settings) || ledger.isSplit(trace))) continue
      // Without a root it may be the end of one that was judged before a restart, and is then left alone.
      if (result === undefined && trace.rootAtMs === null) continue
    }
    if (result === undefined) return `${trace.traceKey} has no verdict`
    if (result.score !== spans)
      return `${trace.traceKey} is judged by ${result.score} spans of ${spans}: ${story(trace, ledger)}`
    if (isUndisturbed && isOnTime(trace, settings) && result.revision > 1) {
      return `${trace.traceKey} had no late span, and is in revision ${result.revision}`
    }
    if (isUndisturbed && isLate(trace, settings) && result.revision < 2) {
      return `${trace.traceKey} had a late span, and is in revision ${result.revision}`
    }
  }
  return null
}

function story({ traceKey, firstAtMs, rootAtMs, lastAtMs }: AppendedTrace, ledger: Ledger): string {
  const at = (ms: number | null) => (ms === null ? 'never' : `at ${ms - START_MS}`)
  const verdicts = [...ledger.store.results.values()]
    .filter(({ result }) => result.evalId === SHORT && traceOf(result) === traceKey)
    .map(({ result }) => `r${result.revision} by ${result.score} ${at(result.evaluatedAtMs)}`)
  return `first ${at(firstAtMs)}, root ${at(rootAtMs)}, last ${at(lastAtMs)}, verdicts ${verdicts.join(', ')}`
}

const traceOf = (result: EvalResult): string => `${result.tenant}/${result.traceId}`

/** All of it came before it was judged, and it was judged before its offsets were let go: no crash loses any of it. */
function isPrompt({ firstAtMs, lastAtMs, rootAtMs }: AppendedTrace, { maxSkewMs }: Settings): boolean {
  if (rootAtMs === null) return false
  const { settleMs, holdMs } = TIMES
  return lastAtMs < rootAtMs + settleMs - 2 * maxSkewMs && rootAtMs + settleMs < firstAtMs + holdMs / 2 - 2 * maxSkewMs
}

/** All that is new in it came before it was judged; what came later was sent again. */
function isOnTime({ lastNewAtMs, rootAtMs, firstAtMs }: AppendedTrace, { maxSkewMs }: Settings): boolean {
  const { settleMs, idleMs } = TIMES
  if (rootAtMs === null || rootAtMs > firstAtMs + idleMs - 2 * maxSkewMs) return false
  return lastNewAtMs < rootAtMs + settleMs - 2 * maxSkewMs
}

/** A span came when it was judged already. */
function isLate({ lastNewAtMs, rootAtMs, firstAtMs }: AppendedTrace, { maxSkewMs }: Settings): boolean {
  const { settleMs, idleMs } = TIMES
  if (rootAtMs === null || rootAtMs > firstAtMs + idleMs - 2 * maxSkewMs) return false
  return lastNewAtMs > rootAtMs + settleMs + 2 * maxSkewMs
}
