/** Pages of stored traces, one after another, the next one read while this one is worked on. */
import type { Span } from '../../engine/model/span.ts'
import type { SpanPage, SpanPageField, TraceWindow } from '../../storage/traces/port.ts'
import type { TraceSource } from './source.ts'

export interface StoredPage {
  page: SpanPage
  traces: Span[][]
  openTraces: number
  /** Pages so far, this one included, and of how many. */
  nth: number
  total: number
}

/** Ends early, between two pages, when the signal aborts. */
export async function* readPages(
  source: TraceSource,
  window: TraceWindow,
  fields: readonly SpanPageField[],
  signal: AbortSignal,
): AsyncGenerator<StoredPage> {
  const pages = await source.pages(window)
  const read = (index: number): ReturnType<TraceSource['read']> | null => {
    const page = pages[index]
    if (page === undefined || signal.aborted) return null
    const reading = source.read(window, page, fields)
    // Told when it is waited for; until then it must not pass for an error that nobody takes.
    reading.catch(() => {})
    return reading
  }
  let next = read(0)
  for (const [index, page] of pages.entries()) {
    if (next === null || signal.aborted) return
    const { traces, openTraces } = await next
    next = read(index + 1)
    yield { page, traces, openTraces, nth: index + 1, total: pages.length }
  }
}
