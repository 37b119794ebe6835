/** Units behind a number: `5` becomes `5s`, `5%`, `5 USD`, by what it is compared with. */
import { findField } from '../schema.ts'
import * as t from '../syntax/tokens.ts'
import { type Document, isWord, lastBefore } from './document.ts'
import type { Item } from './item.ts'

type Unit = readonly [suffix: string, meaning: string, type: string]

const UNITS: readonly Unit[] = [
  ['ms', 'milliseconds', 'duration'],
  ['s', 'seconds', 'duration'],
  ['m', 'minutes', 'duration'],
  ['h', 'hours', 'duration'],
  ['d', 'days', 'duration'],
  ['w', 'weeks', 'duration'],
  ['%', 'of a hundred', 'ratio'],
  ['pp', 'percentage points: a difference of ratios', 'ratio'],
  [' USD', 'US dollars', 'money'],
]

/** Null: the place is not behind a number. */
export function unitsAt(document: Document, offset: number): Item[] | null {
  const number = /(?<![\w."/])\d+(?:\.\d+)?(?= ?[A-Za-z%]*$)/.exec(
    document.text.slice(Math.max(0, offset - 60), offset),
  )
  const index = lastBefore(document.tokens, offset)
  const token = document.tokens[index]
  if (number === null || token === undefined || token.startOffset + token.image.length < offset) return null
  if (!/^\d[\d.]*[A-Za-z%]*$/.test(token.image)) return null
  const digits = /^\d+(?:\.\d+)?/.exec(token.image)?.[0] ?? ''
  const wanted = comparedType(document, index)
  const span = { start: token.startOffset, end: offset }
  return UNITS.filter(([, , type]) => wanted === null || type === wanted).map(([suffix, doc, type], rank) => {
    const text = `${digits}${suffix}`
    return { label: text, kind: 'unit', detail: type, doc, text, snippet: false, span, rank }
  })
}

/** Of the field on the other side of a comparison; null when that says nothing. */
function comparedType(document: Document, index: number): string | null {
  const operator = document.tokens[index - 1]
  const left = document.tokens[index - 2]
  if (operator?.tokenType === t.Over || operator?.tokenType === t.Each || operator?.tokenType === t.After)
    return 'duration'
  if (left === undefined || !isWord(left)) return null
  const path = left.image
  const kind = (findField(path) ?? findField(path.slice(path.indexOf('.') + 1)))?.type.kind
  return kind === 'duration' || kind === 'money' || kind === 'ratio' ? kind : null
}
