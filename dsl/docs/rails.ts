/** The grammar as it can be drawn and written: from chevrotain's own description of it, with the words that people type. */
import type { ISerializedGast } from 'chevrotain'
import { EvalGrammar } from '../syntax/grammar.ts'
import { KEYS, WORDS } from '../syntax/tokens.ts'

export type Rail =
  /** `text` as it is typed, or the name of a class of tokens. */
  | { readonly kind: 'token'; readonly text: string; readonly literal: boolean }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly items: readonly Rail[] }
  | { readonly kind: 'choice'; readonly items: readonly Rail[] }
  | { readonly kind: 'optional'; readonly item: Rail }
  | { readonly kind: 'repeat'; readonly item: Rail; readonly separator: Rail | null; readonly atLeastOne: boolean }

export interface Rule {
  readonly name: string
  readonly rail: Rail
}

/** What chevrotain's types leave out of what it writes. */
interface Gast extends ISerializedGast {
  readonly name?: string
  readonly label?: string
  readonly separator?: Gast
  readonly definition?: Gast[]
}

/** The file, which is cut into declarations before the grammar is applied, and then the rules in the order in which they are met. */
export function grammarRules(): Rule[] {
  const all = new Map(
    new EvalGrammar({ validate: false, recover: false })
      .getSerializedGastProductions()
      .map((rule: Gast) => [rule.name ?? '', sequence(rule.definition ?? [])] as const),
  )
  const file: Rail = { kind: 'repeat', item: { kind: 'rule', name: 'declaration' }, separator: null, atLeastOne: false }
  const rules: Rule[] = [{ name: 'file', rail: file }]
  const met = new Set<string>()
  const visit = (name: string): void => {
    const rail = all.get(name)
    if (rail === undefined || met.has(name)) return
    met.add(name)
    rules.push({ name, rail })
    for (const inner of namesIn(rail)) visit(inner)
  }
  visit('declaration')
  return rules
}

function namesIn(rail: Rail): string[] {
  switch (rail.kind) {
    case 'token':
      return []
    case 'rule':
      return [rail.name]
    case 'sequence':
    case 'choice':
      return rail.items.flatMap(namesIn)
    case 'optional':
      return namesIn(rail.item)
    case 'repeat':
      return [...namesIn(rail.item), ...(rail.separator === null ? [] : namesIn(rail.separator))]
  }
}

function railOf(gast: Gast): Rail {
  const inner = (): Rail => sequence(gast.definition ?? [])
  const repeat = (atLeastOne: boolean): Rail => ({
    kind: 'repeat',
    item: inner(),
    separator: gast.separator === undefined ? null : tokenRail(gast.separator),
    atLeastOne,
  })
  switch (gast.type) {
    case 'Terminal':
      return tokenRail(gast)
    case 'NonTerminal':
      return { kind: 'rule', name: gast.name ?? '' }
    case 'Option':
      return { kind: 'optional', item: inner() }
    case 'Alternation':
      return choice((gast.definition ?? []).map(railOf))
    case 'Repetition':
    case 'RepetitionWithSeparator':
      return repeat(false)
    case 'RepetitionMandatory':
    case 'RepetitionMandatoryWithSeparator':
      return repeat(true)
    case 'Rule':
    case 'Alternative':
      return inner()
  }
}

function sequence(definition: readonly Gast[]): Rail {
  const items = definition.map(railOf)
  return items.length === 1 ? (items[0] as Rail) : { kind: 'sequence', items }
}

function choice(items: readonly Rail[]): Rail {
  return items.length === 1 ? (items[0] as Rail) : { kind: 'choice', items }
}

/** Keys and reserved words are named by chevrotain as our code names them: people know what they type. */
const SPELLINGS: ReadonlyMap<string, readonly string[]> = (() => {
  const spellings = new Map<string, string[]>()
  for (const [words, mark] of [[KEYS, ':'] as const, [WORDS, ''] as const]) {
    for (const [word, type] of words) spellings.set(type.name, [...(spellings.get(type.name) ?? []), `${word}${mark}`])
  }
  return spellings
})()

function tokenRail({ name = '', label = '' }: Gast): Rail {
  const spellings = SPELLINGS.get(name)
  if (spellings !== undefined) return choice(spellings.map((text) => ({ kind: 'token', text, literal: true })))
  const symbol = /^`(.+)`$/.exec(label)?.[1]
  if (symbol !== undefined && !symbol.includes(' ')) return { kind: 'token', text: symbol, literal: true }
  return { kind: 'token', text: name, literal: false }
}

/** In the notation of XML's specification: `?`, `*`, `+`, `|`, and literal text in quotes. */
export function ebnf(rail: Rail): string {
  switch (rail.kind) {
    case 'token':
      return rail.literal ? (rail.text.includes("'") ? `"${rail.text}"` : `'${rail.text}'`) : rail.text
    case 'rule':
      return rail.name
    case 'sequence':
      return rail.items.map((item) => (item.kind === 'choice' ? grouped(item) : ebnf(item))).join(' ')
    case 'choice':
      return rail.items.map(ebnf).join(' | ')
    case 'optional':
      return `${grouped(rail.item)}?`
    case 'repeat': {
      const { item, separator, atLeastOne } = rail
      if (separator === null) return `${grouped(item)}${atLeastOne ? '+' : '*'}`
      const list = `${item.kind === 'choice' ? grouped(item) : ebnf(item)} (${ebnf(separator)} ${item.kind === 'choice' ? grouped(item) : ebnf(item)})*`
      return atLeastOne ? list : `(${list})?`
    }
  }
}

function grouped(rail: Rail): string {
  const single = rail.kind === 'token' || rail.kind === 'rule'
  return single ? ebnf(rail) : `(${ebnf(rail)})`
}
