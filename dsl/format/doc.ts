/**
 * Layouts as values, after Wadler: a group is printed on one line when that fits, and otherwise with a line break at each of
 * its `line`s. Nothing here knows of the language.
 */

export type Doc = Shape & {
  /** Columns on one line; infinite for what cannot stand on one. */
  readonly width: number
}

type Shape =
  | { readonly kind: 'text'; readonly text: string }
  /** Printed as it is, line breaks included. */
  | { readonly kind: 'raw'; readonly text: string }
  | { readonly kind: 'concat'; readonly docs: readonly Doc[] }
  /** `flat` where its group is on one line, else a line break, with an empty line before it where `blank` says so. */
  | { readonly kind: 'line'; readonly flat: string; readonly blank: boolean }
  | { readonly kind: 'hard'; readonly blank: boolean }
  /** `text` where its group is broken, else one blank. */
  | { readonly kind: 'pad'; readonly text: string }
  | { readonly kind: 'nest'; readonly columns: number; readonly doc: Doc }
  | { readonly kind: 'group'; readonly doc: Doc; readonly broken: boolean }
  /** Items with separators in turn: as many on a line as it takes. */
  | { readonly kind: 'fill'; readonly docs: readonly Doc[]; readonly from: number }
  /** A comment: stands behind whatever its line holds. A `hard` has to follow. */
  | { readonly kind: 'comment'; readonly text: string }

/** Columns of a line. */
export const WIDTH = 120
/** Where comments behind code begin; behind longer code, so many blanks later. */
const COMMENT_COLUMN = 43
const COMMENT_GAP = 6

const NEVER = Number.POSITIVE_INFINITY
const sum = (docs: readonly Doc[]): number => docs.reduce((all, doc) => all + doc.width, 0)

export const hardLine = (blank: boolean): Doc => ({ kind: 'hard', blank, width: NEVER })
export const text = (value: string): Doc => ({ kind: 'text', text: value, width: value.length })
export const raw = (value: string): Doc => ({
  kind: 'raw',
  text: value,
  width: value.includes('\n') ? NEVER : value.length,
})
export const pad = (value: string): Doc => ({ kind: 'pad', text: value, width: 1 })
export const line = (flat: string, blank = false): Doc => ({ kind: 'line', flat, blank, width: flat.length })
export const comment = (value: string): Doc => ({ kind: 'comment', text: value, width: NEVER })
export const concat = (docs: readonly Doc[]): Doc => ({ kind: 'concat', docs, width: sum(docs) })
export const fill = (docs: readonly Doc[]): Doc => ({ kind: 'fill', docs, from: 0, width: sum(docs) })
export const nest = (columns: number, doc: Doc): Doc => ({ kind: 'nest', columns, doc, width: doc.width })
export const group = (doc: Doc, broken = false): Doc => ({
  kind: 'group',
  doc,
  broken,
  width: broken ? NEVER : doc.width,
})

interface Command {
  readonly indent: number
  readonly flat: boolean
  readonly doc: Doc
}

/** Without a line break at the end. */
export function print(doc: Doc, newline: string): string {
  const out = new Output(newline)
  const rest: Command[] = [{ indent: 0, flat: false, doc }]
  for (let command = rest.pop(); command !== undefined; command = rest.pop()) {
    const { indent, flat, doc: at } = command
    switch (at.kind) {
      case 'text':
      case 'raw':
        out.write(at.text)
        break
      case 'comment':
        out.comment(at.text)
        break
      case 'pad':
        out.write(flat ? ' ' : at.text)
        break
      case 'hard':
        out.breakLine(indent, at.blank)
        break
      case 'line':
        if (flat) out.write(at.flat)
        else out.breakLine(indent, at.blank)
        break
      case 'concat':
        for (let index = at.docs.length - 1; index >= 0; index--)
          rest.push({ indent, flat, doc: at.docs[index] as Doc })
        break
      case 'nest':
        rest.push({ indent: indent + at.columns, flat, doc: at.doc })
        break
      case 'group': {
        const onOneLine = flat || fits(at.width, WIDTH - out.column, rest)
        rest.push({ indent, flat: onOneLine, doc: at.doc })
        break
      }
      case 'fill':
        pushFill(at, { indent, flat }, out, rest)
        break
    }
  }
  return out.finish()
}

type Fill = Extract<Doc, { kind: 'fill' }>

function pushFill(at: Fill, how: { indent: number; flat: boolean }, out: Output, rest: Command[]): void {
  const [item, separator, next] = at.docs.slice(at.from, at.from + 3)
  if (item === undefined) return
  if (separator === undefined || next === undefined) {
    rest.push({ ...how, doc: item })
    return
  }
  const last = at.from + 3 >= at.docs.length
  rest.push({ ...how, doc: { ...at, from: at.from + 2 } })
  // Decided before the item is printed: hence the item, too, is in the look ahead.
  const width = item.width + separator.width + next.width
  const together = how.flat || fits(width, WIDTH - out.column, last ? rest.slice(0, -1) : [])
  rest.push({ ...how, flat: together, doc: separator })
  rest.push({ ...how, doc: item })
}

/** Whether `width`, and what follows up to the next possible line break, takes at most `columns`. */
function fits(width: number, columns: number, rest: readonly Command[]): boolean {
  let left = columns - width
  let next = rest.length - 1
  const stack: Command[] = []
  while (left >= 0) {
    const command = stack.pop() ?? rest[next--]
    if (command === undefined) return true
    const { flat, doc: at } = command
    if (flat && at.width !== NEVER) {
      left -= at.width
      continue
    }
    switch (at.kind) {
      case 'text':
      case 'raw': {
        const end = at.text.indexOf('\n')
        left -= end < 0 ? at.text.length : end
        if (end >= 0) return left >= 0
        break
      }
      case 'pad':
        left -= at.text.length
        break
      case 'comment':
      case 'hard':
      case 'line':
        return true
      case 'concat':
        for (let index = at.docs.length - 1; index >= 0; index--) stack.push({ ...command, doc: at.docs[index] as Doc })
        break
      case 'fill':
        // One at a time: a list may be very long, and only its beginning matters here.
        if (at.from + 1 < at.docs.length) stack.push({ ...command, doc: { ...at, from: at.from + 1 } })
        if (at.from < at.docs.length) stack.push({ ...command, doc: at.docs[at.from] as Doc })
        break
      case 'nest':
        stack.push({ ...command, doc: at.doc })
        break
      case 'group':
        stack.push({ ...command, flat: flat && !at.broken, doc: at.doc })
        break
    }
  }
  return false
}

class Output {
  readonly #newline: string
  readonly #lines: string[] = []
  #line = ''
  #comment: string | null = null

  constructor(newline: string) {
    this.#newline = newline
  }

  get column(): number {
    return this.#line.length - (this.#line.lastIndexOf('\n') + 1)
  }

  write(value: string): void {
    this.#line += value
  }

  comment(value: string): void {
    this.#comment = value
  }

  breakLine(indent: number, blank: boolean): void {
    this.#endLine()
    if (blank) this.#lines.push('')
    this.#line = ' '.repeat(indent)
  }

  #endLine(): void {
    const code = this.#line.trimEnd()
    const column = code.length - (code.lastIndexOf('\n') + 1)
    const gap = ' '.repeat(column + 2 > COMMENT_COLUMN ? COMMENT_GAP : COMMENT_COLUMN - column)
    this.#lines.push(this.#comment === null ? code : `${code}${gap}${this.#comment}`)
    this.#comment = null
  }

  finish(): string {
    this.#endLine()
    return this.#lines.join(this.#newline)
  }
}
