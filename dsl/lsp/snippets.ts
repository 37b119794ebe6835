/** Declarations to start from. Places to fill in stand in angle brackets: `<what>`, `<one|of>`. */
import { clauseDoc } from '../clause-docs.ts'
import { CLAUSES, type DeclKind } from '../clauses.ts'

export interface Snippet {
  readonly label: string
  readonly doc: string
  readonly text: string
}

const PLAIN: readonly Snippet[] = [
  { label: 'package', doc: 'The first half of the ids of what the file declares.', text: 'package <name>' },
  { label: 'import', doc: 'Names of a standard pack, or of another file.', text: 'import <pii> from "<assay:pii>"' },
  { label: 'const', doc: 'A name for a value.', text: 'const <limit>: <duration> = <8s>' },
  { label: 'pattern', doc: 'A name for a regex.', text: 'pattern <name> = /<regex>/' },
  { label: 'scope', doc: 'A name for what rules look at.', text: 'scope <name> = <trace> where <condition>' },
  {
    label: 'default',
    doc: 'What `missing:` means where an eval does not say.',
    text: 'default missing: <unknown|fail>',
  },
  {
    label: 'test',
    doc: 'A trace, and what is expected of it.',
    text: 'test "<name>" {\n  given trace {\n    <duration: 5s>\n  }\n  expect <eval>: <pass>\n}',
  },
]

/** One for each word that begins a declaration; of what has clauses, with those that it must have. */
export function declarationSnippets(): Snippet[] {
  const blocks = Object.entries(CLAUSES).map(([kind, { required }]) => ({
    label: kind,
    doc: `Clauses: ${[...required, ...CLAUSES[kind as DeclKind].optional].join(', ')}.`,
    text: `${kind} <name> {\n${required.map((key) => `  ${key}: ${clauseDoc(kind, key)?.snippet ?? '<>'}`).join('\n')}\n}`,
  }))
  return [...PLAIN, ...blocks]
}

/** In the notation of editors: `${1:what}`, `${1|one,of|}`, `$1`. */
export function editorSnippet(text: string): string {
  let place = 0
  return text.replaceAll(/[\\$}]/g, '\\$&').replaceAll(/<([^<>=\s][^<>=]*|)>/g, (_whole, inner: string) => {
    place++
    if (inner === '') return `$${place}`
    const choices = inner.split('|')
    return choices.length > 1 ? `\${${place}|${choices.join(',')}|}` : `\${${place}:${inner}}`
  })
}

/** As a text without places, for editors that know none. */
export function plainSnippet(text: string): string {
  return text.replaceAll(/<([^<>=\s][^<>=]*|)>/g, (_whole, inner: string) => inner.split('|')[0] ?? '')
}
