/** A search for the newest looks at the newest first: mostly they are there, and what is older need not be read. */
import type { TraceSearch } from './search-port.ts'

const MINUTE_US = 60_000_000
/** What a window reads besides, for traces that reach into it, makes shorter ones no cheaper. */
const SHORTEST_US = 30 * MINUTE_US
/** Of the whole, to begin with; each next one is as much longer. */
const FIRST_SHARE = 1 / 64
const GROWTH = 6

/**
 * Together the search's own window, without gaps; the newest first. What lies ahead of `nowUs` (clocks of senders differ) is looked at with
 * the first.
 */
export function windowsOf({ fromUs, toUs, after }: TraceSearch, nowUs: number): { fromUs: number; toUs: number }[] {
  const endUs = Math.min(toUs, after === undefined ? toUs : after.startUs + 1)
  const windows: { fromUs: number; toUs: number }[] = []
  const aheadUs = Math.max(0, endUs - Math.max(fromUs, nowUs))
  let lengthUs = Math.max(SHORTEST_US, Math.ceil((endUs - aheadUs - fromUs) * FIRST_SHARE))
  for (let to = endUs; to > fromUs; lengthUs *= GROWTH) {
    const begin = to - lengthUs - (to === endUs ? aheadUs : 0)
    // What little would be left is not worth a query of its own.
    const from = begin - fromUs < lengthUs / 2 ? fromUs : begin
    windows.push({ fromUs: from, toUs: to })
    to = from
  }
  return windows
}

/** What is found in the windows, one after the other, until there is enough. */
export async function newestFirst<Found>(
  search: TraceSearch,
  nowUs: number,
  find: (part: TraceSearch) => Promise<readonly Found[]>,
): Promise<Found[]> {
  const found: Found[] = []
  for (const window of windowsOf(search, nowUs)) {
    found.push(...(await find({ ...search, ...window, limit: search.limit - found.length })))
    if (found.length >= search.limit) break
  }
  return found
}
