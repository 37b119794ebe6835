/** Rounds of anchors on a real store and over HTTP to a scripted judge; the queue's part is played by the test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { buildOfflineEval, buildPlan, buildRubric, e } from '../../engine/evaluate/build-plan.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { makeResult } from '../../engine/model/make-result.ts'
import { makeSpan } from '../../engine/model/make-span.ts'
import { parseJudgeDrift } from '../../storage/alerts/judge-drift-record.ts'
import { ANCHOR_PREFIX, readAnchorRounds, readJudgeDrift } from '../../storage/labels/anchors.ts'
import { storeLabels } from '../../storage/labels/labels.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { ALERT_STATE } from '../../storage/log/topics.ts'
import type { OfflineJob } from '../../storage/queue/port.ts'
import { batchesOf, sumOutcomes } from '../../storage/queue/run-record.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import type { StateStore } from '../../storage/state/port.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { type OpenAiServer, startOpenAiServer } from '../../test/support/openai-server.ts'
import { startAnchorRounds } from './anchor-rounds.ts'
import { judgeAnchors, planAnchors } from './anchors.ts'
import { NO_ANSWERS } from './answer-cache.ts'
import { createBudgets } from './budget.ts'
import { createOutputEstimate } from './budgeted-client.ts'
import { createJudgeClient } from './judge-client.ts'
import { writeJudgeDrift } from './judge-drift.ts'
import { createProviderHealth } from './provider-health.ts'
import { providersByName } from './providers.ts'
import { readUnits } from './subjects.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const START_MS = Date.parse('2026-11-03T05:00:00Z')
const DAY_MS = 86_400_000
const idOf = (i: number): string => (i + 1).toString(16).padStart(32, '0')

let dataDir: string
let traces: TracesStore
let server: OpenAiServer
let state: StateStore
let nowMs = START_MS
/** What the scripted judge answers, and as which model. */
let says = (_answer: number): { score: number; model: string } => ({ score: 5, model: 'gpt-1' })

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assay-anchors-'))
  traces = await openTraces({ dataDir, nowMs: () => nowMs })
  await traces.migrate()
  await traces.insertSpans(
    Array.from({ length: 20 }, (_, i) =>
      makeSpan({
        traceId: idOf(i),
        spanId: '1'.padStart(16, '0'),
        kind: 'agent',
        startTimeUs: START_MS * 1000,
        inputText: `question ${i}`,
        outputText: `answer ${i}`,
      }),
    ),
    'traces',
  )
  state = await openEmbeddedState({ dataDir: ':memory:', nowMs: () => nowMs })
  server = await startOpenAiServer({
    answer: ({ messages }) => {
      const { score, model } = says(Number(/answer (\d+)/.exec(String(messages[1]?.content))?.[1]))
      return {
        kind: 'content',
        content: JSON.stringify({ evidence: [], reasoning: 'So it is.', abstain: false, score }),
        model,
        usage: { input: 200, output: 500 },
      }
    },
  })
})
afterAll(async () => {
  await server.close()
  await state.close()
  await traces.close()
  await rm(dataDir, { recursive: true, force: true })
})

function evalOf(name: string, more: Partial<OfflineEvalPlan> = {}): OfflineEvalPlan {
  return buildOfflineEval(name, e.cmp(e.score(), '>=', e.lit(4)), {
    measureHash: 'm'.repeat(32),
    missing: { kind: 'unknown' },
    method: buildRubric({ judge: { models: ['openai/gpt'], fallbacks: ['other/never'], take: null } }),
    ...more,
  })
}

/** As the queue's worker does. */
async function run(evalPlan: OfflineEvalPlan, cause: string) {
  const compiled = compileOfflineEval(buildPlan({ evals: [evalPlan] }), evalPlan)
  const providers = providersByName([{ name: 'openai', baseUrl: server.url, apiKey: null }])
  const job: OfflineJob = {
    tenant: 'default',
    evalId: evalPlan.id,
    runId: `${ANCHOR_PREFIX}${evalPlan.id}@${cause}`,
    slotMs: nowMs,
    trigger: 'anchors',
  }
  const prices = { 'openai/gpt': { input: 1, output: 1 } }
  const budgets = createBudgets({
    state,
    spendSince: (tenant, sinceMs) => traces.judgeSpend(tenant, sinceMs),
    tenantPerMonthMicroUsd: () => null,
    nowMs: () => nowMs,
    sleep: async () => {},
    judgeTimeoutMs: 30_000,
  })
  const budget = budgets.of(job, evalPlan)
  const plan = await planAnchors(job, compiled, { traces, budget })
  if (plan === null) return null
  const outcomes = []
  for (const batch of batchesOf(job, plan))
    outcomes.push(
      await judgeAnchors(batch, compiled, {
        traces,
        judge: createJudgeClient({
          providers,
          health: createProviderHealth({ state, providers: ['openai'], nowMs: () => nowMs }),
          cache: NO_ANSWERS,
          prices,
          nowMs: () => nowMs,
          sleep: async () => {},
          random: () => 0,
        }),
        prices,
        outputs: createOutputEstimate(),
        budget,
        nowMs: () => nowMs,
        enter: async () => () => {},
        nonce: () => '0123456789abcdef',
        signal: new AbortController().signal,
      }),
    )
  return sumOutcomes(outcomes)
}

/** All of twenty are good, people say. */
const file = Array.from({ length: 20 }, (_, i) => ({ traceId: idOf(i), score: 5 }))

test('labelled anchors are judged, kept apart from what is live, and a judge that changes its mind has drifted', async () => {
  const evalPlan = evalOf('drifting', { labels: 'labels.jsonl', anchors: file })
  nowMs = START_MS
  says = () => ({ score: 5, model: 'gpt-1' })
  expect(await run(evalPlan, '2026-11-03')).toMatchObject({ pass: 20, costMicroUsd: expect.any(Number) })
  expect(await traces.queryResults('default', { evalId: evalPlan.id, limit: 50 })).toEqual([])
  expect((await traces.judgeSpend('default', 0)).get(evalPlan.id)).toBeGreaterThan(0)

  nowMs += DAY_MS
  says = (answer) => ({ score: answer < 9 ? 2 : 5, model: 'gpt-2' })
  await run(evalPlan, '2026-11-04')
  const rounds = await readAnchorRounds(traces, 'default', evalPlan.id)
  expect(rounds.map(({ models, verdicts }) => [models, verdicts.length])).toEqual([
    [['gpt-1'], 20],
    [['gpt-2'], 20],
  ])
  const log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: () => nowMs, retentionIntervalMs: null })
  await writeJudgeDrift('default', evalPlan.id, { log, traces })
  const [{ partition, start } = { partition: 0, start: 0 }] = (await log.endOffsets(ALERT_STATE)).filter(
    (extent) => extent.end > extent.start,
  )
  const [record, ...more] = await log.read(ALERT_STATE, partition, start, 10)
  await log.close()
  expect(more).toEqual([])
  expect(parseJudgeDrift(record!.value)).toEqual({
    tenant: 'default',
    evalId: evalPlan.id,
    judge: {
      model: 'gpt-2',
      measureHash: evalPlan.measureHash,
      checkedAtMs: nowMs,
      since: [{ atMs: START_MS, drifted: true, p: expect.any(Number), lost: 9, gained: 0 }],
    },
  })
  expect(await readJudgeDrift(traces, 'default', evalPlan.id, { beforeMs: START_MS, nowMs })).toMatchObject({
    anchors: 20,
    lost: 9,
    gained: 0,
    hasDrifted: true,
    isOtherModel: true,
    before: { agreed: 1, passed: 1 },
    now: { agreed: 0.55, passed: 0.55 },
  })
})

test('without a file the anchors are what people labelled; where they are of two minds there is none', async () => {
  const evalPlan = evalOf('labelled')
  says = () => ({ score: 5, model: 'gpt-1' })
  expect(await run(evalPlan, '2026-11-03')).toBeNull()
  const label = (i: number, by: string, isPass: boolean) => {
    const subject = { evalId: evalPlan.id, traceId: idOf(i), spanId: '' }
    return { ...subject, score: undefined, isPass, note: undefined, by, atMs: START_MS }
  }
  const said = [label(0, 'ana', true), label(1, 'ana', true), label(1, 'ben', false), label(2, 'ben', false)]
  await storeLabels(traces, 'default', evalPlan, said, 'labels')
  expect(await run(evalPlan, '2026-11-04')).toMatchObject({ pass: 2 })
  const [round] = await readAnchorRounds(traces, 'default', evalPlan.id)
  expect(round?.verdicts.map(({ key, labelledPass }) => [key, labelledPass]).sort()).toEqual([
    [`${idOf(0)}/`, true],
    [`${idOf(2)}/`, false],
  ])
})

test('anchors of an eval of sessions are judged as whole sessions, and a score means what its pass makes of the whole', async () => {
  const turn = (n: number, minutes: number, outputText: string) => {
    const at = { traceId: idOf(n), startTimeUs: (START_MS + minutes * 60_000) * 1000, sessionId: 'talk' }
    const root = makeSpan({ ...at, spanId: '1'.padStart(16, '0'), kind: 'agent', outputText })
    const call = makeSpan({
      ...at,
      spanId: '2'.padStart(16, '0'),
      parentSpanId: root.spanId,
      kind: 'tool',
      toolName: 'a',
    })
    return [root, call]
  }
  await traces.insertSpans([...turn(900, 0, 'One moment.'), ...turn(901, 20, 'answer 7, solved')], 'talk')
  const scope = { subject: 'session', where: null, traceWhere: null } as const
  const evalPlan = evalOf('talks', {
    sample: { size: 10, scope, overNs: 3_600e9, by: [] },
    method: buildRubric({
      judge: { models: ['openai/gpt'], fallbacks: [], take: null },
      show: ['trace.output.text'],
    }),
    // Two calls are those of both traces: of the first alone it would fail.
    pass: e.and(e.cmp(e.score(), '>=', e.lit(4)), e.cmp(e.over('count', e.select('tool_call')), '>=', e.lit(2))),
    labels: 'labels.jsonl',
    anchors: [{ traceId: idOf(900), score: 5 }],
  })
  nowMs = START_MS + DAY_MS
  const asked: number[] = []
  says = (answer) => {
    asked.push(answer)
    return { score: 5, model: 'gpt-1' }
  }
  expect(await run(evalPlan, '2026-11-04')).toMatchObject({ pass: 1, fail: 0 })
  // The second trace's answer stood in the question.
  expect(asked).toEqual([7])
  const [round] = await readAnchorRounds(traces, 'default', evalPlan.id)
  expect(round?.verdicts).toEqual([{ key: `${idOf(900)}/`, isPass: true, score: 5, labelledPass: true }])
})

test('an anchor of a session of more traces than are looked at is marked as cut, as in any run', async () => {
  const turns = Array.from({ length: 201 }, (_, i) =>
    makeSpan({
      traceId: idOf(2_000 + i),
      spanId: '1'.padStart(16, '0'),
      kind: 'agent',
      startTimeUs: (START_MS + i * 1_000) * 1000,
      sessionId: 'long',
      outputText: `turn ${i}`,
    }),
  )
  await traces.insertSpans(turns, 'long')
  const scope = { subject: 'session', where: null, traceWhere: null } as const
  const evalPlan = evalOf('long_talks', {
    sample: { size: 10, scope, overNs: 3_600e9, by: [] },
    labels: 'labels.jsonl',
    anchors: [{ traceId: idOf(2_000), score: 5 }],
  })
  const compiled = compileOfflineEval(buildPlan({ evals: [evalPlan] }), evalPlan)
  const job = {
    tenant: 'default',
    evalId: evalPlan.id,
    runId: 'anchor@long',
    slotMs: nowMs,
    trigger: 'anchors',
  } as const
  const plan = await planAnchors(job, compiled, { traces, budget: null })
  const [traceId = '', , , more] = plan?.subjects[0] ?? []
  expect(more?.traces).toHaveLength(201)
  const views = await readUnits(traces, 'default', [{ traceId, traces: more?.traces }])
  expect(views.get(traceId)).toMatchObject({ cut: true })
  expect(views.get(traceId)?.spans).toHaveLength(200)
})

test('a round keeps to the budget of its eval', async () => {
  // A question is about 700 characters long, and its answer is reckoned at 500 tokens: some three of them are paid for.
  const budget = { currency: 'USD', perRunMicros: 4_000, perMonthMicros: null } as const
  const evalPlan = evalOf('poor', { labels: 'labels.jsonl', anchors: file, budget })
  const outcome = await run(evalPlan, '2026-11-03')
  expect(outcome?.overBudget).toBeGreaterThan(10)
  expect(outcome?.pass).toBeGreaterThan(0)
  expect(outcome?.costMicroUsd).toBeLessThanOrEqual(4_000)
})

test('rounds are due each day, of a new measure and of a new model, and once each', async () => {
  nowMs = Date.parse('2026-12-01T00:10:00Z')
  const evalPlan = evalOf('due', { labels: 'labels.jsonl', anchors: file.slice(0, 2) })
  let measureHash = evalPlan.measureHash
  const jobs: string[] = []
  const rounds = startAnchorRounds(
    {
      queue: {
        enqueue: async ({ runId, trigger }) => {
          expect(trigger).toBe('anchors')
          jobs.push(runId)
          return 'added'
        },
      },
      traces,
      tenants: () => ['default'],
      evalsOf: () => [{ ...evalPlan, measureHash }, evalOf('without labels')],
      nowMs: () => nowMs,
      onProblem: (text) => expect.unreachable(text),
    },
    false,
  )
  await rounds.look()
  await rounds.look()
  expect(jobs).toEqual(['anchor@test/due@2026-12-01'])
  says = () => ({ score: 5, model: 'gpt-1' })
  await run(evalPlan, '2026-12-01')
  await rounds.look()
  nowMs += DAY_MS
  await rounds.look()
  expect(jobs.splice(0)).toEqual(['anchor@test/due@2026-12-01', 'anchor@test/due@2026-12-02'])

  measureHash = 'f'.repeat(32)
  await rounds.look()
  expect(jobs.splice(0)).toEqual(['anchor@test/due@ffffffffffff'])
  measureHash = evalPlan.measureHash

  const judged = (judgeModel: string, more = {}) =>
    rounds.judged(evalPlan, [makeResult({ evalId: evalPlan.id, measureHash, judgeModel, ...more })])
  await judged('gpt-1')
  await judged('gpt-3', { measureHash: 'of a stand-in' })
  expect(jobs).toEqual([])
  await judged('gpt-2')
  await judged('gpt-2')
  expect(jobs).toEqual([expect.stringMatching(/^anchor@test\/due@2026-12-02\.[0-9a-f]{8}$/)])
  await rounds.stop()
})
