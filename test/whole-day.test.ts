/**
 * A team's whole day: the example's agent has answered well for a fortnight, a deploy makes it worse, the evals see it, the alerts fire to
 * Slack and PagerDuty with evidence, it is rolled back, the alerts resolve, and the weekly scorecard tells of it. Real processes and
 * protocols; the windows of the rules are short, and Assay's clock goes to the end of a quarter of an hour when the test says so: with the third
 * of them the week ends, by the scorecard's schedule, and two schedulers see it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadEvals } from '../cli/load-evals.ts'
import type { Plan } from '../dsl/plan.ts'
import type { EvalResult } from '../engine/model/result.ts'
import type { Cell, Scorecard } from '../engine/scorecard/scorecard-json.ts'
import { createAgent } from '../examples/support-agent/agent.ts'
import type { Conversation } from '../examples/support-agent/conversations.ts'
import { type ModelServer, startModelServer } from '../examples/support-agent/model-server.ts'
import { startTelemetry, type Telemetry } from '../examples/support-agent/telemetry.ts'
import { openQueue } from '../storage/queue/open-queue.ts'
import { createScheduler } from '../workers/offline/scheduler.ts'
import { scorecardSlots } from '../workers/offline/scorecards.ts'
import { type AssayProcess, runAssay, startAssay } from './support/assay-process.ts'
import { clockEnv, moveClock } from './support/moved-clock.ts'
import {
  type PagerDutyEvent,
  type PagerDutyServer,
  ROUTING_KEY,
  startPagerDutyServer,
} from './support/pagerduty-server.ts'
import { type PastSeries, storeFortnight } from './support/past-fortnight.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from './support/redis-server.ts'
import { BOT_TOKEN, type Posted, type SlackApiServer, startSlackApiServer } from './support/slack-api-server.ts'
import { textOf } from './support/slack-server.ts'

const rulesOf = (weekEnds: string): string => `package day
import  pii from "assay:pii"
scope   support = trace where agent.name == "support"

online eval private {
  title:    "No answer gives away personal data"
  on:       llm_call in support where finish_reason == "stop"
  pass:     not (output.text matches any [pii.email])
  missing:  unknown
  redact:   output.text
}

offline eval helpful {
  title:    "Was the customer's problem solved?"
  every:    day at 06:00 in "UTC"
  sample:   50 of support over 1h
  judge:    "openai/gpt-5-mini"
  show:     input.text, output.text
  scale:    1 to 5
  rubric:   "5 is solved, 3 is solved in part, 1 is wrong."
  pass:     score >= 4
  missing:  unknown
}

alert leak {
  title:    "The support agent gives away personal data"
  on:       private
  when:     count(fail) >= 1 over 5s
  severity: page
  notify:   slack("#support"), pagerduty("support")
}

alert unhelpful {
  title:    "Customers are not helped"
  on:       helpful
  when:     rate(fail) >= 30% over 8s
  severity: ticket
  notify:   slack("#support")
}

alert fallen {
  title:    "Fewer answers are private than before"
  on:       private
  when:     pass_rate regresses by 2pp vs 14d
  severity: page
  notify:   slack("#support"), pagerduty("support")
}

scorecard weekly {
  title:    "The support agent's week"
  every:    ${weekEnds} in "UTC"
  over:     7d vs 7d
  row:      pass_rate(private), coverage(private), count(private)
  row:      mean(helpful), spend(helpful)
  row:      pass_rate(helpful) by agent.version
  notify:   slack("#quality")
}
`

/** Of each version, so many times the questions: who finds the first bad version wants twenty. */
const ROUNDS = 8
const QUESTIONS = ['Where is my order A-1042?', 'Can I change my delivery address?', 'What does the warranty cover?']

/** What the model says, and what the judge thinks of it: what a deploy changes. */
const scriptOf = (answer: string, score: number, reasoning: string): Conversation[] =>
  QUESTIONS.map((question, i) => ({
    name: `question ${i}`,
    question,
    customer: 'C-1',
    steps: [{ delayMs: 5, answer }],
    judgement: { score, reasoning },
    captureContent: true,
  }))
const WELL = scriptOf('It is on its way and arrives tomorrow before noon.', 5, 'Solved, and the customer knows when.')
const BADLY = scriptOf('Ask maria.lopez@lopez-family.net about that.', 1, 'Not solved: passed on to somebody.')

/** Two answers an hour, of which one in 24 was not private; one judged answer a day. */
const identity = { agentName: 'support', agentVersion: '2.3.0', env: 'example' }
const PAST: readonly PastSeries[] = [
  {
    name: 'private',
    everyMs: 1_800_000,
    result: (n) => ({
      ...identity,
      subjectKind: 'llm_call',
      spanId: '1'.repeat(16),
      verdict: n % 24 === 12 ? 'fail' : 'pass',
    }),
  },
  {
    name: 'helpful',
    everyMs: 86_400_000,
    result: (n) => ({ ...identity, score: 5, costMicroUsd: n < 7 ? 2_000 : 1_000, runId: `day/helpful@${n}` }),
  },
]
const QUARTER_MS = 900_000

let script = WELL
/** By how much Assay's clock is ahead. */
let aheadMs = 0
/** By Assay's clock. */
let weekEndMs: number
let plan: Plan
let past: EvalResult[]
let folder: string
let redis: RunningRedis
let model: ModelServer
let slack: SlackApiServer
let pagerDuty: PagerDutyServer
let telemetry: Telemetry
let assay: AssayProcess

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-day-'))
  mkdirSync(join(folder, 'evals'))
  toQuarter()
  weekEndMs = (Math.floor(assayNowMs() / QUARTER_MS) + 3) * QUARTER_MS
  writeFileSync(join(folder, 'evals', 'day.eval'), rulesOf(slotText(weekEndMs)))
  plan = loadEvals([join(folder, 'evals')]).plan!
  past = await storeFortnight(join(folder, 'data'), plan, PAST, assayNowMs())
  ;[redis, model, slack, pagerDuty] = await Promise.all([
    startRedis(),
    startModelServer(0, () => script),
    startSlackApiServer(),
    startPagerDutyServer(),
  ])
  assay = await startAssay({
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'evals')],
    env: {
      ...clockEnv(clockFile()),
      REDIS_URL: redis.url,
      ASSAY_OPENAI_BASE_URL: model.baseUrl,
      ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
      ASSAY_SLACK_BOT_TOKEN: BOT_TOKEN,
      ASSAY_SLACK_API_URL: slack.baseUrl,
      ASSAY_PAGERDUTY_URL: pagerDuty.enqueueUrl,
      ASSAY_PAGERDUTY_ROUTING_KEY: ROUTING_KEY,
      ASSAY_PUBLIC_URL: 'https://assay.example',
    },
  })
  telemetry = startTelemetry([assay.tracesUrl])
}, 90_000)

afterAll(async () => {
  await telemetry?.shutdown().catch(() => {})
  await assay?.stop()
  await Promise.all([redis?.stop(), model?.close(), slack?.close(), pagerDuty?.close()])
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
/** `monday at 09:00`, in UTC. */
const slotText = (atMs: number): string =>
  `${DAYS[new Date(atMs).getUTCDay()]} at ${new Date(atMs).toISOString().slice(11, 16)}`
const clockFile = (): string => join(folder, 'clock')
const assayNowMs = (): number => Date.now() + aheadMs

/** Assay's clock goes to just after the end of its quarter of an hour, where alerts on changes look. */
function toQuarter(): void {
  aheadMs += (Math.floor(assayNowMs() / QUARTER_MS) + 1) * QUARTER_MS + 1_000 - assayNowMs()
  moveClock(clockFile(), aheadMs)
}

/** Lets this version answer, and gives the ids of the traces. */
async function answer(version: string): Promise<string[]> {
  const agent = createAgent({ modelUrl: model.baseUrl, telemetry, version })
  const answered = await Promise.all(
    Array.from({ length: ROUNDS }, (_, round) =>
      QUESTIONS.map((question, i) =>
        agent.answer({ question, customer: 'C-1', conversationId: `${version}-${round}-${i}`, captureContent: true }),
      ),
    ).flat(),
  )
  await telemetry.flush()
  return answered.map(({ traceId }) => traceId)
}

async function api<T>(path: string, post?: unknown): Promise<T> {
  const init = post === undefined ? {} : { method: 'POST', body: JSON.stringify(post) }
  const response = await fetch(`${assay.apiUrl}${path}`, init)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

/** Judges what was said since, as soon as all of it has settled. */
async function judge(since: string, traces: readonly string[]): Promise<void> {
  const judged = async (): Promise<number> => {
    const { results } = await api<{ results: { traceId: string }[] }>(`/v1/results?eval=day/helpful&since=${since}`)
    return new Set(results.map(({ traceId }) => traceId).filter((id) => traces.includes(id))).size
  }
  await untilItHolds(async () => {
    await api('/v1/evals/day/helpful/run', { at: 'now', since })
    expect(await judged()).toBe(traces.length)
  })
}

/** Asks until it holds, about a minute long. */
async function untilItHolds(look: () => Promise<void>): Promise<void> {
  for (let triesLeft = 100; ; triesLeft--) {
    try {
      return await look()
    } catch (error) {
      if (triesLeft === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

/** The first message of a thread; its text is what it was last updated to. */
const said = (text: string, where: string): Posted | undefined =>
  slack.posts.find(
    ({ channel, threadTs, payload }) =>
      channel === where && threadTs === null && textOf({ path: '', atMs: 0, payload }).includes(text),
  )
const repliesTo = ({ ts }: Posted): Posted[] => slack.posts.filter(({ threadTs }) => threadTs === ts)
const words = ({ payload }: Posted): string => textOf({ path: '', atMs: 0, payload })
const resolvedIn = (thread: Posted): boolean => repliesTo(thread).some((reply) => words(reply).startsWith('Resolved:'))
const linkedIn = (post: Posted, traces: readonly string[]): string[] =>
  traces.filter((traceId) => words(post).includes(`https://assay.example/traces/${traceId}`))
const paged = (title: string): PagerDutyEvent | undefined =>
  pagerDuty.events.find(({ event_action, payload }) => event_action === 'trigger' && payload?.summary.includes(title))

const cards = (): Posted[] => slack.posts.filter(({ channel, threadTs }) => channel === 'CQUALITY' && threadTs === null)

/** The week ends while nobody looked: two schedulers find so by their clock. Gives what Slack was told, and its numbers. */
async function endWeek(): Promise<{ said: Posted; card: Scorecard }> {
  expect(cards()).toEqual([])
  toQuarter()
  const failed = (error: Error): never => expect.fail(error.message)
  const pair = await Promise.all(
    [1, 2].map(async () => {
      const queue = await openQueue({ redis: redisSettings(redis.url), dataDir: '' }, failed)
      const options = { queue: scorecardSlots(queue), tenant: 'default', nowMs: assayNowMs, onError: failed }
      return { queue, scheduler: createScheduler(options) }
    }),
  )
  await Promise.all(pair.map(({ scheduler }) => scheduler.sync(plan.scorecards)))
  const said = await slack.waitFor(() => cards()[0])
  for (const { queue, scheduler } of pair) {
    await scheduler.stop()
    await queue.close()
  }
  expect(words(said)).toContain("The support agent's week")
  const slot = encodeURIComponent(new Date(weekEndMs).toISOString())
  const { scorecard } = await api<{ scorecard: Scorecard }>(`/v1/scorecards/day/weekly/history/${slot}`)
  return { said, card: scorecard }
}

test.runIf(redisServer.installed || redisServer.required)(
  'a regression after a deploy is seen, told, mended, resolved, and in the week that is told of',
  { timeout: 300_000 },
  async () => {
    const begun = new Date(Date.now() - 1_000).toISOString()
    const good = await answer('2.4.0')
    await judge(begun, good)
    expect(slack.posts).toEqual([])

    // The deploy.
    script = BADLY
    const deployed = new Date(Date.now() - 1).toISOString()
    const bad = await answer('2.5.0')
    const leak = await slack.waitFor(() => said('Firing: The support agent gives away personal data', 'CSUPPORT'))
    expect(words(leak)).toContain('m*')
    expect(words(leak)).not.toContain('maria.lopez')
    expect(linkedIn(leak, bad)).not.toEqual([])
    const page = await pagerDuty.waitFor(() => paged('The support agent gives away personal data'))
    expect(page.payload).toMatchObject({ severity: 'critical' })
    expect(JSON.stringify(page)).toContain('pii.email')

    // The offline eval sees it too.
    await judge(deployed, bad)
    const unhelpful = await slack.waitFor(() => said('Firing: Customers are not helped', 'CSUPPORT'))
    expect(words(unhelpful)).toContain('rate(fail) &gt;= 30%')

    // So does who compares with the fortnight before, at the end of the quarter of an hour: with the version that brought it.
    toQuarter()
    const fallen = await slack.waitFor(() => said('Firing: Fewer answers are private', 'CSUPPORT'))
    expect(words(fallen)).toContain('rule: pass_rate falls by 2pp vs 2w; evidence ')
    expect(words(fallen)).toMatch(/first bad agent\.version 2\.5\.0 \(since .*\): 0% .* of 24, before it 100% .* of 24/)
    expect(words(fallen)).toMatch(/now \d.*, before 95\.83% .* of 672/)
    expect(linkedIn(fallen, bad)).not.toEqual([])
    expect(words(fallen)).not.toContain('maria.lopez')
    const fallenPage = await pagerDuty.waitFor(() => paged('Fewer answers are private than before'))
    expect(JSON.stringify(fallenPage.payload)).toContain('first bad agent.version 2.5.0')
    expect(fallenPage.links!.map(({ href }) => href.split('/traces/')[1]!.split('?')[0])).toEqual(
      expect.arrayContaining([expect.toBeOneOf(bad)]),
    )

    // A week that ended now would say that it is open.
    const during = await runAssay(['scorecard', 'weekly', '--preview', '--server', assay.apiUrl])
    expect(during.stdout).toMatch(/open alert: \[page\] Fewer answers are private than before since /)

    // Rolled back.
    script = WELL
    const rolledBack = new Date(Date.now() - 1).toISOString()
    const better = await answer('2.4.0')
    await slack.waitFor(() => resolvedIn(leak))
    await judge(rolledBack, better)
    await slack.waitFor(() => resolvedIn(unhelpful))
    expect(words(leak)).toContain('Resolved:')
    toQuarter()
    await slack.waitFor(() => resolvedIn(fallen))
    await pagerDuty.waitFor(() => pagerDuty.incidents.every(({ state }) => state === 'resolved'))
    // Each incident has one key, from its trigger to its end.
    for (const { dedup_key: key } of [page, fallenPage]) {
      const events = pagerDuty.events.filter(({ dedup_key }) => dedup_key === key)
      expect([events[0]?.event_action, events.at(-1)?.event_action]).toEqual(['trigger', 'resolve'])
      expect(pagerDuty.incidents.filter((incident) => incident.key === key)).toHaveLength(1)
    }

    // The week ends, by the schedule.
    const { said: told, card } = await endWeek()
    expect(card.period.toMs).toBe(weekEndMs)
    expect(card.alerts).toEqual([])
    expect(words(told)).not.toContain('Open alerts')
    const [now, before] = [card.period, card.before!].map(({ fromMs, toMs }) =>
      past.filter(({ evaluatedAtMs }) => evaluatedAtMs >= fromMs && evaluatedAtMs < toMs),
    ) as [EvalResult[], EvalResult[]]
    const answered = ROUNDS * QUESTIONS.length
    const cell = (fn: string, evalId: string, version = ''): Cell =>
      card.rows
        .flatMap(({ cells }) => cells)
        .find((one) => one.fn === fn && one.evalId === evalId && (one.group['agent.version'] ?? '') === version)!
    const ofPrivate = (results: EvalResult[], verdict: string): number =>
      results.filter((one) => one.evalId === 'day/private' && one.verdict === verdict).length
    const [passed, failed] = [ofPrivate(now, 'pass') + 2 * answered, ofPrivate(now, 'fail') + answered]
    const rate = passed / (passed + failed)
    const rateBefore = ofPrivate(before, 'pass') / (ofPrivate(before, 'pass') + ofPrivate(before, 'fail'))
    const { change, ...shown } = cell('pass_rate', 'day/private')
    expect(shown).toMatchObject({ value: rate, n: passed + failed, coverage: 1 })
    expect(change).toMatchObject({ before: rateBefore, delta: rate - rateBefore, isClear: true })
    expect(words(told)).toContain(`${Number((100 * (rate - rateBefore)).toFixed(2))}pp against the 7d before`)
    expect(cell('count', 'day/private').value).toBe(passed + failed)
    expect(cell('mean', 'day/helpful').change!.delta).toBeLessThan(0)
    expect(cell('pass_rate', 'day/helpful', '2.5.0').value).toBe(0)
    expect(cell('pass_rate', 'day/helpful', '2.4.0').value).toBe(1)
    expect(words(told)).toMatch(/`pass_rate\(helpful\) agent.version 2\.5\.0` {2}\*0%\*/)
    // The model that judges here has no price: what the fortnight's judgements cost.
    const costOf = (results: EvalResult[]): number => results.reduce((sum, one) => sum + (one.costMicroUsd ?? 0), 0)
    expect(card.spend!.before).toBe(costOf(before))
    expect(card.spend!.now).toBe(costOf(now))
    expect(words(told)).toMatch(/Judges cost 0\.\d+ USD, \+0\.\d+ USD against the 7d before\./)
    expect(linkedIn(told, bad)).not.toEqual([])
    const picture = await slack.waitFor(() =>
      slack.files.find(
        ({ name, threadTs, bytes }) => name === 'scorecard.png' && threadTs === told.ts && bytes.length > 0,
      ),
    )
    expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG')
    // The page had its chart as well.
    expect(slack.files.some(({ name, threadTs }) => name === 'chart-1.png' && threadTs === leak.ts)).toBe(true)

    const shownNow = await runAssay(['scorecard', 'weekly', '--preview', '--server', assay.apiUrl])
    expect(shownNow.stdout).toContain(`pass_rate(private): ${Number((100 * rate).toFixed(2))}%`)
    const history = await api<{ posted: unknown[] }>('/v1/scorecards/day/weekly/history')
    expect(history.posted).toHaveLength(1)
    // Once, though two looked, and Assay's own.
    expect(cards()).toEqual([told])
  },
)
