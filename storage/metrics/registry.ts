/**
 * What is measured where it happens, for Prometheus. Each thread counts for itself, without locks; `cli/metrics` adds up the threads of
 * a process when it is asked. Labels have few values: no tenant, no id.
 */
import { Counter, Histogram, Registry } from 'prom-client'

export const registry = new Registry()
const registers = [registry]

export const appendSeconds = new Histogram({
  name: 'assay_log_append_seconds',
  help: 'How long an append to a topic of the log took, until it was durable or failed.',
  labelNames: ['topic', 'outcome'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
})

export const tracesSeconds = new Histogram({
  name: 'assay_traces_store_seconds',
  help: 'How long an operation of the traces store (ClickHouse, or chDB in process) took.',
  labelNames: ['operation', 'outcome'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers,
})

const BATCH_SIZES = [1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000]

export const evaluateBatchSpans = new Histogram({
  name: 'assay_evaluate_batch_spans',
  help: 'Spans of each fetch from the log that had something in it.',
  buckets: BATCH_SIZES,
  registers,
})

export const storeBatchRows = new Histogram({
  name: 'assay_store_batch_rows',
  help: 'Rows of each batch that was stored.',
  buckets: BATCH_SIZES,
  registers,
})

export const evalSeconds = new Histogram({
  name: 'assay_eval_seconds',
  help: 'How long one subject took an online eval: of one span or trace in 64. Evals beyond the first 200 are together as `other`.',
  labelNames: ['eval'] as const,
  buckets: [1e-6, 5e-6, 2e-5, 1e-4, 5e-4, 2.5e-3, 1e-2, 0.1],
  registers,
})

export const judgeCalls = new Counter({
  name: 'assay_judge_calls_total',
  help: 'Calls of judges, and how they ended: answered, transient (tried again), permanent, unsupported (asked otherwise) or garbled. What the cache answers is no call.',
  labelNames: ['provider', 'outcome'] as const,
  registers,
})

export const judgeAnswers = new Counter({
  name: 'assay_judge_answers_total',
  help: 'Subjects that a judge was to be asked about, by who answered: judge (its own), cached, or_else, cheaper, proxy, or none (error, over_budget).',
  labelNames: ['level'] as const,
  registers,
})

export const judgeSeconds = new Histogram({
  name: 'assay_judge_call_seconds',
  help: 'How long calls of judges took that were answered; each try is a call.',
  labelNames: ['provider'] as const,
  buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  registers,
})

export const judgeTokens = new Counter({
  name: 'assay_judge_tokens_total',
  help: 'Tokens that judges took (input) and gave (output), as providers count them.',
  labelNames: ['provider', 'direction'] as const,
  registers,
})

export const judgeCost = new Counter({
  name: 'assay_judge_cost_usd_total',
  help: 'What the answers of judges cost, in US dollars, by the prices of `cost.prices`; models without one count nothing.',
  labelNames: ['provider'] as const,
  registers,
})

export const evalVerdicts = new Counter({
  name: 'assay_eval_verdicts_total',
  help: 'Verdicts of online evals that were appended to the log, by eval. Evals beyond the first 200 are together as `other`.',
  labelNames: ['eval', 'verdict'] as const,
  registers,
})

export const tracingSpans = new Counter({
  name: 'assay_tracing_spans_total',
  help: "Spans of Assay's own traces: exported, failed (the collector did not take them), or dropped (too many waited).",
  labelNames: ['outcome'] as const,
  registers,
})

/** A label's values, bounded: those beyond the first `max` are one. */
export function boundedLabel(max: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= max) return 'other'
    known.add(value)
    return value
  }
}

/** Evals of a process, in whatever metric. */
export const evalLabel = boundedLabel(200)

/** Observes how long a promise took, and whether it was kept. */
export async function timed<T, L extends string>(
  histogram: Histogram<L | 'outcome'>,
  labels: Record<L, string>,
  work: () => Promise<T>,
): Promise<T> {
  const startMs = performance.now()
  let outcome = 'failed'
  try {
    const value = await work()
    outcome = 'ok'
    return value
  } finally {
    histogram.observe({ ...labels, outcome } as Record<L | 'outcome', string>, (performance.now() - startMs) / 1_000)
  }
}
