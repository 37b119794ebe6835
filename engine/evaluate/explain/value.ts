import { CAPS } from '../../../dsl/caps.ts'
import type { PatternPlan, ValueType } from '../../../dsl/plan.ts'
import { printable, printLiteral, quote } from '../../../dsl/print-literal.ts'
import type { Compiler } from '../compiler.ts'
import type { Context } from '../context.ts'
import type { Value } from '../fields.ts'
import type { NodeValue } from './tree.ts'

export interface ExplainSettings {
  readonly compiler: Compiler
  readonly context: Context
  readonly patterns: readonly PatternPlan[]
  /** What a text may show: its secrets masked. */
  readonly mask: (text: string) => string
}

const MAX_SHOWN_TEXT = 80

/** As the language writes it; of a text what may be shown, cut. */
export function knownValue(value: Value, type: ValueType, mask: (text: string) => string): NodeValue {
  if (typeof value === 'boolean') return { kind: 'known', value, text: String(value) }
  if (typeof value === 'number') return { kind: 'known', value, text: printLiteral(value, type) }
  if (typeof value === 'string') {
    const shown = printable(cut(mask(value.slice(0, CAPS.textUnits))))
    return { kind: 'known', value: shown, text: quote(shown) }
  }
  const items = value.map((item) => (typeof item === 'object' ? '{…}' : quote(cut(mask(String(item))))))
  const text = `[${cut(items.join(', '))}]`
  return { kind: 'known', value: text, text }
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN_TEXT ? text : `${text.slice(0, MAX_SHOWN_TEXT - 1).toWellFormed()}…`
}
