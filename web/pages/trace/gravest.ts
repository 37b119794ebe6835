import type { Result, Verdict } from '../../../client/api.ts'

/** The one to look at first. */
export const GRAVEST: readonly Verdict[] = ['fail', 'error', 'unknown', 'pass']

/** Of several verdicts the one to look at first; undefined of none. */
export const gravestOf = (results: readonly Pick<Result, 'verdict'>[]): Verdict | undefined =>
  GRAVEST.find((verdict) => results.some((result) => result.verdict === verdict))

/** Of a subject that an eval judged again and again, the latest. */
export function latestOf(results: readonly Result[]): Result[] {
  const latest = new Map<string, Result>()
  for (const result of results) {
    const key = `${result.eval} ${result.spanId ?? ''}`
    const known = latest.get(key)
    if (known === undefined || Date.parse(result.evaluatedAt) > Date.parse(known.evaluatedAt)) latest.set(key, result)
  }
  return [...latest.values()]
}
