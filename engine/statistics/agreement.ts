/** How far raters agree beyond chance: 1 is always, 0 as chance would have it. NaN where there is nothing to disagree about. */

export type Rating = string | number | boolean

interface TwoRaters {
  /** Of the same subjects in the same order. */
  a: readonly Rating[]
  b: readonly Rating[]
  /** All that a rating can be; for scores in their order. */
  categories: readonly Rating[]
}

/**
 * Cohen's κ with quadratic weights, by which a rating two levels off counts four times one that is one level off; with two categories the plain κ.
 * Cohen, *Weighted kappa*, Psychological Bulletin 70 (1968).
 */
export function cohenKappa(raters: TwoRaters): number {
  const { shares, ofA, ofB } = tableOf(raters)
  let [seen, expected] = [0, 0]
  for (const [i, row] of shares.entries()) {
    for (const [j, share] of row.entries()) {
      const distance = (i - j) ** 2
      seen += distance * share
      expected += distance * (ofA[i] ?? 0) * (ofB[j] ?? 0)
    }
  }
  return expected === 0 ? Number.NaN : 1 - seen / expected
}

/**
 * Gwet's AC1, which does not fall to 0 where nearly everything passes, as κ does. Gwet, *Computing inter-rater reliability and its variance in the
 * presence of high agreement*, British Journal of Mathematical and Statistical Psychology 61 (2008).
 */
export function gwetAc1(raters: TwoRaters): number {
  const { shares, ofA, ofB } = tableOf(raters)
  const agreed = shares.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)
  const spread = ofA.reduce((sum, share, i) => {
    const mean = (share + (ofB[i] ?? 0)) / 2
    return sum + mean * (1 - mean)
  }, 0)
  const chance = spread / (ofA.length - 1)
  return (agreed - chance) / (1 - chance)
}

function tableOf({ a, b, categories }: TwoRaters) {
  if (a.length !== b.length) throw new RangeError('each subject needs both ratings')
  if (categories.length < 2) throw new RangeError('with one category there is nothing to disagree about')
  const place = new Map(categories.map((category, i) => [category, i]))
  const placeOf = (rating: Rating): number => {
    const at = place.get(rating)
    if (at === undefined) throw new RangeError(`${rating} is none of the categories`)
    return at
  }
  const shares = categories.map(() => categories.map(() => 0))
  for (const [i, rating] of a.entries()) {
    const row = shares[placeOf(rating)] as number[]
    const column = placeOf(b[i] as Rating)
    row[column] = (row[column] ?? 0) + 1 / a.length
  }
  const sumOfRow = (row: readonly number[]): number => row.reduce((sum, share) => sum + share, 0)
  return {
    shares,
    ofA: shares.map(sumOfRow),
    ofB: categories.map((_, j) => sumOfRow(shares.map((row) => row[j] ?? 0))),
  }
}

/**
 * Krippendorff's α of any number of raters: `ratings` has a row for each, a column for each subject, null where one did not rate it. Differences count by their
 * squares (`interval`, for scores) or as such (`nominal`, for verdicts as numbers). Krippendorff, *Computing Krippendorff's
 * alpha-reliability* (2011).
 */
export function krippendorffAlpha({
  ratings,
  level = 'interval',
}: {
  ratings: readonly (readonly (number | null)[])[]
  level?: 'interval' | 'nominal'
}): number {
  const subjects = Math.max(0, ...ratings.map((row) => row.length))
  const units = Array.from({ length: subjects }, (_, i) =>
    ratings.flatMap((row) => (row[i] === null || row[i] === undefined ? [] : [row[i]])),
  ).filter((unit) => unit.length >= 2)
  const paired = units.flat()
  const observed = units.reduce((sum, unit) => sum + disagreement(unit, level) / (unit.length - 1), 0) / paired.length
  const expected = disagreement(paired, level) / (paired.length * (paired.length - 1))
  return expected === 0 ? Number.NaN : 1 - observed / expected
}

/** The differences of all ordered pairs, summed. */
function disagreement(values: readonly number[], level: 'interval' | 'nominal'): number {
  if (level === 'nominal') {
    const counts = new Map<number, number>()
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
    return [...counts.values()].reduce((sum, count) => sum + count * (values.length - count), 0)
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return 2 * values.length * values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}
