/**
 * Patterns that need no engine to be told valid: characters, simple classes, groups, and repetitions of them. Most of what
 * people write is such, and setting up RE2 for a pattern costs fifty times as much as reading it here.
 */

const TOKEN =
  /(?<repeat>(?:[?*+]|\{(?<least>\d{1,3})(?:,(?<most>\d{1,3})?)?\})\??)|(?<open>\((?:\?:)?)|(?<close>\))|(?<edge>[|^$]|\\[bB])|\\[dDwWsS.\\/()[\]{}|?*+^$-]|\[\^?(?:a-z|A-Z|0-9|a-f|A-F|\\[dDwWsS.\\/()[\]{}|?*+^$-]|[A-Za-z0-9_ .@%+,:;=~!"'<>&#])+-?\]|[A-Za-z0-9_ .@%,:;=~!"'<>&#/-]/y

/** More is left to RE2, which has limits of its own on nesting and size. */
const MAX_DEPTH = 20
const MAX_REPEATS = 1_000

/** Whether `source` is certainly RE2 syntax; false says nothing. */
export function isPlainRegex(source: string): boolean {
  TOKEN.lastIndex = 0
  let repeatsLeft = MAX_REPEATS
  /** What a repetition may stand behind. */
  let operand: 'none' | 'one' | 'counted' = 'none'
  /** For each open group, whether a counted repetition is in it. */
  const counted: boolean[] = [false]
  while (TOKEN.lastIndex < source.length) {
    const groups = TOKEN.exec(source)?.groups
    if (groups === undefined) return false
    if (groups.repeat !== undefined) {
      if (operand === 'none') return false
      if (groups.least !== undefined) {
        const least = Number(groups.least)
        const most = Number(groups.most ?? groups.least)
        repeatsLeft -= most
        // RE2 multiplies the counts of nested repetitions, and refuses large products.
        if (least > most || repeatsLeft < 0 || operand === 'counted') return false
        counted[counted.length - 1] = true
      }
      operand = 'none'
    } else if (groups.open !== undefined) {
      counted.push(false)
      if (counted.length > MAX_DEPTH) return false
      operand = 'none'
    } else if (groups.close !== undefined) {
      const inner = counted.pop() ?? false
      const depth = counted.length
      if (depth === 0) return false
      if (inner) counted[depth - 1] = true
      operand = inner ? 'counted' : 'one'
    } else operand = groups.edge === undefined ? 'one' : 'none'
  }
  return counted.length === 1
}
