/** What a key says in the queue. */

export type Said =
  | { readonly kind: 'verdict'; readonly verdict: 'pass' | 'fail' }
  | { readonly kind: 'score'; readonly score: number }
  | { readonly kind: 'skip' }
  | { readonly kind: 'undo' }

export interface Scale {
  readonly low: number
  readonly high: number
}

/** Scores of one digit have a key each; of longer scales none has. */
export function scoresOf(scale: Scale | undefined): number[] {
  if (scale === undefined || scale.low < 0 || scale.high > 9) return []
  return Array.from({ length: scale.high - scale.low + 1 }, (_, index) => scale.low + index)
}

/** Null: the key says nothing here. */
export function saidBy(key: string, scale: Scale | undefined): Said | null {
  switch (key.toLowerCase()) {
    case 'p':
      return { kind: 'verdict', verdict: 'pass' }
    case 'f':
      return { kind: 'verdict', verdict: 'fail' }
    case 's':
      return { kind: 'skip' }
    case 'u':
      return { kind: 'undo' }
  }
  const score = /^\d$/.test(key) ? Number(key) : null
  return score !== null && scoresOf(scale).includes(score) ? { kind: 'score', score } : null
}
