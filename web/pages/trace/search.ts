export type TraceView = 'spans' | 'conversation'

export interface TraceSearch {
  span?: string
  view?: TraceView
}

export function parseTraceSearch(search: Record<string, unknown>): TraceSearch {
  return {
    ...(typeof search.span === 'string' && /^[0-9a-f]{16}$/.test(search.span) && { span: search.span }),
    ...(search.view === 'conversation' && { view: 'conversation' as const }),
  }
}
