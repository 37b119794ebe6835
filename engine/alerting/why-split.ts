/** What of a change the same traffic did, and what other traffic brought: the strata before and now (Kitagawa). */
import { POOLED_STRATUM } from '../statistics/e-sr/baseline.ts'
import type { PartSums } from './anomaly/usual-parts.ts'
import type { AlertWhy, NotSplit, StratumMoved } from './why.ts'

const SHOWN_STRATA = 5
/** Fewer subjects before, or now, tell nothing of what moved. */
const FEWEST = 5

export type Split = Pick<AlertWhy, 'change' | 'strata' | 'notSplit'>

export const notSplit = (reason: NotSplit): Split => ({ change: null, strata: [], notSplit: reason })

/** `before` and `now`: sums of each part in the measure's unit. `shareOf`: what they are shares of, where that is not the measure itself. */
export function splitOf(
  before: ReadonlyMap<string, PartSums>,
  now: ReadonlyMap<string, PartSums>,
  shareOf?: string,
): Split {
  const [whole0, whole1] = [totalOf(before), totalOf(now)]
  if (whole0.n < FEWEST) return notSplit('nothing_before')
  if (whole1.n === 0) return notSplit('nothing_now')
  const middle = (whole0.sum / whole0.n + whole1.sum / whole1.n) / 2
  const strata = [...new Set([...before.keys(), ...now.keys()])].map((name): StratumMoved => {
    const [own0, own1] = [before.get(name), now.get(name)]
    const [w0, w1] = [(own0?.n ?? 0) / whole0.n, (own1?.n ?? 0) / whole1.n]
    const [p0, p1] = [meanOf(own0), meanOf(own1)]
    // A part that is new, or gone, did neither better nor worse.
    const [from, to] = [p0 ?? p1 ?? 0, p1 ?? p0 ?? 0]
    return {
      name: nameOf(name),
      shareBefore: w0,
      shareNow: w1,
      before: p0,
      now: p1,
      rateEffect: ((to - from) * (w0 + w1)) / 2,
      // Against the whole: more of what does worse than the rest makes it worse, and more of what does better makes it better.
      mixEffect: (w1 - w0) * ((from + to) / 2 - middle),
    }
  })
  const rateEffect = strata.reduce((sum, one) => sum + one.rateEffect, 0)
  const mixEffect = strata.reduce((sum, one) => sum + one.mixEffect, 0)
  return {
    change: { delta: rateEffect + mixEffect, rateEffect, mixEffect, ...(shareOf !== undefined && { shareOf }) },
    strata: strata.sort((a, b) => effectOf(b) - effectOf(a)).slice(0, SHOWN_STRATA),
    notSplit: undefined,
  }
}

const effectOf = ({ rateEffect, mixEffect }: StratumMoved): number => Math.abs(rateEffect) + Math.abs(mixEffect)

const meanOf = (sums: PartSums | undefined): number | null => (sums === undefined ? null : sums.sum / sums.n)

function totalOf(parts: ReadonlyMap<string, PartSums>): PartSums {
  const total = { n: 0, sum: 0 }
  for (const { n, sum } of parts.values()) {
    total.n += n
    total.sum += sum
  }
  return total
}

const nameOf = (stratum: string): string =>
  stratum === POOLED_STRATUM ? 'everything else' : stratum === '' ? 'all traffic' : stratum
