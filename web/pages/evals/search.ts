const BY = ['agent', 'version', 'env', 'model'] as const

export interface EvalSearch {
  since?: string
  by?: (typeof BY)[number]
}

export function parseEvalSearch(search: Record<string, unknown>): EvalSearch {
  const by = BY.find((one) => one === search.by)
  return {
    ...(typeof search.since === 'string' && /^\d{1,4}[mhdw]$/.test(search.since) && { since: search.since }),
    ...(by !== undefined && { by }),
  }
}
