/** A search for the newest looks at the newest first: mostly they are there, and what is older need not be read. */
import { LONGEST_TRACE_US } from './queries.ts'
import type { FoundTrace } from './search.ts'
import type { TraceSearch } from './search-port.ts'

const MINUTE_US = 60_000_000
/** What a window reads besides, for traces that reach into it, makes shorter ones no cheaper. */
const SHORTEST_US = 30 * MINUTE_US
const DAY_US = 1_440 * MINUTE_US
/** Of the whole, to begin with; each next one is as much longer. */
const FIRST_SHARE = 1 / 64
const GROWTH = 6
/** A day of texts more takes longer than a query more. */
const GROWTH_OF_TEXTS = 2
/** No more than this of texts: a month of them, read at once, reaches the limits of a query though what is looked for is of the day before yesterday. */
const MOST_TEXTS_AT_ONCE_US = 7 * DAY_US
/** Who looks for a user or a session has few of many traces: to read one column of all the rest takes less than three queries more. */
const ALL_THE_REST = Number.POSITIVE_INFINITY

/**
 * Together the search's own window, without gaps; the newest first. What lies ahead of `nowUs` (clocks of senders differ) is looked at with
 * the first. Spans are sorted by day and then by trace: to read an hour's texts is to read its day's, so that those of a search for a text
 * are of whole days (UTC).
 */
export function windowsOf(
  { fromUs, toUs, after, text, user, session }: TraceSearch,
  nowUs: number,
): { fromUs: number; toUs: number }[] {
  const endUs = Math.min(toUs, after === undefined ? toUs : after.startUs + 1)
  const windows: { fromUs: number; toUs: number }[] = []
  const aheadUs = Math.max(0, endUs - Math.max(fromUs, nowUs))
  const [shortestUs, growth] =
    text !== undefined
      ? [DAY_US, GROWTH_OF_TEXTS]
      : user !== undefined || session !== undefined
        ? [DAY_US, ALL_THE_REST]
        : [SHORTEST_US, GROWTH]
  let lengthUs = Math.max(shortestUs, Math.ceil((endUs - aheadUs - fromUs) * FIRST_SHARE))
  for (let to = endUs; to > fromUs; lengthUs *= growth) {
    const length = lengthUs + (to === endUs ? aheadUs : 0)
    const begin = text === undefined ? to - length : Math.round((to - length) / DAY_US) * DAY_US
    // What little would be left is not worth a query of its own.
    const from = begin - fromUs < lengthUs / 2 ? fromUs : begin
    windows.push({ fromUs: from, toUs: to })
    to = from
  }
  return windows
}

/** A part of a search's window, and how its texts are read: each once, though a trace of a window may reach into the next. */
export interface SearchPart extends TraceSearch {
  /** How long before the part traces may begin whose texts are in it: they are found here for the next part, which is older. */
  readonly reachUs: number
  /** Texts of what comes later were looked at with the part before. */
  readonly isFollowed: boolean
}

/** What is found in the windows, one after the other, until there is enough. */
export async function newestFirst(
  search: TraceSearch,
  nowUs: number,
  find: (part: SearchPart) => Promise<readonly FoundTrace[]>,
): Promise<FoundTrace[]> {
  const found: FoundTrace[] = []
  let early: FoundTrace[] = []
  const windows = windowsOf(search, nowUs)
  const newestUs = Math.min(windows[0]?.toUs ?? 0, nowUs)
  for (let window = windows.shift(), isFirst = true; window !== undefined; window = windows.shift(), isFirst = false) {
    const isText = search.text !== undefined
    const isLittleLeft = window.toUs - search.fromUs <= MOST_TEXTS_AT_ONCE_US
    // A text that the newest days are without is a rare one: the rest of a week is read at once, which is faster than day by day.
    if (isText && !isFirst && isLittleLeft && found.length + early.length === 0) {
      window = { fromUs: search.fromUs, toUs: window.toUs }
      windows.length = 0
    } else if (isText && !isFirst && found.length + early.length > 0) {
      const [newer, older] = asLongAsNeeded(window, {
        missing: search.limit - found.length,
        known: found.length + early.length,
        ofUs: newestUs - window.toUs,
      })
      window = newer
      if (older !== null) windows.unshift(older)
    }
    const reachUs = isText && window.fromUs > search.fromUs ? LONGEST_TRACE_US : 0
    const isFollowed = isText && !isFirst
    // As many as of the whole: some may be known already.
    const more = await find({ ...search, ...window, reachUs, isFollowed })
    const all = [...new Map([...early, ...more].map((one) => [one.trace, one])).values()].sort(byStartThenId)
    // A trace that paused for longer than traces are taken to last is found in two windows: it is shown where it went on.
    const known = new Set(found.map(({ trace }) => trace))
    const { fromUs } = window
    found.push(...all.filter(({ trace, start_us }) => Number(start_us) >= fromUs && !known.has(trace)))
    early = all.filter(({ start_us }) => Number(start_us) < fromUs)
    if (found.length >= search.limit) break
  }
  return found.slice(0, search.limit)
}

/** A day of texts too many takes less than another query for one that was missing. */
const MORE_THAN_EXPECTED = 1.5

/** By how many were found in how long a time: of a window the newest whole days that should have what is missing, and the rest of it. */
export function asLongAsNeeded(
  { fromUs, toUs }: { fromUs: number; toUs: number },
  { missing, known, ofUs }: { missing: number; known: number; ofUs: number },
): [{ fromUs: number; toUs: number }, { fromUs: number; toUs: number } | null] {
  const expectedUs = ((missing * MORE_THAN_EXPECTED) / known) * Math.max(ofUs, 0)
  const beginUs = toUs - Math.max(1, Math.ceil(expectedUs / DAY_US)) * DAY_US
  // What little would be left is not worth a query of its own.
  if (beginUs - fromUs < DAY_US / 2) return [{ fromUs, toUs }, null]
  return [
    { fromUs: beginUs, toUs },
    { fromUs, toUs: beginUs },
  ]
}

/** As a page has them. */
const byStartThenId = (a: FoundTrace, b: FoundTrace): number =>
  Number(b.start_us) - Number(a.start_us) || (a.trace < b.trace ? 1 : -1)
