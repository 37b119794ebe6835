/**
 * A team's whole day: the example's agent answers well, a deploy makes it worse, the evals see it, the alerts fire to Slack and PagerDuty
 * with evidence, it is rolled back, the alerts resolve, and the weekly scorecard tells of it. Real processes and protocols; the windows of
 * the rules are short, and the week ends when the test says so, as another scheduler of the same queue.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAgent } from '../examples/support-agent/agent.ts'
import type { Conversation } from '../examples/support-agent/conversations.ts'
import { type ModelServer, startModelServer } from '../examples/support-agent/model-server.ts'
import { startTelemetry, type Telemetry } from '../examples/support-agent/telemetry.ts'
import { openQueue } from '../storage/queue/open-queue.ts'
import { type AssayProcess, runAssay, startAssay } from './support/assay-process.ts'
import { type PagerDutyServer, ROUTING_KEY, startPagerDutyServer } from './support/pagerduty-server.ts'
import { type RunningRedis, redisServer, redisSettings, startRedis } from './support/redis-server.ts'
import { BOT_TOKEN, type Posted, type SlackApiServer, startSlackApiServer } from './support/slack-api-server.ts'
import { textOf } from './support/slack-server.ts'

const RULES = `package day
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

scorecard weekly {
  title:    "The support agent's week"
  every:    monday at 09:00 in "UTC"
  over:     7d vs 7d
  row:      pass_rate(private), coverage(private), count(private)
  row:      mean(helpful), spend(helpful)
  row:      pass_rate(helpful) by agent.version
  notify:   slack("#quality")
}
`

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

let script = WELL
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
  writeFileSync(join(folder, 'evals', 'day.eval'), RULES)
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

/** Lets this version answer, and gives the ids of the traces. */
async function answer(version: string): Promise<string[]> {
  const agent = createAgent({ modelUrl: model.baseUrl, telemetry, version })
  const answered = await Promise.all(
    QUESTIONS.map((question, i) =>
      agent.answer({ question, customer: 'C-1', conversationId: `${version}-${i}`, captureContent: true }),
    ),
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
    expect(bad.some((traceId) => words(leak).includes(`https://assay.example/traces/${traceId}`))).toBe(true)
    const page = await pagerDuty.waitFor(() => pagerDuty.events.find(({ event_action }) => event_action === 'trigger'))
    expect(page.payload).toMatchObject({ severity: 'critical' })
    expect(JSON.stringify(page)).toContain('pii.email')

    // The offline eval sees it too.
    await judge(deployed, bad)
    const unhelpful = await slack.waitFor(() => said('Firing: Customers are not helped', 'CSUPPORT'))
    expect(words(unhelpful)).toContain('rate(fail) &gt;= 30%')

    // Rolled back.
    script = WELL
    const rolledBack = new Date(Date.now() - 1).toISOString()
    const better = await answer('2.4.0')
    await slack.waitFor(() => repliesTo(leak).some((reply) => words(reply).startsWith('Resolved:')))
    await pagerDuty.waitFor(() => pagerDuty.incidents.length === 1 && pagerDuty.incidents[0]!.state === 'resolved')
    await judge(rolledBack, better)
    await slack.waitFor(() => repliesTo(unhelpful).some((reply) => words(reply).startsWith('Resolved:')))
    expect(words(leak)).toContain('Resolved:')

    // The week ends.
    const queue = await openQueue({ redis: redisSettings(redis.url), dataDir: '' }, (error) =>
      expect.fail(error.message),
    )
    const slotMs = Date.now() + 1_000
    await queue.enqueueDaily({ name: 'scorecard', tenant: 'default', scorecardId: 'day/weekly', slotMs })
    await queue.close()
    const card = await slack.waitFor(() => said("The support agent's week", 'CQUALITY'))
    expect(words(card)).toContain('`pass_rate(private)`  *66.67%*')
    expect(words(card)).toContain('`coverage(private)`  *100%*')
    expect(words(card)).toContain('`count(private)`  *9*')
    expect(words(card)).toMatch(/`pass_rate\(helpful\) agent.version 2\.5\.0` {2}\*0%\*/)
    expect(words(card)).toMatch(/`pass_rate\(helpful\) agent.version 2\.4\.0` {2}\*100%\*/)
    expect(bad.some((traceId) => words(card).includes(`https://assay.example/traces/${traceId}`))).toBe(true)
    const picture = await slack.waitFor(() =>
      slack.files.find(
        ({ name, threadTs, bytes }) => name === 'scorecard.png' && threadTs === card.ts && bytes.length > 0,
      ),
    )
    expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG')
    // The page had its chart as well.
    expect(slack.files.some(({ name, threadTs }) => name === 'chart-1.png' && threadTs === leak.ts)).toBe(true)

    const shown = await runAssay(['scorecard', 'weekly', '--preview', '--server', assay.apiUrl])
    expect(shown.stdout).toContain('pass_rate(private): 66.67%')
    const history = await api<{ posted: unknown[] }>('/v1/scorecards/day/weekly/history')
    expect(history.posted).toHaveLength(1)
  },
)
