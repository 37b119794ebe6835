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
  return kappaOf(pairSums(raters))
}

/** Of levels a and b: Σ(a − b)² beside what chance would have, which is all pairs of one's and the other's. */
export function kappaOf({ subjects, ofA, ofB, squares }: PairSums): number {
  const sumOf = (counts: readonly number[], weight: (i: number) => number): number =>
    counts.reduce((sum, count, i) => sum + count * weight(i), 0)
  const bySquares = sumOf(ofA, (i) => i ** 2) + sumOf(ofB, (i) => i ** 2)
  const expected = subjects * bySquares - 2 * sumOf(ofA, (i) => i) * sumOf(ofB, (i) => i)
  return expected === 0 ? Number.NaN : 1 - (subjects * squares) / expected
}

/**
 * Gwet's AC1, which does not fall to 0 where nearly everything passes, as κ does. Gwet, *Computing inter-rater reliability and its variance in the
 * presence of high agreement*, British Journal of Mathematical and Statistical Psychology 61 (2008).
 */
export function gwetAc1(raters: TwoRaters): number {
  return ac1Of(pairSums(raters))
}

export function ac1Of({ subjects, agreed, ofA, ofB }: PairSums): number {
  const spread = ofA.reduce((sum, count, i) => {
    const mean = (count + (ofB[i] ?? 0)) / 2 / subjects
    return sum + mean * (1 - mean)
  }, 0)
  const chance = spread / (ofA.length - 1)
  return (agreed / subjects - chance) / (1 - chance)
}

/** What κ and AC1 are worked out of. Those of several parts of the subjects add up; a table of all pairs of categories is never made. */
export interface PairSums {
  readonly subjects: number
  /** Of how many subjects both said the same. */
  readonly agreed: number
  /** Of how many subjects one, and the other, said each of the categories. */
  readonly ofA: readonly number[]
  readonly ofB: readonly number[]
  /** By how many levels they differed, squared and summed. */
  readonly squares: number
}

export function pairSums({ a, b, categories }: TwoRaters): PairSums {
  if (a.length !== b.length) throw new RangeError('each subject needs both ratings')
  if (categories.length < 2) throw new RangeError('with one category there is nothing to disagree about')
  const place = new Map(categories.map((category, i) => [category, i]))
  const placeOf = (rating: Rating): number => {
    const at = place.get(rating)
    if (at === undefined) throw new RangeError(`${rating} is none of the categories`)
    return at
  }
  const [ofA, ofB] = [categories.map(() => 0), categories.map(() => 0)]
  let [agreed, squares] = [0, 0]
  for (const [i, rating] of a.entries()) {
    const [one, other] = [placeOf(rating), placeOf(b[i] as Rating)]
    ofA[one] = (ofA[one] ?? 0) + 1
    ofB[other] = (ofB[other] ?? 0) + 1
    if (one === other) agreed++
    squares += (one - other) ** 2
  }
  return { subjects: a.length, agreed, ofA, ofB, squares }
}

export function sumOfPairs(parts: readonly PairSums[]): PairSums {
  const categories = parts[0]?.ofA ?? []
  const [ofA, ofB] = [categories.map(() => 0), categories.map(() => 0)]
  let [subjects, agreed, squares] = [0, 0, 0]
  for (const part of parts) {
    subjects += part.subjects
    agreed += part.agreed
    squares += part.squares
    for (let i = 0; i < ofA.length; i++) {
      ofA[i] = (ofA[i] ?? 0) + (part.ofA[i] ?? 0)
      ofB[i] = (ofB[i] ?? 0) + (part.ofB[i] ?? 0)
    }
  }
  return { subjects, agreed, ofA, ofB, squares }
}

/**
 * Krippendorff's α of any number of raters: `units` has the ratings of each subject. Differences count by their squares, which of two values are as the
 * differences are. Krippendorff, *Computing Krippendorff's alpha-reliability* (2011).
 */
export function krippendorffAlpha(units: readonly (readonly number[])[]): number {
  return alphaOf([ratedSums(units, units[0]?.[0] ?? 0)])
}

/** What α is worked out of. Those of several parts of the subjects add up. */
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
    observed += disagreement(values) / (values.length - 1)
  }
  return { ratings, sum, squares, observed }
}

/** The differences of all ordered pairs, squared and summed. */
function disagreement(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return 2 * values.length * values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
}

/** Of all subjects of these parts. */
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
