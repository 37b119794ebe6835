import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildOnlineEval, buildPlan, DURATION, e } from '../../engine/evaluate/build-plan.ts'
import { compileEvaluator } from '../../engine/evaluate/evaluator.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { AttributeValue, Span } from '../../engine/model/span.ts'
import { packSpans, unpackSpans } from './packed-spans.ts'

const slow = e.cmp(e.field('duration', DURATION), '<=', e.lit(50_000, DURATION))
const core = compileEvaluator(buildPlan({ evals: [buildOnlineEval('fast', slow)] }))
const all = compileEvaluator(
  buildPlan({
    evals: [
      buildOnlineEval('name', e.cmp(e.field('session.id'), '==', e.lit('x'))),
      buildOnlineEval('text', e.cmp(e.field('output.text'), '==', e.lit('x'))),
      buildOnlineEval('own', e.cmp(e.attr('own'), '==', e.lit('x'))),
    ],
  }),
)

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\ud800', '\0', 'ÿ', '漢'))
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.record({ bytes: fc.base64String() }, { noNullPrototype: true }),
  fc.array(text),
  fc.array(fc.tuple(text, text)).map((entries) => new Map(entries)),
)
const span = (spanId: string): fc.Arbitrary<Span> =>
  fc
    .record({
      parentSpanId: fc.option(text, { nil: undefined }),
      name: text,
      startTimeUs: fc.maxSafeNat(),
      durationNs: fc.maxSafeNat(),
      agentName: fc.option(text, { nil: undefined }),
      outputText: fc.option(text, { nil: undefined }),
      tokensInput: fc.option(fc.nat(), { nil: undefined }),
      own: fc.option(value, { nil: undefined }),
    })
    .map(({ own, ...fields }) =>
      makeSpan({
        ...fields,
        tenant: 'acme',
        traceId: '1'.repeat(32),
        spanId,
        documents: [{ id: 'd', text: fields.name, score: undefined }],
        ...(own !== undefined && { attributes: new Map([['own', own]]) }),
      }),
    )
const spans = fc.nat(4).chain((count) => fc.tuple(...Array.from({ length: count + 1 }, (_, at) => span(`s${at}`))))

test.each([
  ['of the core fields', core],
  ['of what evals read beyond them', all],
])('spans %s are, packed and unpacked, what they were', (_, evaluator) => {
  fc.assert(
    fc.property(spans, (given) => {
      const kept = new Map(given.map((one) => [one.spanId, evaluator.project(one)]))
      const packed = packSpans(kept)
      expect(packed.count).toBe(kept.size)
      expect(unpackSpans(packed, { tenant: 'acme', traceId: '1'.repeat(32), evaluator })).toStrictEqual([
        ...kept.values(),
      ])
    }),
  )
})
