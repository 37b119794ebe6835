import type { TracesResponse } from '../../../client/api.ts'

/** The traces of pages: one that paused for over an hour is found where it went on, and on a later page again where it began. */
export function eachOnce(pages: readonly Pick<TracesResponse, 'traces'>[]): TracesResponse['traces'] {
  const byId = new Map<string, TracesResponse['traces'][number]>()
  for (const { traces } of pages)
    for (const trace of traces) if (!byId.has(trace.traceId)) byId.set(trace.traceId, trace)
  return [...byId.values()]
}
