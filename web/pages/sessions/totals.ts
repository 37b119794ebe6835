/** What the traces of a session come to together. */
import type { TraceSummary } from '../../../client/api.ts'
import type { Counts } from '../../parts/verdict.tsx'

export interface Totals {
  readonly agents: readonly string[]
  readonly users: readonly string[]
  readonly failedSpans: number
  /** Of its traces, without the pauses between them. */
  readonly durationMs: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
  readonly verdicts: Counts
}

export function totalsOf(traces: readonly TraceSummary[]): Totals {
  const sum = (of: (trace: TraceSummary) => number): number => traces.reduce((total, trace) => total + of(trace), 0)
  const named = (of: (trace: TraceSummary) => string | undefined): string[] => [
    ...new Set(traces.map(of).filter((name) => name !== undefined)),
  ]
  return {
    agents: named(({ agent }) => [agent?.name, agent?.version].filter(Boolean).join(' ') || undefined),
    users: named(({ user }) => user),
    failedSpans: sum(({ failedSpans }) => failedSpans),
    durationMs: sum(({ durationMs }) => durationMs),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    costUsd: sum(({ costUsd }) => costUsd),
    verdicts: {
      pass: sum(({ verdicts }) => verdicts.pass),
      fail: sum(({ verdicts }) => verdicts.fail),
      unknown: sum(({ verdicts }) => verdicts.unknown),
      error: sum(({ verdicts }) => verdicts.error),
    },
  }
}
