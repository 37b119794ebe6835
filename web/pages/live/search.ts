import type { Verdict } from '../../../client/api.ts'

const VERDICTS: readonly Verdict[] = ['pass', 'fail', 'unknown', 'error']

export interface LiveSearch {
  verdict?: Verdict
  eval?: string
  /** As an eval's `on:`. */
  scope?: string
}

export function parseLiveSearch(search: Record<string, unknown>): LiveSearch {
  const verdict = VERDICTS.find((one) => one === search.verdict)
  return {
    ...(verdict !== undefined && { verdict }),
    ...(typeof search.scope === 'string' && search.scope !== '' && { scope: search.scope }),
    ...(typeof search.eval === 'string' && search.eval !== '' && { eval: search.eval }),
  }
}
