/** A trace of a test as its file says it. Written without care for lines: the formatter lays it out. */
import type { FixtureTrace, FixtureValue } from './plan.ts'
import { printLiteral, quote } from './print-literal.ts'

/** `given trace { … }`. */
export function printFixture({ fields, spans }: FixtureTrace): string {
  const lines = spans.map((span) => `${span.subject} { ${printFields(span.fields)} }`)
  return `given trace {\n${[printFields(fields), ...lines].filter((line) => line !== '').join('\n')}\n}`
}

function printFields(fields: Readonly<Record<string, FixtureValue>>): string {
  return Object.entries(fields)
    .map(([path, value]) => `${printKey(path)}: ${printValue(value)}`)
    .join('  ')
}

/** An attribute's name is kept as it is in the plan, and written as a text. */
function printKey(path: string): string {
  const attribute = /^attr\("(.*)"\)$/s.exec(path)?.[1]
  return attribute === undefined ? path : `attr(${quote(attribute)})`
}

function printValue(value: FixtureValue): string {
  switch (value.kind) {
    case 'missing':
      return 'missing'
    case 'value':
      return printLiteral(value.value, value.type)
    case 'documents': {
      const items = value.items.map(({ id, text, score }) => {
        const parts = [
          ...(id === undefined ? [] : [`id: ${quote(id)}`]),
          ...(text === undefined ? [] : [`text: ${quote(text)}`]),
          ...(score === undefined ? [] : [`score: ${printLiteral(score, { kind: 'number' })}`]),
        ]
        return `{ ${parts.join('  ')} }`
      })
      return `[${items.join(', ')}]`
    }
  }
}
