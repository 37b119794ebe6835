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
  return kappaOf(countsOf(raters))
}

export function kappaOf(counts: Counts): number {
  const { shares, ofA, ofB } = tableOf(counts)
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
  return ac1Of(countsOf(raters))
}

export function ac1Of(counts: Counts): number {
  const { shares, ofA, ofB } = tableOf(counts)
  const agreed = shares.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)
  const spread = ofA.reduce((sum, share, i) => {
    const mean = (share + (ofB[i] ?? 0)) / 2
    return sum + mean * (1 - mean)
  }, 0)
  const chance = spread / (ofA.length - 1)
  return (agreed - chance) / (1 - chance)
}

/** Of how many subjects one said this (the row) and the other that (the column). Those of several parts of the subjects add up. */
export type Counts = readonly (readonly number[])[]

export function countsOf({ a, b, categories }: TwoRaters): Counts {
  if (a.length !== b.length) throw new RangeError('each subject needs both ratings')
  if (categories.length < 2) throw new RangeError('with one category there is nothing to disagree about')
  const place = new Map(categories.map((category, i) => [category, i]))
  const placeOf = (rating: Rating): number => {
    const at = place.get(rating)
    if (at === undefined) throw new RangeError(`${rating} is none of the categories`)
    return at
  }
  const counts = categories.map(() => categories.map(() => 0))
  for (const [i, rating] of a.entries()) {
    const row = counts[placeOf(rating)] as number[]
    const column = placeOf(b[i] as Rating)
    row[column] = (row[column] ?? 0) + 1
  }
  return counts
}

export function sumOfCounts(parts: readonly Counts[]): Counts {
  return (parts[0] ?? []).map((row, i) => row.map((_, j) => parts.reduce((sum, part) => sum + (part[i]?.[j] ?? 0), 0)))
}

function tableOf(counts: Counts) {
  const sumOfRow = (row: readonly number[]): number => row.reduce((sum, share) => sum + share, 0)
  const total = sumOfRow(counts.map(sumOfRow))
  const shares = counts.map((row) => row.map((count) => count / total))
  return {
    shares,
    ofA: shares.map(sumOfRow),
    ofB: shares.map((_, j) => sumOfRow(shares.map((row) => row[j] ?? 0))),
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

/** What is needed of subjects for Krippendorff's α of scores (or of two values), which adds up over parts of them. */
export interface RatedSums {
  readonly ratings: number
  readonly sum: number
  readonly squares: number
  /** What raters differ by within subjects. */
  readonly observed: number
}

/** `units`: the ratings of each subject. `zero`: near them, so that sums of squares lose nothing: one of the ratings, the same for all parts. */
export function ratedSums(units: readonly (readonly number[])[], zero: number): RatedSums {
  let [ratings, sum, squares, observed] = [0, 0, 0, 0]
  for (const unit of units) {
    if (unit.length < 2) continue
    const values = unit.map((value) => value - zero)
    ratings += values.length
    for (const value of values) {
      sum += value
      squares += value ** 2
    }
    observed += disagreement(values, 'interval') / (values.length - 1)
  }
  return { ratings, sum, squares, observed }
}

/** `krippendorffAlpha` of the level `interval`, of all subjects of these parts. */
export function alphaOf(parts: readonly RatedSums[]): number {
  let [ratings, sum, squares, observed] = [0, 0, 0, 0]
  for (const part of parts) {
    ratings += part.ratings
    sum += part.sum
    squares += part.squares
    observed += part.observed
  }
  const expected = (2 * (ratings * squares - sum ** 2)) / (ratings * (ratings - 1))
  return expected === 0 ? Number.NaN : 1 - observed / ratings / expected
}
