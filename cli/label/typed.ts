/** What a person types at the prompt of `assay label ask`. */
import type { EvalDetailResponse } from '../../server/schemas.ts'

/** The scores that there are; a ratio may be said in percent. */
export interface Scores {
  readonly low: number
  readonly high: number
  readonly isRatio: boolean
}

export type Said = { score: number } | { verdict: 'pass' | 'fail' }

export type Typed =
  | { readonly kind: 'said'; readonly said: Said }
  | { readonly kind: 'skip' }
  | { readonly kind: 'quit' }
  /** To be said again. */
  | { readonly kind: 'wrong'; readonly why: string }

/** Null where any number is a score. */
export function scoresOf({ judge, metric }: EvalDetailResponse): Scores | null {
  if (judge !== undefined) return { ...judge.scale, isRatio: false }
  return metric?.scale === undefined ? null : { ...metric.scale, isRatio: true }
}

const scaleText = ({ low, high, isRatio }: Scores): string => `${low} to ${high}${isRatio ? ', or as 50%' : ''}`

export const promptOf = (scores: Scores | null): string =>
  `score${scores === null ? '' : ` (${scaleText(scores)})`}, p, f, s or q: `

export function readTyped(line: string, scores: Scores | null): Typed {
  const text = line.trim().toLowerCase()
  if (text === 'q') return { kind: 'quit' }
  if (text === 's') return { kind: 'skip' }
  if (text === 'p' || text === 'f') return { kind: 'said', said: { verdict: text === 'p' ? 'pass' : 'fail' } }
  const number = /^(-?\d+(?:\.\d+)?)\s*(%?)$/.exec(text)
  if (number === null || (number[2] === '%' && scores?.isRatio !== true))
    return { kind: 'wrong', why: 'A number is a score; p is pass, f is fail, s skips, q ends.' }
  const score = number[2] === '%' ? Number(number[1]) / 100 : Number(number[1])
  if (scores !== null && (score < scores.low || score > scores.high))
    return { kind: 'wrong', why: `${text} is no score here: they are ${scaleText(scores)}.` }
  return { kind: 'said', said: { score } }
}
