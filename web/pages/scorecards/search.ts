export interface ScorecardSearch {
  /** Of one that was posted; without it as of now. */
  slot?: string
}

export function parseScorecardSearch({ slot }: Record<string, unknown>): ScorecardSearch {
  return typeof slot === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(slot) && !Number.isNaN(Date.parse(slot)) ? { slot } : {}
}
