/** How long the answers of a judge are, by what its results say. */

/** The newest results of an eval: some runs of most. */
export const LOOKED_AT_RESULTS = 200

/** Mean tokens of one answer, of results that are made of so many answers each; null where none says what it took. */
export function meanAnswerTokens(
  outputTokens: readonly (number | undefined)[],
  answersPerResult: number,
): number | null {
  // What was answered from the cache has 0.
  const asked = outputTokens.filter((tokens) => tokens !== undefined).filter((tokens) => tokens > 0)
  return asked.length === 0 ? null : asked.reduce((sum, tokens) => sum + tokens, 0) / asked.length / answersPerResult
}
