import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildOnlineEval, buildPlan, DURATION, e, INT } from '../../engine/evaluate/build-plan.ts'
import { compileEvaluator } from '../../engine/evaluate/evaluator.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import { TraceAssembly } from './assembly.ts'
import { DEFAULT_TIMES } from './assembly-times.ts'
import { TraceJudge } from './trace-judge.ts'
import { type AssemblyBudget, defaultBudget, mayBeIncomplete, spansOf, type TraceInMemory } from './traces-in-memory.ts'

const evaluator = compileEvaluator(
  buildPlan({
    evals: [
      buildOnlineEval('count', e.cmp(e.score(), '<=', e.lit(3)), {
        score: e.over('count', e.select('span'), null, INT),
      }),
      buildOnlineEval('fast', e.cmp(e.field('duration', DURATION), '<=', e.lit(50_000, DURATION))),
      buildOnlineEval('name', e.cmp(e.field('agent.name'), '==', e.lit('root'))),
    ],
  }),
)
const noTraces = compileEvaluator(buildPlan({}))
const second = 1_000
const hex = (digits: number, value: number) => value.toString(16).padStart(digits, '0')

const span = (trace: number, id: number, isRoot = false, startTimeUs = 1_000_000_000): Span =>
  makeSpan({
    traceId: hex(32, trace),
    spanId: hex(16, id),
    parentSpanId: isRoot ? undefined : hex(16, 1),
    agentName: isRoot ? 'root' : 'child',
    startTimeUs: startTimeUs + id,
    durationNs: id * 1000,
  })

const assemblyOf = (budget: Partial<AssemblyBudget> = {}, knowsSinceMs = Number.NEGATIVE_INFINITY) =>
  new TraceAssembly({ times: DEFAULT_TIMES, budget: { ...defaultBudget(), ...budget }, knowsSinceMs })

type Step = { at: number; span?: Span }

/** What settles, as `time: cause of trace rN (spans)`; the clock is looked at every second. */
function play(steps: readonly Step[], untilS: number, assembly = assemblyOf()): string[] {
  const seen: string[] = []
  const settle = (atMs: number) => {
    assembly.advance(atMs)
    for (const { trace, cause } of assembly.takeDue()) {
      seen.push(
        `${atMs / second}: ${cause} of ${Number.parseInt(trace.traceId, 16)} r${trace.revision} (${spansOf(trace).length})`,
      )
    }
  }
  let offset = 0
  for (let s = 0; s <= untilS; s++) {
    for (const step of steps) {
      if (step.at !== s) continue
      settle(s * second)
      if (step.span !== undefined) assembly.add(step.span, offset++, evaluator)
    }
    settle(s * second)
  }
  return seen
}

describe('a trace is judged', () => {
  test.each<[string, Step[], number, string[]]>([
    [
      '5 s after its root came',
      [
        { at: 0, span: span(1, 2) },
        { at: 3, span: span(1, 1, true) },
        { at: 7, span: span(1, 3) },
      ],
      60,
      ['8: root of 1 r1 (3)'],
    ],
    [
      '2 min after its last span when no root came',
      [
        { at: 0, span: span(1, 2) },
        { at: 100, span: span(1, 3) },
      ],
      300,
      ['220: idle of 1 r1 (2)'],
    ],
    [
      '1 h after its first span at the latest',
      Array.from({ length: 70 }, (_, i) => ({ at: i * 60, span: span(1, 2 + i) })),
      4300,
      [
        '3600: age of 1 r1 (60)',
        '3605: root of 1 r2 (61)',
        '3665: root of 1 r3 (62)',
        '3725: root of 1 r4 (63)',
        '3785: root of 1 r5 (64)',
        '3845: root of 1 r6 (65)',
        '3905: root of 1 r7 (66)',
        '3965: root of 1 r8 (67)',
        '4025: root of 1 r9 (68)',
        '4085: root of 1 r10 (69)',
        '4145: root of 1 r11 (70)',
      ],
    ],
    [
      'again when spans come late, once for those within 5 s',
      [
        { at: 0, span: span(1, 1, true) },
        { at: 9, span: span(1, 2) },
        { at: 11, span: span(1, 3) },
        { at: 40, span: span(1, 4) },
      ],
      60,
      ['5: root of 1 r1 (1)', '14: root of 1 r2 (3)', '45: root of 1 r3 (4)'],
    ],
    [
      'not again for a span that was sent twice',
      [
        { at: 0, span: span(1, 1, true) },
        { at: 3, span: span(1, 1, true) },
        { at: 9, span: span(1, 1, true) },
      ],
      60,
      ['5: root of 1 r1 (1)'],
    ],
    [
      'again when its root comes after it was idle',
      [
        { at: 0, span: span(1, 2) },
        { at: 130, span: span(1, 1, true) },
      ],
      200,
      ['120: idle of 1 r1 (1)', '135: root of 1 r2 (2)'],
    ],
    [
      'apart from others',
      [
        { at: 0, span: span(1, 1, true) },
        { at: 1, span: span(2, 1, true) },
        { at: 2, span: span(1, 2) },
      ],
      60,
      ['5: root of 1 r1 (2)', '6: root of 2 r1 (1)'],
    ],
  ])('%s', (_what, steps, untilS, expected) => {
    expect(play(steps, untilS)).toEqual(expected)
  })

  test('apart from the same id of another tenant', () => {
    const other = makeSpan({ ...span(1, 1, true), tenant: 'other' })
    expect(
      play(
        [
          { at: 0, span: span(1, 1, true) },
          { at: 0, span: other },
        ],
        10,
      ),
    ).toHaveLength(2)
  })

  test('early, the oldest first, when memory is full; a later piece of it is known to be one', () => {
    const assembly = assemblyOf({ maxTraces: 2 })
    const steps = [1, 2, 3].map((trace) => ({ at: trace, span: span(trace, 2) }))
    expect(play([...steps, { at: 5, span: span(1, 3) }], 10, assembly)).toEqual([
      '3: overflow of 1 r1 (1)',
      '5: overflow of 2 r1 (1)',
      '10: root of 1 r2 (1)',
    ])
  })
})

describe('offsets', () => {
  test('are held for open traces, for two minutes at the most, and then by their last span', () => {
    const assembly = assemblyOf()
    assembly.advance(0)
    assembly.add(span(1, 2), 10, evaluator)
    assembly.add(span(2, 1, true), 11, evaluator)
    expect(assembly.heldOffset()).toBe(10)
    assembly.advance(100 * second)
    assembly.add(span(1, 3), 12, evaluator)
    assembly.takeDue()
    expect(assembly.heldOffset()).toBe(10)
    assembly.advance(120 * second)
    assembly.add(span(3, 2), 13, evaluator)
    expect(assembly.takeDue()).toEqual([])
    expect(assembly.heldOffset()).toBe(12)
    expect(assembly.openTraces).toBe(2)
    // Idle for so long, it is judged before it is let go.
    assembly.advance(220 * second)
    expect(assembly.heldOffset()).toBe(13)
  })

  test('are held for a trace that a late span opened again', () => {
    const assembly = assemblyOf()
    assembly.advance(0)
    assembly.add(span(1, 1, true), 1, evaluator)
    assembly.advance(5 * second)
    assembly.takeDue()
    expect(assembly.heldOffset()).toBeNull()
    assembly.add(span(1, 2), 7, evaluator)
    expect(assembly.heldOffset()).toBe(7)
  })
})

test('traces are not opened while no eval waits for them', () => {
  const assembly = assemblyOf()
  assembly.advance(0)
  assembly.add(span(1, 1, true), 1, noTraces)
  expect([assembly.openTraces, assembly.nextDueMs(), assembly.heldOffset()]).toEqual([0, null, null])
})

test.each([
  ['began long before, and has no root', 1_000_000, false, true],
  ['began long before, and its root says so', 1_000_000, true, true],
  ['began shortly before, and may have been judged then by spans that are committed', 1_999_999, true, true],
  ['began after', 2_000_001, false, false],
])('of a trace that %s, spans may be lost: %s ms, root %s: %s', (_what, startMs, isRoot, expected) => {
  const assembly = assemblyOf({}, 2_000_000)
  assembly.advance(2_000_100)
  assembly.add(span(1, 1, isRoot, startMs * 1000), 1, evaluator)
  assembly.advance(2_200_000)
  expect(assembly.takeDue().map(({ trace }) => mayBeIncomplete(trace))).toEqual([expected])
})

test('dropping a partition gives all of its memory back', () => {
  const budget = { ...defaultBudget(), maxTraces: 2, maxKnownIds: 3 }
  const assembly = new TraceAssembly({
    times: DEFAULT_TIMES,
    budget,
    knowsSinceMs: Number.NEGATIVE_INFINITY,
  })
  for (let trace = 1; trace <= 20; trace++) {
    assembly.advance(trace * second)
    assembly.takeDue()
    assembly.add(span(trace, 1, true), trace, evaluator)
    assembly.add(span(1 + (trace % 4), 2), trace, evaluator)
    expect(budget.traces).toBeLessThanOrEqual(2)
    expect(budget.knownIds).toBeLessThanOrEqual(3)
  }
  assembly.drop()
  const { traces, spans, sizeBytes, settledBytes, knownIds } = budget
  expect([traces, spans, sizeBytes, settledBytes, knownIds]).toEqual([0, 0, 0, 0, 0])
})

test('what is read back of a trace that there was no room for takes none of the budget', () => {
  const budget = { ...defaultBudget(), maxTraces: 1 }
  const assembly = new TraceAssembly({ times: DEFAULT_TIMES, budget })
  assembly.advance(0)
  for (const id of [1, 2, 3, 4]) assembly.add(span(1, id, id === 1), 1, evaluator)
  expect(assembly.takeDue()).toEqual([])
  // No room for both: the first is judged early, and forgotten.
  assembly.add(span(2, 1, true), 2, evaluator)
  const [overflown] = assembly.takeDue()
  expect(overflown).toMatchObject({ cause: 'overflow', trace: { traceId: hex(32, 1), packed: [{ count: 4 }] } })
  assembly.amend(overflown!.trace, { spans: [span(1, 5)], said: [], nextRevision: 2 })
  expect(spansOf(overflown!.trace)).toHaveLength(5)
  assembly.drop()
  expect([budget.spans, budget.sizeBytes, budget.settledBytes]).toEqual([0, 0, 0])
})

test('traces that were judged have a part of the memory, and are forgotten, the oldest first, before any that is open is judged early', () => {
  const budget = { ...defaultBudget(), maxSettledBytes: 3_000 }
  const assembly = new TraceAssembly({ times: DEFAULT_TIMES, budget })
  const judged: TraceInMemory[] = []
  let open = 0
  for (let trace = 1; trace <= 20; trace++) {
    assembly.advance(trace * second)
    for (const due of assembly.takeDue()) {
      expect(due.cause).toBe('root')
      judged.push(due.trace)
    }
    for (const id of [1, 2, 3, 4]) assembly.add(span(trace, id, id === 1), trace, evaluator)
    expect(budget.settledBytes).toBeLessThanOrEqual(3_000)
    open = trace - judged.length
  }
  const kept = judged.filter((trace) => assembly.keepsSettled(trace))
  expect(kept.length).toBeGreaterThan(1)
  expect(kept).toEqual(judged.slice(-kept.length))
  expect(budget.traces).toBe(open + kept.length)
  expect(budget.knownIds).toBe(judged.length - kept.length)
})

test('spans that come when others are packed join them, whatever trace or tenant theirs is', () => {
  const assembly = assemblyOf()
  assembly.advance(0)
  const send = (trace: number, spans: readonly number[]) => {
    for (const one of spans) assembly.add(span(trace, one, one === 1), trace, evaluator)
  }
  for (const trace of [1, 2]) send(trace, [1, 2, 3, 4])
  expect(assembly.takeDue()).toEqual([])
  // 4 comes again.
  send(1, [4, 5])
  assembly.advance(5 * second)
  const judged = assembly.takeDue().map(({ trace }) => trace)
  const idsOf = (trace: TraceInMemory) => spansOf(trace).map(({ spanId }) => Number.parseInt(spanId, 16))
  expect(judged.map(({ packed, fresh }) => [packed.length, fresh?.size ?? 0])).toEqual([
    [1, 2],
    [1, 0],
  ])
  expect(judged.map(idsOf)).toEqual([
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4],
  ])
  // Judged, they are packed as a whole.
  assembly.takeDue()
  expect(judged.map(({ packed, fresh }) => [packed.length, fresh])).toEqual([
    [2, null],
    [1, null],
  ])
  expect(judged.map(idsOf)).toEqual([
    [1, 2, 3, 4, 5],
    [1, 2, 3, 4],
  ])
})

test('a trace that comes again after its verdict is unpacked once, and is not judged again', () => {
  const assembly = assemblyOf()
  assembly.advance(0)
  const ids = Array.from({ length: 100 }, (_, i) => i + 1)
  for (const id of ids) assembly.add(span(1, id, id === 1), 1, evaluator)
  assembly.advance(5 * second)
  const [judged] = assembly.takeDue()
  assembly.takeDue()
  expect([judged!.trace.packed.length, judged!.trace.fresh]).toEqual([1, null])
  for (const id of ids) {
    assembly.add(span(1, id, id === 1), 2, evaluator)
    expect(assembly.takeDue()).toEqual([])
    // Packed again, each of them would have all unpacked.
    expect([judged!.trace.packed.length, judged!.trace.fresh?.size]).toEqual([0, 100])
  }
  expect(assembly.openTraces).toBe(0)
})

test('what the budget has no room for is not kept alive by the queues behind it', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const assembly = assemblyOf({ maxTraces: 4 })
  assembly.advance(0)
  // Without a root it stays at the head of the offsets that are held.
  assembly.add(span(999, 2), 0, evaluator)
  const judged: WeakRef<object>[] = []
  for (let trace = 1; trace <= 20; trace++) {
    assembly.advance(trace * 5 * second)
    for (const due of assembly.takeDue()) judged.push(new WeakRef(due.trace))
    assembly.add(span(trace, 1, true), trace, evaluator)
  }
  expect([judged.length, assembly.heldOffset()]).toEqual([19, 0])
  // What a WeakRef points to lives to the end of the turn that made it.
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  expect(judged.filter((spans) => spans.deref() !== undefined).length).toBeLessThanOrEqual(4)
})

describe('properties', () => {
  const spansOf = (traces: number) =>
    Array.from({ length: traces * 5 }, (_, i) => span(1 + Math.floor(i / 5), 1 + (i % 5), i % 5 === 0))
  const verdict = ({ evalId, traceId, verdict: said, score, subjectTimeUs, agentName }: EvalResult) =>
    JSON.stringify([evalId, traceId, said, score, subjectTimeUs, agentName])

  const delivery = fc.record({
    order: fc.shuffledSubarray(spansOf(4), { minLength: 20, maxLength: 20 }),
    gapsMs: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 1, 900, 4_000, 6_000, 130_000), { minLength: 20, maxLength: 20 }),
    again: fc.array(fc.nat(19), { maxLength: 8 }),
  })

  /** The last revision of each eval and trace. */
  async function finalVerdicts(order: readonly Span[], gapsMs: readonly number[]): Promise<string[]> {
    const assembly = assemblyOf()
    const judge = new TraceJudge(null, (text) => expect.fail(text))
    const latest = new Map<string, EvalResult>()
    let clockMs = 0
    const settle = async () => {
      assembly.advance(clockMs)
      for (const result of await judge.judge(assembly.takeDue(), assembly, clockMs)) {
        const key = `${result.evalId} ${result.traceId}`
        expect(result.revision).toBe((latest.get(key)?.revision ?? 0) + 1)
        latest.set(key, result)
      }
    }
    for (const [i, item] of order.entries()) {
      const gapMs = gapsMs[i % gapsMs.length]!
      clockMs += gapMs
      // Without a gap they are of one record.
      if (gapMs > 0) await settle()
      assembly.add(item, i, evaluator)
    }
    clockMs += 4_000_000
    await settle()
    expect(assembly.heldOffset()).toBeNull()
    return [...latest.values()].map(verdict).sort()
  }

  test('any delivery, at any pace and with repetitions, ends in the same verdicts', async () => {
    const expected = await finalVerdicts(spansOf(4), [0])
    expect(expected).toHaveLength(12)
    await fc.assert(
      fc.asyncProperty(delivery, async ({ order, gapsMs, again }) => {
        const sent = [...order, ...again.map((i) => order[i]!)]
        expect(await finalVerdicts(sent, gapsMs)).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })
})
