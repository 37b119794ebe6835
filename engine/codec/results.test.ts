import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeResult } from '../model/make-result.ts'
import type { EvalResult, Reason } from '../model/result.ts'
import { decodeResults, encodeResults, parseResults, ResultsDecodeError } from './results.ts'

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0)

const reason: fc.Arbitrary<Reason> = fc.oneof(
  fc.record({ code: fc.constant('not_captured' as const), field: fc.string() }),
  fc.constant({ code: 'truncated' as const }),
  fc.record({ code: fc.constant('truncated' as const), field: fc.string() }),
  fc.constantFrom<Reason>({ code: 'refused' }, { code: 'over_budget' }, { code: 'abstained' }),
  fc.record({ code: fc.constantFrom('wrong_type' as const, 'judge_malformed' as const), detail: fc.string() }),
)
const judgement = fc.record(
  {
    kind: fc.constantFrom(
      'claim',
      'document',
      'statement',
      'citation',
      'quote',
      'judge',
      'call',
      'handoff',
      'task',
      'trace',
    ),
    about: fc.string(),
    verdict: fc.string(),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    quote: fc.string(),
    detail: fc.string(),
  },
  { requiredKeys: ['kind', 'about', 'verdict'] },
)
const evidence = fc.record(
  {
    field: fc.string(),
    start: fc.nat(),
    end: fc.nat(),
    pattern: fc.string(),
    masked: fc.string(),
    spanId: fc.string(),
  },
  { requiredKeys: ['field', 'start', 'end', 'pattern', 'masked'], noNullPrototype: true },
)
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })

const anyResult: fc.Arbitrary<EvalResult> = fc
  .record({
    tenant: fc.constantFrom('default', 'acme'),
    evalId: fc.string(),
    mode: fc.constantFrom('live' as const, 'shadow' as const),
    subjectKind: fc.constantFrom('trace' as const, 'llm_call' as const),
    traceId: fc.oneof({ weight: 5, arbitrary: hex(32) }, { weight: 1, arbitrary: fc.string() }),
    spanId: fc.oneof(fc.constant(''), hex(16)),
    subjectTimeUs: fc.integer({ min: 0, max: 2 ** 52 }),
    subjectArrivedAtMs: optional(fc.integer({ min: 0, max: 2 ** 42 })),
    evaluatedAtMs: fc.nat(),
    revision: fc.integer({ min: 1, max: 9 }),
    verdict: fc.constantFrom('pass' as const, 'fail' as const, 'unknown' as const, 'error' as const),
    score: optional(finite),
    reason: optional(reason),
    evidence: fc.array(evidence, { maxLength: 2 }),
    judgements: fc.array(judgement, { maxLength: 2 }),
    explanation: optional(fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed())),
    agentName: optional(fc.string()),
    env: optional(fc.constantFrom('prod', 'dev')),
    judgeInputTokens: optional(fc.nat()),
    runId: fc.constantFrom('', 'helpful@2026-01-01T06:00'),
    inclusionProbability: fc.double({ min: 0, max: 1, noNaN: true }).map((x) => x + 0),
  })
  .map((fields) => makeResult(fields))

test('what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(fc.array(anyResult, { maxLength: 12 }), (results) => {
      expect(decodeResults(encodeResults(results))).toEqual(results)
    }),
  )
})

test('a batch of passes costs little more than its ids', () => {
  const passes = Array.from({ length: 100 }, (_, i) =>
    makeResult({
      evalId: 'pii/no_pii',
      measureHash: 'm'.repeat(32),
      verdictHash: 'v'.repeat(32),
      subjectKind: 'llm_call',
      traceId: i.toString(16).padStart(32, '0'),
      spanId: i.toString(16).padStart(16, '0'),
      subjectTimeUs: 1_700_000_000_000_000 + i * 1000,
      subjectArrivedAtMs: 1_700_000_000_100 + Math.floor(i / 20),
      evaluatedAtMs: 1_700_000_000_123,
      agentName: 'checkout',
    }),
  )
  expect(encodeResults(passes).length / passes.length).toBeLessThan(48 + 16)
})

test('a number that JSON has no form for is a bug, not a null', () => {
  expect(() => encodeResults([makeResult({ score: Number.NaN })])).toThrow(RangeError)
  expect(() => encodeResults([makeResult(), makeResult({ subjectTimeUs: Infinity })])).toThrow(RangeError)
})

describe('a record that is not one is refused with what is wrong', () => {
  const good = JSON.parse(new TextDecoder().decode(encodeResults([makeResult({ traceId: 'a'.repeat(32) })]))) as object

  test.each<[string, Uint8Array, string]>([
    ['no JSON', new TextEncoder().encode('{"v":1'), 'not JSON'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'not JSON'],
    ['a list', bytes([]), 'not an object'],
    ['another version', bytes({ v: 2, n: 0 }), 'version 2'],
    ['no count', bytes({ v: 1, n: -1 }), 'n is not a count'],
    ['a missing column', bytes({ v: 1, n: 1 }), 'tenant is missing'],
    ['a column of another length', bytes({ ...good, env: ['a', 'b'] }), 'env has 2 rows of 1'],
    ['a value of another type', bytes({ ...good, env: [7] }), 'env is 7 in row 0'],
    ['an unknown mode', bytes({ ...good, mode: 'off' }), 'mode is "off"'],
    ['an unknown subject', bytes({ ...good, subjectKind: 'toString' }), 'subjectKind is "toString"'],
    ['a revision below zero', bytes({ ...good, revision: -1 }), 'revision is -1'],
    ['a short id column', bytes({ ...good, traceId: 'abc' }), 'traceId has 3 digits'],
    ['an unknown verdict', bytes({ ...good, verdicts: 'x' }), 'verdicts holds "x"'],
    ['too few verdicts', bytes({ ...good, verdicts: '' }), 'verdicts is not one letter a row'],
    ['an unknown reason', bytes({ ...good, reasons: [[0, { code: 'mood' }]] }), 'a reason has the code "mood"'],
    ['a reason without its field', bytes({ ...good, reasons: [[0, { code: 'not_captured' }]] }), 'field is not a text'],
    [
      'a judgement of no kind',
      bytes({ ...good, judgements: [[0, [{ kind: 'x', about: '', verdict: '' }]]] }),
      'a judgement is of the kind "x"',
    ],
    [
      'a value of a judgement that is no number',
      bytes({ ...good, judgements: [[0, [{ kind: 'quote', about: '', verdict: '', value: '1' }]]] }),
      'value is not a number',
    ],
    ['evidence of no row', bytes({ ...good, evidence: [[1, []]] }), 'evidence does not name a row'],
    [
      'evidence of a wrong shape',
      bytes({ ...good, evidence: [[0, [{ field: 'x', start: -1 }]]] }),
      'start is not an offset',
    ],
  ])('%s', (_, record, message) => {
    const outcome = parseResults(record)
    expect(outcome).toMatchObject({ ok: false, error: expect.stringContaining(message) })
    expect(() => decodeResults(record)).toThrow(ResultsDecodeError)
  })
})
