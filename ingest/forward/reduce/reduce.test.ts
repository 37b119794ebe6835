import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { normaliseRecord } from '../../../engine/conventions/normalise.ts'
import type { Span } from '../../../engine/model/span.ts'
import { transcodeJson } from '../../../engine/otlp/json.ts'
import { type ReduceOptions, Reducer } from './reduce.ts'

const NOTHING: ReduceOptions = { sampleRate: 1, foldAfter: null, maxKeys: null, maxValues: null }

interface Sent {
  trace?: string
  span: string
  parent?: string
  name?: string
  error?: boolean
  durationMs?: number
  attributes?: Record<string, string>
}

const KEPT_BY_NO_RATE = '0'.repeat(31)

function requestOf(spans: readonly Sent[], service = 'support'): Uint8Array {
  const attributesOf = (given: Record<string, string>) =>
    Object.entries(given).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const body = {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [
          {
            spans: spans.map(
              ({ trace = '1', span, parent, name = 'query', error = false, durationMs = 5, attributes = {} }) => ({
                traceId: KEPT_BY_NO_RATE + trace,
                spanId: span.padStart(16, '0'),
                ...(parent !== undefined && { parentSpanId: parent.padStart(16, '0') }),
                name,
                kind: 3,
                startTimeUnixNano: '1760000000000000000',
                endTimeUnixNano: String(1_760_000_000_000_000_000n + BigInt(durationMs) * 1_000_000n),
                attributes: attributesOf(attributes),
                ...(error && { status: { code: 2 } }),
              }),
            ),
          },
        ],
      },
    ],
  }
  const outcome = transcodeJson(Buffer.from(JSON.stringify(body)))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

function rig(options: Partial<ReduceOptions>) {
  let nowMs = 0
  const reducer = new Reducer({ ...NOTHING, ...options }, () => nowMs)
  return {
    reducer,
    pass: (ms: number) => {
      nowMs += ms
    },
    send: (spans: readonly Sent[], service?: string): Span[] => {
      const { value, spanCount } = reducer.reduce(requestOf(spans, service), spans.length)
      const left = value === null ? [] : normaliseRecord('default', value)
      expect(spanCount).toBe(left.length)
      return left
    },
  }
}

const idsOf = (spans: readonly Span[]): string[] => spans.map(({ spanId }) => spanId.replace(/^0+/, ''))

test('with nothing asked for, and where nothing is changed, the bytes are the same', () => {
  const request = requestOf([{ span: 'a', attributes: { x: '1' } }])
  for (const options of [NOTHING, { ...NOTHING, foldAfter: 5, maxKeys: 5, maxValues: 5 }])
    expect(new Reducer(options, () => 0).reduce(request, 1).value).toBe(request)
})

describe('sampling', () => {
  test('a trace is kept by its id, or with an error; then what comes of it later is too', () => {
    const { send, reducer } = rig({ sampleRate: 0 })
    expect(send([{ span: 'a' }])).toEqual([])
    expect(idsOf(send([{ span: 'b' }, { span: 'c', error: true }, { trace: '2', span: 'd' }]))).toEqual(['b', 'c'])
    expect(idsOf(send([{ span: 'e' }, { trace: '2', span: 'f' }]))).toEqual(['e'])
    expect(reducer.stats.sampledOutSpans).toBe(3)
  })
})

describe('folding', () => {
  const loop = (ids: string, more: Partial<Sent> = {}): Sent[] =>
    [...ids].map((span, i) => ({ span, parent: '99', durationMs: i + 1, ...more }))

  test('leaves that are alike beyond the first stand in one, with their number and times', () => {
    const { send, reducer } = rig({ foldAfter: 2 })
    const spans = send(loop('abcde'))
    expect(idsOf(spans)).toEqual(['a', 'b', 'c'])
    expect(Object.fromEntries(spans[2]!.attributes)).toEqual({
      'assay.folded.spans': 3,
      'assay.folded.duration_sum_ms': 12,
      'assay.folded.duration_max_ms': 5,
    })
    expect(spans[1]!.attributes.size).toBe(0)
    expect(reducer.stats.foldedSpans).toBe(2)
    // The trace goes on in another request: one more for all that it has.
    expect(idsOf(send(loop('def')))).toEqual(['d'])
  })

  test.each<[string, Sent[]]>([
    ['of other names', loop('ab').map((span, i) => ({ ...span, name: `query ${i}` }))],
    ['of other parents', loop('ab').map((span, i) => ({ ...span, parent: `9${i}` }))],
    ['of other traces', loop('ab').map((span, i) => ({ ...span, trace: `${i + 1}` }))],
    ['that failed', loop('ab', { error: true })],
    ['that are roots', [{ span: 'a' }, { span: 'b' }]],
    ['that others are in', [...loop('ab'), { span: 'c', parent: 'a' }, { span: 'd', parent: 'b' }]],
    ['that evals look at', loop('ab', { attributes: { 'gen_ai.operation.name': 'chat' } })],
  ])('spans %s are left alone', (_, spans) => {
    expect(rig({ foldAfter: 1 }).send(spans)).toHaveLength(spans.length)
  })
})

describe('cardinality', () => {
  test('a key too many is dropped and counted on the span; each agent has its own, for an hour', () => {
    const { send, reducer, pass } = rig({ maxKeys: 2 })
    const odd = [{ span: 'a', attributes: { one: '1', two: '2', three: '3', four: '4' } }]
    const [span] = send(odd)
    const left = { one: '1', two: '2', 'assay.overflow.dropped_attributes': 2 }
    expect(Object.fromEntries(span!.attributes)).toEqual(left)
    expect(Object.fromEntries(send([{ span: 'b', attributes: { three: '3' } }], 'other')[0]!.attributes)).toEqual({
      three: '3',
    })
    expect(reducer.stats.droppedAttributes).toBe(2)
    pass(3_600_000)
    expect(Object.fromEntries(send([{ span: 'c', attributes: { three: '3' } }])[0]!.attributes)).toEqual({ three: '3' })
  })

  test('a list is one key', () => {
    const { send } = rig({ maxKeys: 1 })
    expect(
      send([{ span: 'a', attributes: { 'row.0.x': '1', 'row.1.x': '2', 'row.27.x': '3' } }])[0]!.attributes.size,
    ).toBe(3)
  })

  test('a value too many is replaced', () => {
    const { send, reducer } = rig({ maxValues: 1 })
    send([{ span: 'a', attributes: { request: 'r-1' } }])
    expect(Object.fromEntries(send([{ span: 'b', attributes: { request: 'r-2' } }])[0]!.attributes)).toEqual({
      request: '(overflow)',
      'assay.overflow.replaced_values': 1,
    })
    expect(send([{ span: 'c', attributes: { request: 'r-1' } }])[0]!.attributes.get('request')).toBe('r-1')
    expect(reducer.stats.replacedValues).toBe(1)
  })

  test.each([
    'openai_openinference.bin',
    'genai_otel_latest.bin',
    'ai_sdk_4.bin',
    'ai_sdk_7.bin',
    'langfuse_python.bin',
    'openllmetry.bin',
    'openllmetry_indexed.bin',
    'llamaindex_openinference.bin',
    'pydantic_ai.bin',
    'openai_agents.bin',
    'langgraph_langsmith.bin',
    'langgraph_openinference.bin',
    'mcp.bin',
  ])('however tight the limits, what evals read of %s is as it was', (file) => {
    const request = readFileSync(join(import.meta.dirname, '../../../test/fixtures/otlp', file))
    const before = normaliseRecord('default', request)
    const reducer = new Reducer({ ...NOTHING, foldAfter: 1, maxKeys: 1, maxValues: 1 }, () => 0)
    const after = normaliseRecord('default', reducer.reduce(request, before.length).value!)
    const read = ({ attributes: _, ...span }: Span) => span
    const ids = new Set(after.map(({ spanId }) => spanId))
    expect(after.map(read)).toEqual(before.filter(({ spanId }) => ids.has(spanId)).map(read))
    // Nothing that has content was folded.
    for (const span of before) if (span.kind !== 'other') expect(ids).toContain(span.spanId)
  })
})
