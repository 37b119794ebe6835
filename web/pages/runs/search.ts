/** Of which eval the runs are listed, as the address has it. */
export interface RunsSearch {
  eval?: string
}

export function parseRunsSearch(search: Record<string, unknown>): RunsSearch {
  return typeof search.eval === 'string' && search.eval.includes('/') ? { eval: search.eval } : {}
}
