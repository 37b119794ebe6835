/**
 * A scorecard of what is really stored: verdicts and labels in ClickHouse in process, an alert that the evaluator fired and somebody
 * acknowledged, what the judge cost. Posted as its job posts it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAlertEvaluator } from '../alerting/evaluator.ts'
import type { OfflineEvalPlan } from '../dsl/plan.ts'
import { planOf } from '../dsl/testing.ts'
import { encodeResults } from '../engine/codec/results.ts'
import { makeResult, type ResultFields } from '../engine/model/make-result.ts'
import { makeSpan } from '../engine/model/make-span.ts'
import type { Cell, Scorecard } from '../engine/scorecard/scorecard-json.ts'
import { ppiMean } from '../engine/statistics/ppi-mean.ts'
import { verdictStratifiedRate } from '../engine/statistics/verdict-stratified-rate.ts'
import { openAlerts } from '../storage/alerts/open-alerts.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import { type GivenLabel, storeLabels } from '../storage/labels/labels.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import { EVAL_RESULTS, NOTIFICATIONS, onlineTopics } from '../storage/log/topics.ts'
import { gatherScorecard } from '../storage/scorecards/gather.ts'
import { openPostedScorecards } from '../storage/scorecards/posted.ts'
import { openTraces } from '../storage/traces/open.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import { sendScorecard } from '../workers/offline/scorecards.ts'

const DAY_MS = 86_400_000
const SLOT_MS = Date.UTC(2026, 10, 23, 9)
const plan = planOf(`package shop
online eval fast { on: trace  pass: duration <= 8s }
offline eval helpful {
  every:   day at 06:00 in "UTC"
  sample:  200 of trace over 24h
  judge:   "openai/gpt-5-mini"
  show:    output.text
  scale:   1 to 5
  rubric:  "5 is solved, 1 is not."
  pass:    score >= 4
  missing: unknown
}
alert unhelpful { title: "Customers are not helped"  on: helpful  when: count(fail) >= 40 over 1h  severity: page }
alert slow { on: fast  when: count(fail) >= 1 over 1h  severity: page }
scorecard weekly {
  every:  monday at 09:00 in "UTC"
  over:   7d vs 7d
  row:    pass_rate(helpful), mean(helpful), spend(helpful)
  notify: slack("#shop")
}
`)
const helpful = plan.evals.find(({ name }) => name === 'helpful') as OfflineEvalPlan
const [PASSED, FAILED, BEFORE] = [150, 50, 100]
/** Of what the judge passed and failed, how many people looked at, and how many they passed. */
const LABELLED = { pass: { k: 30, m: 40 }, fail: { k: 0, m: 20 } }

const traceId = (n: number): string => n.toString(16).padStart(32, '0')
const judged = (n: number, score: number, more: ResultFields) =>
  makeResult({
    evalId: helpful.id,
    measureHash: helpful.measureHash,
    verdictHash: helpful.verdictHash,
    traceId: traceId(n),
    subjectTimeUs: (SLOT_MS - 2 * DAY_MS) * 1_000,
    evaluatedAtMs: SLOT_MS - DAY_MS + n,
    verdict: score >= 4 ? 'pass' : 'fail',
    score,
    costMicroUsd: 500,
    runId: 'shop/helpful@1',
    ...more,
  })
/** The worst is the last one. */
const ofWeek = Array.from({ length: PASSED + FAILED }, (_, n) =>
  judged(n, n < PASSED ? 5 : n === PASSED + FAILED - 1 ? 1 : 2, {}),
)
const ofWeekBefore = Array.from({ length: BEFORE }, (_, n) =>
  judged(1_000 + n, 5, { evaluatedAtMs: SLOT_MS - 9 * DAY_MS + n, costMicroUsd: 400, runId: 'shop/helpful@0' }),
)

/** People say of a quarter of what the judge passed that it was bad. */
const labels = [
  ...Array.from({ length: LABELLED.pass.m }, (_, n) => ({ n, score: n < LABELLED.pass.k ? 5 : 2 })),
  ...Array.from({ length: LABELLED.fail.m }, (_, n) => ({ n: PASSED + n, score: 2 })),
].map(({ n, score }): GivenLabel => {
  const said = { evalId: helpful.id, traceId: traceId(n), spanId: '', note: undefined, by: 'ann' }
  return { ...said, score, isPass: score >= 4, atMs: SLOT_MS - DAY_MS / 2 }
})

let folder: string
let traces: TracesStore
let log: EmbeddedLog
const nowMs = (): number => SLOT_MS + 5_000
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-scorecard-'))
  traces = await openTraces({ dataDir: folder, nowMs })
  await traces.migrate()
  await traces.insertResults([...ofWeek, ...ofWeekBefore], 'results')
  await storeLabels(traces, 'default', helpful, labels, 'labels')
  log = await openEmbeddedLog({ dataDir: ':memory:', nowMs, retentionIntervalMs: null })
  await log.ensureTopics(onlineTopics)
}, 60_000)
afterAll(async () => {
  await traces?.close()
  await log?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Both alerts fire by what came into the log; somebody takes one of them on. */
async function fireAndAcknowledge(): Promise<void> {
  const slow = makeResult({
    evalId: 'shop/fast',
    measureHash: plan.evals[0]!.measureHash,
    verdict: 'fail',
    traceId: traceId(1),
  })
  for (const results of [ofWeek, [slow]]) {
    const headers = { tenant: 'default', eval: results[0]!.evalId }
    await log.append(EVAL_RESULTS, [{ key: `default/${headers.eval}`, value: encodeResults(results), headers }])
  }
  const definitions = plansOfOne('default', () => plan)
  const evaluator = await startAlertEvaluator({ log, definitions, nowMs, onProblem: expect.fail })
  const alerts = await openAlerts({ log, nowMs, onProblem: expect.fail })
  const firing = () => alerts.states.current('default').filter(({ to }) => to === 'firing')
  while (firing().length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    await alerts.states.refresh()
  }
  const { incidentId } = firing().find(({ alertId }) => alertId === 'shop/unhelpful')!
  const taken = {
    tenant: 'default',
    incidentId: incidentId!,
    alertId: 'shop/unhelpful',
    by: 'ben',
    reason: null,
    untilMs: null,
  }
  await alerts.controls.acknowledge({ ...taken, atMs: nowMs() })
  await alerts.close()
  await evaluator.drain()
}

async function post(): Promise<Scorecard> {
  const job = { tenant: 'default', scorecardId: 'shop/weekly', slotMs: SLOT_MS }
  await sendScorecard(job, plan, { log, traces, nowMs, onProblem: expect.fail })
  const posted = await openPostedScorecards({ log, onProblem: expect.fail })
  const read = await posted.read('default', 'shop/weekly', SLOT_MS)
  await posted.close()
  return read!.scorecard
}

const widthOf = ({ low, high }: { low: number; high: number }): number => high - low

test('values are corrected by people, and what it cost, what failed worst and what fires is told', async () => {
  await fireAndAcknowledge()
  const card = await post()
  const cell = (fn: string): Cell => card.rows[0]!.cells.find((one) => one.fn === fn)!

  const rate = cell('pass_rate')
  expect(rate).toMatchObject({
    value: PASSED / (PASSED + FAILED),
    n: PASSED + FAILED,
    change: { before: 1, isClear: true },
  })
  const asked = { labeledJudgePass: LABELLED.pass, labeledJudgeFail: LABELLED.fail, alpha: 0.05 }
  const truth = verdictStratifiedRate({ n: PASSED + FAILED, nJudgePass: PASSED, ...asked })!
  expect(rate.corrected!.labelled).toBe(labels.length)
  expect(rate.corrected!.value).toBeCloseTo(truth.estimate, 9)
  expect(rate.corrected!.interval.low).toBeCloseTo(truth.lower, 9)
  expect(rate.corrected!.interval.high).toBeCloseTo(truth.upper, 9)
  // Nobody knows better by sixty labels than by two hundred verdicts.
  expect(widthOf(rate.corrected!.interval)).toBeGreaterThan(widthOf(rate.interval!))

  const isLabelled = new Set(labels.map((label) => label.traceId))
  const scoreOf = new Map(ofWeek.map((one) => [one.traceId, one.score!]))
  const people = ppiMean({
    labels: labels.map(({ score }) => score!),
    judgedLabeled: labels.map((label) => scoreOf.get(label.traceId)!),
    judgedUnlabeled: ofWeek.flatMap(({ traceId: id, score }) => (isLabelled.has(id) ? [] : [score!])),
    alpha: 0.05,
  })
  const mean = cell('mean')
  expect(mean.value).toBeCloseTo((PASSED * 5 + (FAILED - 1) * 2 + 1) / (PASSED + FAILED), 9)
  expect(mean.corrected!.value).toBeCloseTo(people.estimate, 9)
  expect(mean.corrected!.value).toBeLessThan(mean.value!)

  expect(cell('spend')).toMatchObject({ value: (PASSED + FAILED) * 500, change: { before: BEFORE * 400 } })
  expect(card.spend).toEqual({ now: (PASSED + FAILED) * 500, before: BEFORE * 400 })
  expect(card.worst[0]).toEqual({ evalId: helpful.id, traceId: traceId(PASSED + FAILED - 1), spanId: '', score: 1 })
  expect(card.worst.map(({ score }) => score).slice(1)).toEqual([2, 2])
  // The one of an eval that is not on the card is none of its business.
  expect(card.alerts).toEqual([
    {
      alertId: 'shop/unhelpful',
      title: 'Customers are not helped',
      severity: 'page',
      group: {},
      sinceMs: nowMs(),
      acknowledgedBy: 'ben',
    },
  ])
  const notices: string[] = []
  for (const { partition, start, end } of await log.endOffsets(NOTIFICATIONS))
    for (const { value } of await log.read(NOTIFICATIONS, partition, start, end - start || 1))
      notices.push(Buffer.from(value).toString())
  expect(notices.filter((text) => text.includes('"kind":"notice"'))).toEqual([
    expect.stringContaining('corrected 56.25%'),
  ])
})

test('what was posted stays as it was said, whatever people say later', async () => {
  const before = await post()
  await storeLabels(
    traces,
    'default',
    helpful,
    labels.map((label) => ({ ...label, isPass: true, atMs: label.atMs + 60_000 })),
    'more',
  )
  expect(await post()).toEqual(before)
})

test('people who wrote in the file that the eval names correct values as well', async () => {
  const told = 5
  const anchors = Array.from({ length: told }, (_, n) => ({ traceId: traceId(100 + n), verdict: 'fail' as const }))
  await traces.insertSpans(
    anchors.map((one) => makeSpan({ ...one, spanId: '00000000000000aa', startTimeUs: (SLOT_MS - 2 * DAY_MS) * 1_000 })),
    'spans',
  )
  const withFile = { ...plan, evals: plan.evals.map((one) => (one === helpful ? { ...helpful, anchors } : one)) }
  const card = await gatherScorecard({ traces, alerts: null }, 'default', withFile, plan.scorecards[0]!, SLOT_MS)
  expect(card.rows[0]!.cells[0]!.corrected!.labelled).toBe(labels.length + told)
})
