/** Fits texts into what a judge can read: what is left out is stated beside the data, never inside of it. */
import { block } from './contain.ts'
import type { CutText } from './question.ts'

export interface WindowedText {
  /** What it is called in the prompt: ours, never the trace's. */
  path: string
  text: string
  /** Of a list: one text each. It is then cut between items where that is possible. */
  items?: readonly string[]
  /** Of a list of which there is more than is at hand. */
  isBeginning?: true
}

/** Each text in a block of its own, or, where it is too long, its beginning and its end in two. */
export function windowed(
  texts: readonly WindowedText[],
  nonce: string,
  maxChars: number,
): { blocks: string[]; cut: CutText[] } {
  const shares = sharesOf(
    texts.map(({ text }) => text.length),
    maxChars,
  )
  const blocks: string[] = []
  const cut: CutText[] = []
  for (const [i, one] of texts.entries()) {
    const share = shares[i] as number
    const title = one.isBeginning === true ? `${one.path}, the beginning of a longer list` : one.path
    if (one.text.length <= share) {
      blocks.push(block(title, one.text, nonce))
      continue
    }
    const [head, tail] = ends(one, share)
    cut.push({ path: one.path, chars: one.text.length, shownChars: head.text.length + tail.text.length })
    blocks.push(block(`${title}, ${head.title}`, head.text, nonce), block(`${title}, ${tail.title}`, tail.text, nonce))
  }
  return { blocks, cut }
}

/** Null where nothing was cut. */
export function cutNote(cut: readonly CutText[]): string | null {
  if (cut.length === 0) return null
  const fields = cut.map(({ path }) => path).join(', ')
  return `Too long to show whole: ${fields}. The middle is left out; do not hold its absence against the agent.`
}

/** Equal shares of the room, where what short texts leave over goes to the long ones. */
function sharesOf(lengths: readonly number[], maxChars: number): number[] {
  const shares = lengths.map(() => 0)
  const byLength = lengths.map((length, i) => ({ length, i })).sort((a, b) => a.length - b.length)
  let left = maxChars
  for (const [done, { length, i }] of byLength.entries()) {
    const share = Math.max(1, Math.min(length, Math.floor(left / (byLength.length - done))))
    shares[i] = share
    left = Math.max(0, left - share)
  }
  return shares
}

interface End {
  title: string
  text: string
}

function ends({ text, items }: WindowedText, share: number): [End, End] {
  const half = Math.max(1, Math.floor(share / 2))
  const byItems = items === undefined ? null : endsOfList(items, half)
  return (
    byItems ?? [
      { title: `first ${half} of ${text.length} characters`, text: text.slice(0, half) },
      { title: `last ${half} of ${text.length} characters`, text: text.slice(-half) },
    ]
  )
}

/** Null where one item alone is too long. */
function endsOfList(items: readonly string[], half: number): [End, End] | null {
  const fitting = (list: readonly string[]): number => {
    let chars = 0
    const over = list.findIndex((item) => {
      chars += item.length + 2
      return chars > half
    })
    return over < 0 ? list.length : over
  }
  const head = fitting(items)
  const tail = Math.min(items.length - head, fitting(items.toReversed()))
  if (head === 0 || tail === 0) return null
  return [
    { title: `items 1 to ${head} of ${items.length}`, text: listText(items.slice(0, head)) },
    {
      title: `items ${items.length - tail + 1} to ${items.length} of ${items.length}`,
      text: listText(items.slice(-tail)),
    },
  ]
}

/** One item a line: of JSON, whose own line breaks are escaped, so that none can pass for another. */
export function listText(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n]`
}
