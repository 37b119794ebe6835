/**
 * Batches that want traces while others are being read wait, and are read together: a query costs much the same for 25 traces as for
 * 200. Who comes in the same turn goes with the first.
 */
import type { Span } from '../../engine/model/span.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

type GetTraces = TracesStore['getTraces']

/** Traces of one query: all of them are in memory at the same time. */
const MAX_AT_ONCE = 200

interface Wanted {
  tenant: string
  traceIds: readonly string[]
  settle: PromiseWithResolvers<ReadonlyMap<string, Span[]>>
}

/** As `getTraces`, one query at a time. Who asks together with others hears of a failure of their common query. */
export function readTogether(getTraces: GetTraces): GetTraces {
  const waiting: Wanted[] = []
  let isReading = false

  async function readAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const together = takeFrom(waiting, first.tenant)
      try {
        const found = await getTraces(first.tenant, [...new Set(together.flatMap(({ traceIds }) => traceIds))])
        for (const { traceIds, settle } of together) settle.resolve(only(found, traceIds))
      } catch (error) {
        for (const { settle } of together) settle.reject(error)
      }
    }
    isReading = false
  }

  return (tenant, traceIds) => {
    const settle = Promise.withResolvers<ReadonlyMap<string, Span[]>>()
    waiting.push({ tenant, traceIds, settle })
    if (!isReading) {
      isReading = true
      void readAll()
    }
    return settle.promise
  }
}

/** The first, and as many of the same tenant's behind it as there is room for. */
function takeFrom(waiting: Wanted[], tenant: string): Wanted[] {
  const taken: Wanted[] = []
  let traces = 0
  for (let at = 0; at < waiting.length; ) {
    const one = waiting[at]
    if (one === undefined) break
    const fits = one.tenant === tenant && (taken.length === 0 || traces + one.traceIds.length <= MAX_AT_ONCE)
    if (!fits) {
      at++
      continue
    }
    waiting.splice(at, 1)
    taken.push(one)
    traces += one.traceIds.length
  }
  return taken
}

function only(found: ReadonlyMap<string, Span[]>, traceIds: readonly string[]): ReadonlyMap<string, Span[]> {
  return new Map(
    traceIds.flatMap((traceId): [string, Span[]][] => {
      const spans = found.get(traceId)
      return spans === undefined ? [] : [[traceId, spans]]
    }),
  )
}
