/** Edits that are safe to make unasked, for `assay check --fix` and an editor's quick fixes. */
import type { Fix } from './diagnostics/diagnostic.ts'
import type { Source, Span } from './source.ts'
import { soleNearest } from './suggest.ts'

/** Puts `text` where `span` is; `shown` is what people read when the edit alone says too little. */
export function replacement(span: Span, text: string, shown: string = text): Fix {
  return {
    applicability: 'machine',
    title: 'write',
    options: [{ text: shown }],
    edit: { start: span.start, end: span.end, text },
  }
}

/** For a misspelt name: the fix when one candidate alone is near, else none. */
export function renaming(span: Span, name: string, candidates: Iterable<string>): { fix?: Fix } {
  const meant = soleNearest(name, candidates)
  return meant === null || meant === name ? {} : { fix: replacement(span, meant) }
}

/** Takes out what says nothing: with its line when nothing else stands there, and with a comment behind it. */
export function removal(source: Source, span: Span, shown: string): Fix {
  const { text } = source
  let start = span.start
  while (start > 0 && ' \t'.includes(text[start - 1] as string)) start--
  const behind = /^[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/.exec(text.slice(span.end, lineEnd(text, span.end)))
  const alone = (start === 0 || text[start - 1] === '\n') && behind !== null
  const edit = alone ? { start, end: span.end + behind[0].length } : { start, end: span.end }
  return { applicability: 'machine', title: 'remove', options: [{ text: shown }], edit: { ...edit, text: '' } }
}

/** Offset behind the line break of the line at `offset`. */
function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset)
  return at < 0 ? text.length : at + 1
}
