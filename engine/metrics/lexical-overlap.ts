import { countInCommon, f1Of, longestCommonSubsequence } from './longest-common-subsequence.ts'
import { wordsOf } from './words.ts'

/** Longer texts are compared by their beginnings: the longest common subsequence takes the product of both lengths. */
const MOST_WORDS = 4_000

/**
 * Proxies without a judge. `kPrecision` is the share of the answer's words that stand in the context (Adlakha et al., TACL 12, 2024), `tokenF1` that of words
 * shared with the reference (Rajpurkar et al., EMNLP 2016; articles count), `rougeLF1` by the longest sequence in common (Lin 2004). Each is null where one of its
 * texts is not given, or the answer has no words; 0 to 1.
 */
export function lexicalOverlap({
  answer,
  context,
  reference,
}: {
  answer: string
  /** Several texts count together. */
  context?: string | readonly string[] | undefined
  reference?: string | undefined
}): { kPrecision: number | null; tokenF1: number | null; rougeLF1: number | null } {
  const words = wordsOf(answer)
  const known = context === undefined ? null : new Set([context].flat().flatMap(wordsOf))
  const kPrecision =
    known === null || words.length === 0 ? null : words.filter((word) => known.has(word)).length / words.length
  if (reference === undefined || words.length === 0) return { kPrecision, tokenF1: null, rougeLF1: null }
  const expected = wordsOf(reference)
  const [given, wanted] = [words.slice(0, MOST_WORDS), expected.slice(0, MOST_WORDS)]
  return {
    kPrecision,
    tokenF1: f1By(countInCommon(words, expected), words.length, expected.length),
    rougeLF1: f1By(longestCommonSubsequence(given, wanted), given.length, wanted.length),
  }
}

function f1By(common: number, given: number, wanted: number): number {
  return wanted === 0 ? 0 : f1Of(common / given, common / wanted)
}
