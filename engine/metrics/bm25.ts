import { wordsOf } from './words.ts'

const K1 = 1.2
const B = 0.75

/**
 * The BM25 score of each document for the query, with idf = ln(1 + (N − df + ½)/(df + ½)), which is never negative; a word that is repeated in the query
 * counts each time. Robertson & Zaragoza, *The probabilistic relevance framework: BM25 and beyond* (2009).
 */
export function bm25({ query, docs }: { query: string; docs: readonly string[] }): number[] {
  const counted = docs.map((doc) => {
    const words = wordsOf(doc)
    const counts = new Map<string, number>()
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
    return { counts, length: words.length }
  })
  const meanLength = counted.reduce((sum, { length }) => sum + length, 0) / docs.length
  const asked = wordsOf(query)
  const idf = new Map(
    [...new Set(asked)].map((word) => {
      const df = counted.filter(({ counts }) => counts.has(word)).length
      return [word, Math.log1p((docs.length - df + 0.5) / (df + 0.5))]
    }),
  )
  return counted.map(({ counts, length }) =>
    asked.reduce((score, word) => {
      const tf = counts.get(word) ?? 0
      if (tf === 0) return score
      return score + ((idf.get(word) ?? 0) * tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * length) / meanLength))
    }, 0),
  )
}
