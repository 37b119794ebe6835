/** Types as the language writes them. */
import type { Type } from '../types.ts'

const EXAMPLES: Readonly<Partial<Record<Type['kind'], string>>> = {
  duration: '`500ms`, `9.2s`, `10m`, `24h`, `7d`, `1w`',
  ratio: '`95%`',
  points: '`3pp`',
  money: '`0.25 USD`',
  tokens: '`4000`',
  string: '`"a text"`',
}

export function typeName(type: Type): string {
  switch (type.kind) {
    case 'enum':
      return type.values.map((value) => `"${value}"`).join(' | ')
    case 'list':
      return `list of ${typeName(type.of)}`
    case 'money':
      return `money (${type.currency})`
    case 'unknown':
      return 'in error'
    default:
      return type.kind
  }
}

/** How a value of the type is written; empty when there is nothing to say. */
export function writtenAs(type: Type): string {
  const example = EXAMPLES[type.kind]
  return example === undefined ? '' : `Written ${example}.`
}
