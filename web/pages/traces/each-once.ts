import type { Result, TraceSummary } from '../../../client/api.ts'

/** The traces of pages: one that paused for over an hour is found where it went on, and on a later page again where it began. */
export const eachOnce = (pages: readonly { traces: readonly TraceSummary[] }[]): TraceSummary[] =>
  once(
    pages.flatMap(({ traces }) => traces),
    ({ traceId }) => traceId,
  )

/** The verdicts of pages on a session as a whole: such a trace brings its own with it each time. */
export const eachVerdictOnce = (pages: readonly { results: readonly Result[] }[]): Result[] =>
  once(
    pages.flatMap(({ results }) => results),
    verdictKey,
  )

/** What tells one verdict on a session from the others on it. */
export const verdictKey = ({ eval: evalId, traceId, runId }: Result): string => `${evalId} ${traceId} ${runId ?? ''}`

function once<One>(all: readonly One[], keyOf: (one: One) => string): One[] {
  const byKey = new Map<string, One>()
  for (const one of all) if (!byKey.has(keyOf(one))) byKey.set(keyOf(one), one)
  return [...byKey.values()]
}
