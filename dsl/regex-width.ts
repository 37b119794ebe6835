/**
 * In how many places a search may be at once, at most, beyond those that the text behind it decides: what a class or a choice
 * may match, times how often. A plain text has none, however long: where the search is in it follows from what was read.
 */

const TOKEN =
  /(?<repeat>(?:[?*+]|\{(?<least>\d+)(?<range>,(?<most>\d+)?)?\})\??)|(?<open>\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?)|(?<flags>\(\?[a-zA-Z-]+\))|(?<close>\))|(?<or>\|)|(?<edge>[\^$]|\\[bBAz])|(?<literal>\\[^a-zA-Z0-9]|\\[aftnrv]|[^\\[\].()|?*+{}^$])|(?<wide>\.|\\[dDwWsS]|\\[pP](?:\{\^?\w+\}|\w)|\[\^?\]?(?:\[:\^?\w+:\]|\\[^pPx]|\\[pP](?:\{\^?\w+\}|\w)|\\x(?:\{\w+\}|\w\w)|[^\]\\])*\])/y

interface Open {
  /** Of what stands in front in the same branch, and in other branches. */
  width: number
  hasChoice: boolean
}

/** Null: not understood. */
export function widthOf(source: string): number | null {
  if (endsInOneRun(source)) return 1
  const open: Open[] = [{ width: 0, hasChoice: false }]
  let last = 0
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < source.length) {
    const groups = TOKEN.exec(source)?.groups
    const here = open.at(-1)
    if (groups === undefined || here === undefined) return null
    if (groups.repeat !== undefined) {
      here.width += repeated(last, groups) - last
      last = 0
    } else if (groups.open !== undefined) open.push({ width: 0, hasChoice: false })
    else if (groups.close !== undefined) {
      open.pop()
      const outer = open.at(-1)
      if (outer === undefined) return null
      last = Math.max(here.width, here.hasChoice ? 1 : 0)
      outer.width += last
    } else if (groups.or !== undefined) {
      here.hasChoice = true
      last = 0
    } else {
      last = groups.wide === undefined ? 0 : 1
      here.width += last
    }
  }
  return open.length === 1 ? (open[0]?.width ?? null) : null
}

function repeated(width: number, { least, most, range }: Record<string, string | undefined>): number {
  if (least === undefined) return Math.max(1, width)
  const low = Number(least)
  if (range === undefined) return low * width
  // `{3,}` is three and a loop.
  const high = most === undefined ? low + 1 : Number(most)
  return Math.max(high * width, high - low)
}

/**
 * `sk-[A-Za-z0-9]{40}`: a text, then one class. When the class lacks a character of the text, the next search that gets as far
 * has ended the one before.
 */
function endsInOneRun(source: string): boolean {
  const match =
    /^((?:[\w @:#=~,;<>/!"'%&-]|\\[^a-zA-Z0-9])+)(\\[dw]|\[(?:[\w .@%+=~-]|\\[dw.-])+\])(?:[+*]|\{\d+(?:,\d*)?\})(?:\\b)?$/.exec(
      source,
    )
  const [, text = '', set = ''] = match ?? []
  if (match === null) return false
  const inSet = new RegExp(`^${set}$`)
  return [...text.replaceAll('\\', '')].some((char) => !inSet.test(char))
}
