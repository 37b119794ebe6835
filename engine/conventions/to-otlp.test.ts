import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeSpan } from '../model/make-span.ts'
import type { Span } from '../model/span.ts'
import { transcodeJson } from '../otlp/json.ts'
import { normaliseRecord } from './normalise.ts'
import { spansToOtlpJson } from './to-otlp.ts'

function throughOtlp(spans: readonly Span[]): Span[] {
  const transcoded = transcodeJson(Buffer.from(JSON.stringify(spansToOtlpJson(spans))))
  if (!transcoded.ok) throw new Error(transcoded.message)
  return normaliseRecord('default', transcoded.request)
}

const ids = { tenant: 'default', traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), startTimeUs: 1_700_000_000_000_000 }
const common: Partial<Span> = {
  name: 'x',
  parentSpanId: 'ef'.repeat(8),
  startTimeSubUs: 7,
  durationNs: 1_234_567,
  agentName: 'shop',
  agentVersion: '2',
  env: 'prod',
  sessionId: 's',
  userId: 'u',
  provider: 'openai',
  model: 'gpt',
  inputText: 'Where is it?',
  outputText: 'On its way.',
}

/** What a sender says of a span is what Assay says of it. */
const said = (span: Span): Partial<Span> => {
  const {
    attributes: _,
    resource: _r,
    scopeName: _s,
    scopeVersion: _v,
    events: _e,
    convention: _c,
    inputMessages: _i,
    outputMessages: _o,
    ...rest
  } = span
  return rest
}

const spans: readonly (readonly [string, Partial<Span>])[] = [
  [
    'llm',
    {
      ...common,
      tokensInput: 3,
      tokensOutput: 4,
      tokensTotal: 7,
      tokensCachedInput: 1,
      tokensReasoning: 2,
      costMicroUsd: 1_250,
      costSource: 'span',
      finishReason: 'stop',
      timeToFirstTokenMs: 250,
    },
  ],
  ['agent', common],
  ['chain', common],
  ['guardrail', common],
  ['other', common],
  ['embedding', { ...common, outputText: undefined }],
  [
    'tool',
    {
      ...common,
      inputText: undefined,
      outputText: undefined,
      toolName: 'find',
      toolCallId: 'c1',
      toolArguments: '{"a":1}',
      toolResult: '[]',
    },
  ],
  [
    'retriever',
    {
      ...common,
      inputText: undefined,
      outputText: undefined,
      retrievalQuery: 'shoes',
      documents: [
        { id: '1', text: 'a shoe', score: 0.5 },
        { id: undefined, text: 'b', score: undefined },
      ],
    },
  ],
  ['llm', { ...common, status: 'error', statusMessage: 'timed out', errorMessage: 'timed out' }],
  ['llm', { ...common, status: 'error', errorMessage: 'refused' }],
]

describe('a span that is told in the shape of the API', () => {
  test.each(spans)('is the same span after its way through OTLP: %s %#', (kind, fields) => {
    const span = makeSpan({ ...ids, ...fields, kind: kind as Span['kind'] })
    const [got] = throughOtlp([span])
    expect(said(got!)).toEqual(said(span))
  })

  test('messages are kept as they are', () => {
    const inputMessages = [
      { role: 'system', parts: [{ type: 'text' as const, content: 'Be kind.' }] },
      { role: 'user', parts: [{ type: 'text' as const, content: 'Hello' }] },
    ]
    const outputMessages = [
      {
        role: 'assistant',
        parts: [{ type: 'tool_call' as const, id: 'c', name: 'f', arguments: { a: 1 } }],
        finishReason: 'tool_calls',
      },
    ]
    const [got] = throughOtlp([makeSpan({ ...ids, kind: 'llm', name: 'x', inputMessages, outputMessages })])
    expect(got!.inputMessages).toEqual(inputMessages)
    expect(got!.outputMessages).toEqual(outputMessages)
  })

  test('attributes of any form are kept', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 2 },
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
    })).any
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^my\.[a-z]{1,8}$/), value, { maxKeys: 4 }), (attributes) => {
        const span = makeSpan({
          ...ids,
          kind: 'other',
          name: 'x',
          attributes: new Map(Object.entries(attributes)) as Span['attributes'],
        })
        const rest = new Map(throughOtlp([span])[0]!.attributes)
        rest.delete('openinference.span.kind')
        expect(Object.fromEntries(rest)).toEqual({ ...attributes })
      }),
    )
  })
})
