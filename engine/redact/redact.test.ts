import { expect, test } from 'vitest'
import { type OnlineEvalPlan, type PatternPlan, PLAN_VERSION, type Plan, type Subject } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import type { AttributeValue } from '../model/span.ts'
import { MAX_SCANNED_UNITS } from './masker.ts'
import { compileRedaction } from './redact.ts'

const PATTERNS: PatternPlan[] = [
  { name: 'secret', source: 'S[0-9]{3}', caseInsensitive: false, check: null, builtin: null },
  { name: 'long_number', source: '[0-9]{9}', caseInsensitive: false, check: null, builtin: null },
]

function planOf(...redactions: { on: Subject; fields: string[]; patterns?: number[] }[]): Plan {
  const evals = redactions.map(
    ({ on, fields, patterns }, index): OnlineEvalPlan => ({
      id: `t/e${index}`,
      name: `e${index}`,
      package: 't',
      title: null,
      owner: null,
      mode: 'live',
      was: [],
      measureHash: '',
      verdictHash: '',
      file: 't.eval',
      line: 1,
      kind: 'online',
      scope: { subject: on, where: null, traceWhere: null },
      when: 'arrival',
      score: null,
      pass: { op: 'literal', type: { kind: 'bool' }, value: true },
      missing: null,
      redact: { fields, patterns: patterns ?? [0, 1] },
    }),
  )
  return {
    version: PLAN_VERSION,
    patterns: PATTERNS,
    evals,
    alerts: [],
    scorecards: [],
    tests: [],
    files: [],
    hash: '',
  }
}

const both = compileRedaction(planOf({ on: 'llm_call', fields: ['input.text', 'output.text'] }))

test('a text is masked wherever it sits, with its length kept', () => {
  const span = makeSpan({
    kind: 'llm',
    inputText: 'my code is S123.',
    inputMessages: [{ role: 'user', parts: [{ type: 'text', content: 'my code is S123.' }] }],
    outputText: 'S123, noted',
    outputMessages: [
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'they said S123' },
          { type: 'tool_call', id: 'c1', name: 'look_up', arguments: { code: 'S123', deep: [{ code: 'S124' }], n: 7 } },
          { type: 'tool_call_response', id: 'c1', response: 'S123 is fine' },
          { type: 'other', value: { uri: 'x://S123' } },
        ],
      },
    ],
  })
  const before = JSON.stringify(span.outputMessages).length
  both.apply(span)
  expect(JSON.stringify(span)).not.toMatch(/S12[34]/)
  expect(span.inputText).toBe('my code is ****.')
  expect(span.outputText).toBe('****, noted')
  expect(JSON.stringify(span.outputMessages)).toHaveLength(before)
})

test('attributes, events and errors of a redacted span lose the text too', () => {
  const span = makeSpan({
    kind: 'llm',
    outputText: 'clean',
    statusMessage: 'failed on S123',
    errorMessage: 'failed on S123',
    attributes: new Map<string, AttributeValue>([
      ['custom.copy', 'S123'],
      ['list', ['a', 'S123']],
      ['map', new Map([['inner', 'S123']])],
      ['number', 123456789],
      ['network.peer.address', 'S123'],
    ]),
    events: [{ name: 'exception', timeUs: 1, attributes: new Map([['exception.message', 'bad S123']]) }],
  })
  expect(both.apply(span)).toBe(7)
  expect(span.statusMessage).toBe('failed on ****')
  expect(span.errorMessage).toBe('failed on ****')
  expect(span.attributes).toEqual(
    new Map<string, unknown>([
      ['custom.copy', '****'],
      ['list', ['a', '****']],
      ['map', new Map([['inner', '****']])],
      ['number', '*********'],
      // Where a call went is not what was said in it.
      ['network.peer.address', 'S123'],
    ]),
  )
  expect(span.events[0]?.attributes.get('exception.message')).toBe('bad ****')
})

test('only the named side is masked; assistant messages in the input are earlier outputs', () => {
  const span = makeSpan({
    kind: 'llm',
    inputText: 'S123',
    outputText: 'S123',
    inputMessages: [
      { role: 'user', parts: [{ type: 'text', content: 'S123' }] },
      { role: 'assistant', parts: [{ type: 'text', content: 'S123' }] },
    ],
  })
  compileRedaction(planOf({ on: 'llm_call', fields: ['output.text'] })).apply(span)
  expect(span.inputText).toBe('S123')
  expect(span.outputText).toBe('****')
  expect(span.inputMessages?.map((message) => message.parts[0])).toEqual([
    { type: 'text', content: 'S123' },
    { type: 'text', content: '****' },
  ])
})

test.each([
  ['tool_call', 'tool', 'arguments.text', 'toolArguments'],
  ['tool_call', 'tool', 'result.text', 'toolResult'],
  ['retrieval', 'retriever', 'query.text', 'retrievalQuery'],
  ['span', 'chain', 'input.text', 'inputText'],
  ['trace', 'agent', 'output.text', 'outputText'],
] as const)('on %s, a %s span: %s', (on, kind, field, property) => {
  const span = makeSpan({ kind, [property]: '{"code":"S123"}' })
  expect(compileRedaction(planOf({ on, fields: [field] })).apply(span)).toBe(1)
  expect(span[property]).toBe('{"code":"****"}')
})

test('documents follow the output', () => {
  const span = makeSpan({ kind: 'retriever', documents: [{ id: 'd', text: 'S123', score: 1 }] })
  compileRedaction(planOf({ on: 'retrieval', fields: ['output.text'] })).apply(span)
  expect(span.documents).toEqual([{ id: 'd', text: '****', score: 1 }])
})

test('the text is masked in every span that repeats it, whatever the eval is on', () => {
  const answer = compileRedaction(planOf({ on: 'llm_call', fields: ['output.text'] }))
  const agent = makeSpan({ kind: 'agent', outputText: 'S123', inputText: 'S123' })
  const tool = makeSpan({ kind: 'tool', toolArguments: '{"code":"S123"}', toolResult: 'S123' })
  answer.apply(agent)
  answer.apply(tool)
  expect(agent).toMatchObject({ outputText: '****', inputText: 'S123' })
  expect(tool).toMatchObject({ toolArguments: '{"code":"****"}', toolResult: '****' })
})

test('clean spans keep the very same values', () => {
  const clean = makeSpan({
    kind: 'llm',
    outputText: 'hello',
    outputMessages: [{ role: 'assistant', parts: [{ type: 'text', content: 'hello' }] }],
    attributes: new Map([['a', 'b']]),
    events: [{ name: 'e', timeUs: 1, attributes: new Map([['a', 'b']]) }],
  })
  const { outputMessages, attributes, events } = clean
  expect(both.apply(clean)).toBe(0)
  expect(clean.outputMessages).toBe(outputMessages)
  expect(clean.attributes).toBe(attributes)
  expect(clean.events).toBe(events)
})

test('two evals mask with the patterns of both', () => {
  const redactor = compileRedaction(
    planOf(
      { on: 'llm_call', fields: ['output.text'], patterns: [0] },
      { on: 'span', fields: ['output.text'], patterns: [1] },
    ),
  )
  const span = makeSpan({ kind: 'llm', outputText: 'S123 and 123456789' })
  expect(redactor.apply(span)).toBe(2)
  expect(span.outputText).toBe('**** and *********')
})

test('a key named __proto__ in tool arguments is data', () => {
  const span = makeSpan({
    kind: 'llm',
    outputMessages: [
      { role: 'assistant', parts: [{ type: 'tool_call', arguments: JSON.parse('{"__proto__":{"a":"S123"}}') }] },
    ],
  })
  both.apply(span)
  expect(JSON.stringify(span.outputMessages)).toContain('{"__proto__":{"a":"****"}}')
})

test('what lies beyond the bound of a span is masked as a whole, and a match across the bound too', () => {
  const start = MAX_SCANNED_UNITS - 2
  const text = `${'-'.repeat(start)}S123 and S456 and more`
  const span = makeSpan({ outputText: text, toolResult: 'S789 in another text' })
  compileRedaction(planOf({ on: 'llm_call', fields: ['output.text'] })).apply(span)
  expect(span.outputText).toBe('-'.repeat(start) + '*'.repeat(text.length - start))
  expect(span.toolResult).toBe('*'.repeat(20))
})
