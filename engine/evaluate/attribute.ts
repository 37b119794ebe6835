/** `attr("acme.tier", string)`: an attribute that no normaliser knows, with the type that the rule expects. */
import type { Expr, ValueType } from '../../dsl/plan.ts'
import type { Reason } from '../model/result.ts'
import type { Attributes, AttributeValue } from '../model/span.ts'
import type { Compiler } from './compiler.ts'
import { spanAtHand, traceAround, type ValueFn } from './context.ts'
import type { Value } from './fields.ts'
import { nameOf } from './names.ts'
import type { ProjectedSpan } from './subject.ts'

/** The span's own attribute, else its resource's; of a trace, the root's. Absent, null and NaN are missing. */
export function compileAttribute(expr: Extract<Expr, { op: 'attr' }>, compiler: Compiler): ValueFn {
  const { name, type } = expr
  const shown = nameOf(expr, compiler)
  const missing: Reason = { code: 'not_captured', field: shown }
  const spanOf = compiler.level === 'trace' ? (c: Parameters<ValueFn>[0]) => traceAround(c).root : spanAtHand
  return (context) => {
    const sent = readAttribute(spanOf(context), name)
    if (sent === undefined) {
      context.why = missing
      return undefined
    }
    const value = typedValue(sent, type)
    // Made only for the failing case, so it names what was sent: by its type, as the value may be private.
    if (value === undefined)
      context.why = { code: 'wrong_type', detail: `${shown} is ${typeName(sent)}, not ${expectedName(type)}` }
    return value
  }
}

/** True when it was sent with any type: `is missing` asks for presence alone. */
export function readAttribute(span: ProjectedSpan, name: string): AttributeValue | undefined {
  return sentValue(span.attributes, name) ?? sentValue(span.resource, name)
}

function sentValue(attributes: Attributes | undefined, name: string): AttributeValue | undefined {
  const value = attributes?.get(name)
  return value === null || Number.isNaN(value) ? undefined : value
}

function typedValue(sent: AttributeValue, type: ValueType): Value | undefined {
  switch (type.kind) {
    case 'bool':
      return typeof sent === 'boolean' ? sent : undefined
    case 'string':
      return typeof sent === 'string' ? sent : undefined
    case 'enum':
      return typeof sent === 'string' && type.values.includes(sent) ? sent : undefined
    case 'int':
    case 'tokens':
    case 'duration':
    case 'money':
    case 'time':
      if (typeof sent === 'bigint') return Number(sent)
      return Number.isInteger(sent) ? (sent as number) : undefined
    case 'number':
    case 'ratio':
      if (typeof sent === 'bigint') return Number(sent)
      return typeof sent === 'number' ? sent : undefined
    case 'list':
      return listOf(sent, type.of)
    case 'documents':
      return undefined
  }
}

function listOf(sent: AttributeValue, of: ValueType): readonly Value[] | undefined {
  if (!Array.isArray(sent)) return undefined
  const items: Value[] = []
  for (const element of sent as readonly AttributeValue[]) {
    const item = typedValue(element, of)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items
}

function typeName(sent: AttributeValue): string {
  if (Array.isArray(sent)) return 'another list'
  if (typeof sent === 'number') return Number.isInteger(sent) ? 'int' : 'number'
  if (typeof sent === 'bigint') return 'int'
  return typeof sent === 'boolean' ? 'bool' : typeof sent === 'string' ? 'string' : 'structured'
}

function expectedName(type: ValueType): string {
  if (type.kind === 'list') return `a list of ${expectedName(type.of)}`
  return type.kind === 'enum' ? `one of ${type.values.join(', ')}` : type.kind
}
