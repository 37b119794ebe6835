/**
 * How large the automaton of a regex gets: its characters and classes, times how often they are counted. Ten characters can
 * ask for thousands of places, `(?:[ab]{0,30}c){30}`, and each takes its time to compile, wherever the rule is loaded.
 */

const TOKEN =
  /\\[pPx]\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|(?<open>\((?:\?[^:>)]*[:>)]?)?)|(?<close>\))|\{(?<least>\d+)(?<range>,(?<most>\d*))?\}|[\s\S]/g

/** Of any text, also of one that is no regex. */
export function placesOf(source: string): number {
  /** Sums of the groups that are open. */
  const outer: number[] = []
  let sum = 0
  let last = 0
  for (const { groups } of source.matchAll(TOKEN)) {
    if (groups?.open !== undefined) {
      outer.push(sum)
      sum = 0
      last = 0
    } else if (groups?.close !== undefined) {
      last = sum
      sum += outer.pop() ?? 0
    } else if (groups?.least !== undefined) {
      const counted = last * Math.max(1, Number(groups.least), Number(groups.most ?? 0))
      sum += counted - last
      last = counted
    } else {
      last = 1
      sum += 1
    }
  }
  return outer.reduce((total, one) => total + one, sum)
}
