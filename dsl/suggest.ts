/**
 * "Did you mean": the candidate nearest to a misspelt name, or null when none is near. Distance counts insertions,
 * deletions, substitutions and swaps of neighbours (Damerau–Levenshtein, optimal string alignment); the only candidate that
 * begins with the name comes before that.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  const wanted = name.toLowerCase().slice(0, 64)
  const all = plausible(wanted, candidates)
  // A name that was cut short is no misspelling of another: `tokens.out` is `tokens.output`, not `tokens.input`.
  const longer = wanted.length < 3 ? [] : all.filter((candidate) => candidate.toLowerCase().startsWith(wanted))
  if (longer.length === 1) return longer[0] ?? null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of all) {
    const distance =
      candidate.toLowerCase() === wanted ? 0 : editDistance(wanted, candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Of so many names that comparing with each would take its time, those that begin alike and are about as long. */
const MAX_COMPARED = 500
const MAX_PLAUSIBLE = 100

function plausible(wanted: string, candidates: Iterable<string>): string[] {
  const all = [...candidates]
  if (all.length <= MAX_COMPARED) return all
  const first = wanted[0]
  const alike: string[] = []
  for (const candidate of all) {
    if (Math.abs(candidate.length - wanted.length) > 2 || candidate[0]?.toLowerCase() !== first) continue
    if (alike.push(candidate) >= MAX_PLAUSIBLE) break
  }
  return alike
}

/** The nearest candidate when no other is as near: what somebody meant, beyond reasonable doubt. */
export function soleNearest(name: string, candidates: Iterable<string>): string | null {
  const all = [...new Set(plausible(name.toLowerCase(), candidates))]
  const found = nearest(name, all)
  if (found === null) return null
  const distance = distanceOf(name, found)
  const rivals = all.filter(
    (other) => other !== found && !other.startsWith(name) && distanceOf(name, other) <= distance,
  )
  return rivals.length === 0 ? found : null
}

function distanceOf(name: string, candidate: string): number {
  return editDistance(name.toLowerCase().slice(0, 64), candidate.toLowerCase(), 64)
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let value = Math.min(
        (previous[j] as number) + 1,
        (current[j - 1] as number) + 1,
        (previous[j - 1] as number) + cost,
      )
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        value = Math.min(value, (before[j - 2] as number) + 1)
      current.push(value)
    }
    before = previous
    previous = current
  }
  return previous[b.length] as number
}

/** `, did you mean \`x\`?` or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const found = nearest(name, candidates)
  return found === null ? '' : `, did you mean \`${found}\`?`
}
