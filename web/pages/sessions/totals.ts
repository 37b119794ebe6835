/** What the traces of a session come to together. */
import type { TraceSummary } from '../../../client/api.ts'
import type { Counts } from '../../parts/verdict.tsx'

export interface Totals {
  /** With their versions. */
  readonly agents: readonly string[]
  /** Of its traces, without the pauses between them. */
  readonly durationMs: number
  readonly verdicts: Counts
}

export function totalsOf(traces: readonly TraceSummary[]): Totals {
  const sum = (of: (trace: TraceSummary) => number): number => traces.reduce((total, trace) => total + of(trace), 0)
  const agents = traces.map(({ agent }) => [agent?.name, agent?.version].filter(Boolean).join(' '))
  return {
    agents: [...new Set(agents.filter((name) => name !== ''))],
    durationMs: sum(({ durationMs }) => durationMs),
    verdicts: {
      pass: sum(({ verdicts }) => verdicts.pass),
      fail: sum(({ verdicts }) => verdicts.fail),
      unknown: sum(({ verdicts }) => verdicts.unknown),
      error: sum(({ verdicts }) => verdicts.error),
    },
  }
}
