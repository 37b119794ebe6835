/** What the pages ask of the API: search, sessions, one eval, its series, why. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileProject } from '../dsl/project.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { noPii } from '../test/support/no-pii.ts'
import { openGate } from '../test/support/open-gate.ts'
import { buildApi } from './api.ts'
import type { ApiApp } from './api-context.ts'
import {
  evalDetailResponseSchema,
  evalFlipsResponseSchema,
  evalPromptResponseSchema,
  evalTrendsResponseSchema,
  problemSchema,
  resultsResponseSchema,
  seriesResponseSchema,
  sessionResponseSchema,
  sessionsResponseSchema,
  tracesResponseSchema,
  traceTestsResponseSchema,
  whyResponseSchema,
} from './schemas.ts'

const nowMs = Date.UTC(2026, 10, 21, 12)
const SOURCE = `package shop

# Not part of the declaration.
online eval quick {
  title: "Quick"
  owner: "@shop"
  on: llm_call
  pass: duration <= 1s
}

online eval other {
  on: trace
  pass: duration <= 2s
}

online eval slow {
  on: llm_call
  score: duration
  pass: score <= 1s
}

offline eval kind {
  every: day at 06:00 in "UTC"
  sample: 10 of llm_call over 24h
  judge: "openai/gpt-5-mini"
  show: input.text
  scale: 1 to 5
  rubric: "5 kind, 1 rude"
  pass: score >= 4
  missing: unknown
}

offline eval ended_well {
  every: day at 06:00 in "UTC"
  sample: 10 of session over 24h
  show: trace.input.text
  scale: 1 to 5
  judge: "openai/gpt-5-mini"
  rubric: "5 well, 1 badly"
  pass: score >= 4
  missing: unknown
}

offline eval grounded {
  every: day at 06:00 in "UTC"
  sample: 10 of trace over 24h
  metric: faithfulness(answer: output.text, context: retrieval.documents)
  pass: score >= 90%
  missing: unknown
}

offline eval close {
  every: day at 06:00 in "UTC"
  sample: 10 of llm_call over 24h
  metric: rouge_l(answer: output.text, reference: "Your order is on its way.")
  pass: score >= 50%
  missing: unknown
}
`
const trace = (n: number): string => n.toString(16).padStart(32, '0')
const call = '00000000000000a1'

let folder: string
let traces: TracesStore
let app: ApiApp

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-query-'))
  traces = await openTraces({ dataDir: folder })
  await traces.migrate()
  const { plan } = compileProject({ files: [{ path: 'shop.eval', text: SOURCE }], readImport: () => null })
  const { measureHash, verdictHash } = plan!.evals[0]!
  // Ten days ago: two sessions that were last seen at once, and one before them.
  await traces.insertSpans(
    ['old-b', 'old-a', 'older'].map((sessionId, index) =>
      makeSpan({
        traceId: trace(0x20 + index),
        spanId: call,
        sessionId,
        startTimeUs: (nowMs - 10 * 86_400_000 - (sessionId === 'older' ? 60_000 : 0)) * 1_000,
      }),
    ),
    'old-spans',
  )
  const minutes = [1, 2, 3]
  await traces.insertSpans(
    minutes.map((n) =>
      makeSpan({
        traceId: trace(n),
        spanId: call,
        kind: 'llm',
        name: 'chat',
        sessionId: 's',
        startTimeUs: (nowMs - n * 60_000) * 1_000,
        durationNs: n * 600e6,
        inputText: `question ${n}`,
      }),
    ),
    'spans',
  )
  await traces.insertResults(
    minutes.map((n) =>
      makeResult({
        traceId: trace(n),
        spanId: call,
        evalId: 'shop/quick',
        subjectKind: 'llm_call',
        subjectTimeUs: (nowMs - n * 60_000) * 1_000,
        evaluatedAtMs: nowMs,
        verdict: n === 1 ? 'pass' : 'fail',
        measureHash: n === 3 ? 'before' : measureHash,
        verdictHash,
      }),
    ),
    'results',
  )
  const slow = plan!.evals.find(({ id }) => id === 'shop/slow')!
  const ofSlow = { evalId: slow.id, subjectKind: 'llm_call', measureHash: slow.measureHash, spanId: call } as const
  await traces.insertResults(
    [
      ...minutes.map((n) =>
        makeResult({
          ...ofSlow,
          traceId: trace(n),
          subjectTimeUs: (nowMs - n * 60_000) * 1_000,
          evaluatedAtMs: nowMs - 1_000,
          verdict: n === 1 ? 'pass' : 'fail',
          score: n * 600,
          verdictHash: slow.verdictHash,
        }),
      ),
      // By an older limit, the other way.
      makeResult({
        ...ofSlow,
        traceId: trace(2),
        subjectTimeUs: (nowMs - 120_000) * 1_000,
        evaluatedAtMs: nowMs - 5_000,
        verdict: 'pass',
        score: 1_200,
        verdictHash: 'older',
      }),
      // What judges cost.
      makeResult({
        evalId: 'shop/kind',
        subjectKind: 'llm_call',
        traceId: trace(3),
        spanId: call,
        evaluatedAtMs: nowMs - 1_000,
        subjectTimeUs: nowMs * 1_000,
        verdict: 'pass',
        score: 5,
        runId: 'shop/kind@1',
        judgeModel: 'gpt-5-mini',
        costMicroUsd: 1_500,
      }),
    ],
    'slow',
  )
  app = buildApi(
    {
      traces,
      status: async () => ({ status: 'ok', components: [] }),
      definitions: {
        current: () => ({ plan: plan!, sources: new Map([['shop.eval', SOURCE]]), loadedAtMs: nowMs, diagnostics: [] }),
      },
      judges: { defaultJudge: null, providers: [{ name: 'openai', logprobs: true }] },
      pii: noPii,
      nowMs: () => nowMs,
    },
    { gate: openGate, isLocal: false },
  )
})
afterAll(async () => {
  await traces.close()
  rmSync(folder, { recursive: true })
})

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await app.request(path)
  return { status: response.status, body: await response.json() }
}

test('traces come in pages that meet without a gap', async () => {
  const first = tracesResponseSchema.parse((await get('/v1/traces?limit=2')).body)
  expect(first.traces.map(({ traceId }) => traceId)).toEqual([trace(1), trace(2)])
  const second = tracesResponseSchema.parse((await get(`/v1/traces?limit=2&after=${first.next}`)).body)
  expect(second.traces.map(({ traceId }) => traceId)).toEqual([trace(3)])
  expect(second.next).toBeUndefined()
  expect(first.traces[0]).toMatchObject({ input: 'question 1', durationMs: 600, verdicts: { pass: 2, fail: 0 } })
})

test.each([
  ['verdict=fail', [2, 3]],
  ['verdict=fail&eval=shop/quick&minMs=1500', [3]],
  ['since=90s', [1]],
  ['text=QUESTION%202', [2]],
  ['session=none', []],
])('traces by %s', async (query, expected) => {
  const { traces: found } = tracesResponseSchema.parse((await get(`/v1/traces?${query}`)).body)
  expect(found.map(({ traceId }) => traceId)).toEqual(expected.map(trace))
})

describe('refusals name the parameter', () => {
  test.each([
    ['/v1/traces?verdict=bad', 'verdict', 400],
    ['/v1/traces?after=x', 'after', 400],
    ['/v1/traces?minMs=-1', 'minMs', 400],
    ['/v1/traces?limit=201', 'limit', 400],
    ['/v1/traces?colour=red', 'colour', 400],
    ['/v1/traces?since=1h&until=2h', 'since', 400],
    ['/v1/sessions?limit=0', 'limit', 400],
    ['/v1/sessions?after=x', 'after', 400],
    ['/v1/sessions/s?user=x', 'user', 400],
    ['/v1/evals/shop/quick/series?step=7m', 'step', 400],
    ['/v1/evals/shop/quick/series?since=4w&step=1m', 'step', 422],
    ['/v1/evals/shop/none', 'shop/none', 404],
    [`/v1/traces/${trace(1)}/why?eval=shop/none`, 'shop/none', 404],
    [`/v1/traces/${trace(8)}/why?eval=shop/quick`, trace(8), 404],
    [`/v1/traces/${trace(1)}/why`, 'eval', 400],
    ['/v1/results?order=worst', 'eval', 422],
    ['/v1/results?order=worst&eval=shop/quick', 'shop/quick', 422],
    ['/v1/results?order=best', 'order', 400],
    ['/v1/evals/trends?since=2000-01-01T00:00:00Z', 'a year', 400],
    ['/v1/evals/shop/slow/flips?limit=0', 'limit', 400],
    ['/v1/evals/shop/slow/prompt', 'shop/slow', 409],
    [`/v1/evals/shop/kind/prompt?trace=${trace(8)}`, trace(8), 404],
    [`/v1/traces/${trace(8)}/test`, trace(8), 404],
    [`/v1/traces/${trace(1)}/test?span=${'0'.repeat(16)}`, '0'.repeat(16), 404],
  ])('%s', async (path, word, expected) => {
    const { status, body } = await get(path)
    expect(status).toBe(expected)
    expect(problemSchema.parse(body).detail).toContain(word)
  })
})

test('the worst come in pages too', async () => {
  const ask = async (after = '') =>
    resultsResponseSchema.parse(
      (await get(`/v1/results?eval=shop/slow&order=worst&limit=2${after && `&after=${after}`}`)).body,
    )
  const first = await ask()
  expect(first.results.map(({ score }) => score)).toEqual([1_800, 1_200])
  const second = await ask(first.next)
  expect(second.results.map(({ score }) => score)).toEqual([600])
  expect(second.next).toBeUndefined()
})

test('sessions', async () => {
  const { sessions } = sessionsResponseSchema.parse((await get('/v1/sessions')).body)
  expect(sessions).toMatchObject([{ session: 's', traces: 3, firstSeen: '2026-11-21T11:57:00.000000Z' }])
})

test('sessions come in pages that meet without a gap, those seen last at one time too', async () => {
  const query = '/v1/sessions?since=11d&until=9d&limit=1'
  const seen: string[] = []
  for (let next: string | undefined = ''; next !== undefined; ) {
    const { body } = await get(`${query}${next && `&after=${next}`}`)
    const page = sessionsResponseSchema.parse(body)
    seen.push(...page.sessions.map(({ session }) => session))
    next = page.next
  }
  expect(seen).toEqual(['old-a', 'old-b', 'older'])
})

test('a session with its traces, in pages, of a month unless told; one that is not there', async () => {
  const ask = async (rest: string) => sessionResponseSchema.parse((await get(`/v1/sessions/${rest}`)).body)
  const whole = await ask('s')
  expect(whole.session).toMatchObject({ session: 's', traces: 3 })
  expect(whole.traces.map(({ session }) => session)).toEqual(['s', 's', 's'])
  const first = await ask('s?limit=2')
  const second = await ask(`s?limit=2&after=${first.next}`)
  expect([...first.traces, ...second.traces]).toEqual(whole.traces)
  expect([whole.next, second.next, second.session.traces]).toEqual([undefined, undefined, 3])
  expect((await ask('old-a')).session.session).toBe('old-a')
  expect((await get('/v1/sessions/old-a?since=1d')).status).toBe(404)
  expect(problemSchema.parse((await get('/v1/sessions/a%2Fb')).body)).toMatchObject({
    status: 404,
    detail: 'there is no session "a/b" in this time',
  })
})

test('what was said of a session as a whole, under whichever of its traces', async () => {
  const twoDaysMs = 2 * 86_400_000
  const at = (n: number, agoMs: number) =>
    makeSpan({
      ...{ traceId: trace(n), spanId: call, sessionId: 'resumed', name: 'chat' },
      startTimeUs: (nowMs - 5 * 86_400_000 - agoMs) * 1_000,
    })
  await traces.insertSpans([at(40, twoDaysMs), at(41, 0), at(42, -60_000)], 'resumed')
  const judged = {
    ...{ evalId: 'shop/ended_well', traceId: trace(41), verdict: 'fail' as const, runId: 'shop/ended_well@1' },
    ...{ subjectTimeUs: (nowMs - 5 * 86_400_000) * 1_000, evaluatedAtMs: nowMs - 1_000 },
  }
  await traces.insertResults(
    [
      makeResult({ ...judged, subjectKind: 'session' }),
      makeResult({ ...judged, evalId: 'shop/other', subjectKind: 'trace' }),
    ],
    'resumed',
  )
  const ask = async (rest: string) => sessionResponseSchema.parse((await get(`/v1/sessions/resumed?${rest}`)).body)
  const whole = await ask('since=3650d')
  expect(whole.traces.map(({ traceId }) => traceId)).toEqual([trace(42), trace(41), trace(40)])
  expect(whole.results).toMatchObject([{ eval: 'shop/ended_well', traceId: trace(41), subject: 'session' }])
  // With the page that has its trace.
  expect((await ask('limit=1')).results).toEqual([])
})

test('one eval, with its declaration as it is written', async () => {
  const detail = evalDetailResponseSchema.parse((await get('/v1/evals/shop/quick')).body)
  expect(detail).toMatchObject({ on: 'llm_call', pass: 'duration <= 1s', title: 'Quick' })
  expect(detail.source).toBe(SOURCE.slice(SOURCE.indexOf('online eval quick'), SOURCE.indexOf('}') + 1))
  const metricOf = async (name: string) =>
    evalDetailResponseSchema.parse((await get(`/v1/evals/shop/${name}`)).body).metric
  expect(await metricOf('grounded')).toEqual({
    text: 'faithfulness(answer: output.text, context: retrieval.documents)',
    scale: { low: 0, high: 1 },
    judge: { models: [], fallbacks: [], take: null },
  })
  expect(await metricOf('close')).toEqual({
    text: 'rouge_l(answer: output.text, reference: "Your order is on its way.")',
    scale: { low: 0, high: 1 },
    judge: null,
  })
  expect(await metricOf('kind')).toBe(undefined)
})

test('a series has intervals, and is parted where the measure changed', async () => {
  const series = seriesResponseSchema.parse((await get('/v1/evals/shop/quick/series?since=1h&step=1h')).body)
  expect(series.points).toHaveLength(2)
  const [now] = series.points.filter(({ measureHash }) => measureHash !== 'before')
  expect(now).toMatchObject({ passRate: 0.5, verdicts: { pass: 1, fail: 1 } })
  // Wilson's interval of 1 of 2.
  expect(now?.lower).toBeCloseTo(0.0945, 3)
  expect(now?.upper).toBeCloseTo(0.9055, 3)
})

test('why a verdict came out so', async () => {
  const why = whyResponseSchema.parse((await get(`/v1/traces/${trace(2)}/why?eval=shop/quick&span=${call}`)).body)
  expect(why.subjects).toMatchObject([
    {
      verdict: 'fail',
      spanId: call,
      clauses: [{ clause: 'pass', tree: { op: 'compare', expr: 'duration <= 1s', value: { text: 'false' } } }],
      stored: { verdict: 'fail' },
    },
  ])
})

test('the worst come first, by what the eval takes for worse', async () => {
  const { results } = resultsResponseSchema.parse((await get('/v1/results?eval=shop/slow&order=worst')).body)
  expect(results.map(({ score }) => score)).toEqual([1_800, 1_200, 600])
})

test('how all evals went, and what their judges cost', async () => {
  const { evals } = evalTrendsResponseSchema.parse((await get('/v1/evals/trends?since=1h')).body)
  const of = (id: string) => evals.find((one) => one.eval === id)
  expect(of('shop/kind')?.spentUsd).toBe(0.0015)
  const points = of('shop/slow')!.points
  const total = (verdict: 'pass' | 'fail') => points.reduce((sum, { verdicts }) => sum + verdicts[verdict], 0)
  expect([total('pass'), total('fail')]).toEqual([1, 2])
  // Of another measure: no part of this line.
  expect(of('shop/quick')!.points.every(({ passRate }) => passRate !== undefined)).toBe(true)
  expect(of('shop/other')).toMatchObject({ spentUsd: 0, points: [] })
})

test('a subject that the same eval judged otherwise before', async () => {
  const { flips } = evalFlipsResponseSchema.parse((await get('/v1/evals/shop/slow/flips')).body)
  expect(flips).toMatchObject([
    { traceId: trace(2), spanId: call, because: 'definition', before: { verdict: 'pass' }, now: { verdict: 'fail' } },
  ])
  expect((await get('/v1/evals/shop/slow/flips?since=500ms')).body).toEqual({ eval: 'shop/slow', flips: [] })
})

test('what the judge is asked, of what was judged last unless a trace is named', async () => {
  const last = evalPromptResponseSchema.parse((await get('/v1/evals/shop/kind/prompt')).body)
  expect(last).toMatchObject({ traceId: trace(3), judges: ['openai/gpt-5-mini'], subjects: [{ spanId: call }] })
  const [system, user] = last.subjects[0]!.questions[0]!.messages
  expect(system?.role).toBe('system')
  expect(user?.content).toContain('5 kind, 1 rude')
  expect(user?.content).toContain('question 3')
  const named = evalPromptResponseSchema.parse((await get(`/v1/evals/shop/kind/prompt?trace=${trace(1)}`)).body)
  const [question] = named.subjects[0]!.questions
  expect(question?.messages[1]?.content).toContain('question 1')
  // The provider is configured to give log-probabilities: that is what is sent.
  expect(question?.topLogprobs).toBe(20)
})

test('what the judge is asked of the session that a trace is of', async () => {
  const path = `/v1/evals/shop/ended_well/prompt?trace=${trace(1)}`
  const { traceId, session, traces: all, subjects } = evalPromptResponseSchema.parse((await get(path)).body)
  expect([traceId, session, all]).toEqual([trace(3), 's', [trace(3), trace(2), trace(1)]])
  const text = subjects[0]?.questions[0]?.messages[1]?.content
  for (const n of [1, 2, 3]) expect(text).toContain(`question ${n}`)
})

test('a trace as a test of the evals that say something of it', async () => {
  const { tests } = traceTestsResponseSchema.parse((await get(`/v1/traces/${trace(2)}/test?eval=shop/slow`)).body)
  expect(tests).toEqual([
    {
      file: 'shop.eval',
      text: `test "captured ${trace(2)}" {
  given trace {
    llm_call { duration: 1.2s }
  }
  expect slow: fail
}
`,
    },
  ])
})
