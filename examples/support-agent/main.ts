/**
 * `npm run example`: a support agent talks to its customers, and Assay says what went wrong.
 *
 * With an Assay running that has this example's evals in force, its traces go there; otherwise an Assay is started for the
 * length of the example. The model, the judge and the Slack channel are local stand-ins that speak the real protocols.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Answered, createAgent } from './agent.ts'
import { type Assay, findAssay, type Result, startAssay } from './assay.ts'
import { type Conversation, conversations } from './conversations.ts'
import { type ModelServer, startModelServer } from './model-server.ts'
import { alertLines, conversationLine, ledgerLines, verdictLine } from './report.ts'
import { type SlackChannel, startSlackChannel } from './slack-channel.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'

const POLL_MS = 100
const ARRIVAL_MS = 15_000
const SETTLE_MS = 30_000
const JUDGE_MS = 30_000
const ALERT_MS = 5_000

const help = `npm run example [-- --standalone] [-- --keep]

  --standalone   starts an Assay of its own even if one is running
  --keep         leaves its own Assay running at the end, to look around, until Ctrl-C

ASSAY_URL and OTEL_EXPORTER_OTLP_ENDPOINT name the running Assay (http://127.0.0.1:3000 and http://127.0.0.1:4318).
For a running Assay to judge the answers and post the alert as the example does, start it so:

  ASSAY_OPENAI_BASE_URL=http://127.0.0.1:4010/v1 ASSAY_SLACK_WEBHOOK_URL=http://127.0.0.1:4011/services/example \\
    ASSAY_ALERTS_ALLOW_PRIVATE=127.0.0.1 npm start -- --evals assay:latency --evals assay:pii --evals examples/support-agent/evals

SUPPORT_AGENT_MODEL_PORT and SUPPORT_AGENT_SLACK_PORT choose other ports than 4010 and 4011.`

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`)
}

interface Talk {
  conversation: Conversation
  answered: Answered
  endedMs: number
}

/** Asks until `look` finds it or the time is over; null then. */
async function within<T>(timeoutMs: number, look: () => Promise<T | null> | T | null): Promise<T | null> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() > deadlineMs) return null
    await sleep(POLL_MS)
  }
}

/** The wanted port, or a free one where it is taken. */
async function onPort<T>(wanted: string | undefined, usual: number, start: (port: number) => Promise<T>): Promise<T> {
  try {
    return await start(wanted ? Number(wanted) : usual)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return start(0)
    throw error
  }
}

/** Which Assay judges the example, and one that runs beside it and gets the traces too. */
async function chooseAssay(
  standalone: boolean,
  model: ModelServer,
  slack: SlackChannel,
): Promise<{ assay: Assay; beside: Assay | null }> {
  const running = standalone ? null : await findAssay(process.env)
  if (running && (await running.evals()).some(({ id }) => id === 'support/no_pii')) {
    say(`Assay     ${running.apiUrl}  (running)`)
    return { assay: running, beside: null }
  }
  if (running) {
    say(
      `The Assay at ${running.apiUrl} does not have the example's evals in force: \`npm run example -- --help\` says how.`,
    )
    say('It gets the traces too; for the whole picture another one is started beside it.')
  } else say('No Assay is running (`npm start` starts one), so one is started for this example.')
  const assay = await startAssay(model.baseUrl, slack.webhookUrl)
  say(`Assay     ${assay.apiUrl}  (for this example, in a temporary folder)`)
  return { assay, beside: running }
}

async function talk(agent: ReturnType<typeof createAgent>, conversation: Conversation): Promise<Talk> {
  const { question, customer, captureContent, name } = conversation
  const conversationId = `${name.replaceAll(' ', '-')}-${Date.now()}`
  const answered = await agent.answer({ question, customer, conversationId, captureContent })
  say(conversationLine(name, answered))
  return { conversation, answered, endedMs: performance.now() }
}

/** Collects and prints verdicts on the example's traces. */
class Verdicts {
  readonly #names: ReadonlyMap<string, string>
  readonly #since: string
  readonly #seen = new Map<string, Result>()

  constructor(talks: readonly Talk[], since: string) {
    this.#names = new Map(talks.map(({ answered, conversation }) => [answered.traceId, conversation.name]))
    this.#since = since
  }

  /** Results on the example's traces that were not there at the last look. */
  async look(assay: Assay): Promise<Result[]> {
    const news = (await assay.results(this.#since)).filter(
      (result) => this.#names.has(result.traceId) && !this.#seen.has(this.#keyOf(result)),
    )
    for (const result of news) this.#seen.set(this.#keyOf(result), result)
    return news
  }

  /** Waits until `count` verdicts of each of the evals have come, and prints those that are not plain passes. */
  async await(assay: Assay, evalIds: readonly string[], count: number, timeoutMs: number): Promise<void> {
    await within(timeoutMs, async () => {
      for (const result of await this.look(assay)) if (this.#isWorthALine(result)) say(this.line(result))
      return evalIds.every((id) => this.of(id).length >= count) ? true : null
    })
  }

  of(evalId: string): Result[] {
    return [...this.#seen.values()].filter((result) => result.eval === evalId)
  }

  find(evalId: string, verdict: Result['verdict'], conversation: string): Result | undefined {
    return this.of(evalId).find(
      (result) => result.verdict === verdict && this.#names.get(result.traceId) === conversation,
    )
  }

  line(result: Result): string {
    return verdictLine(result, this.#names.get(result.traceId) ?? '?')
  }

  #isWorthALine({ verdict, eval: evalId }: Result): boolean {
    return evalId.startsWith('support/') && (verdict !== 'pass' || evalId === 'support/helpful')
  }

  #keyOf = ({ eval: evalId, traceId, spanId = '' }: Result): string => `${evalId} ${traceId} ${spanId}`
}

async function showAlert(slack: SlackChannel, assay: Assay, leak: Talk | undefined): Promise<boolean> {
  say('\nThe alert')
  const message = await within(ALERT_MS, () => slack.messages[0] ?? null)
  if (message) {
    for (const line of alertLines(message, message.atMs - (leak?.endedMs ?? message.atMs))) say(`  ${line}`)
    return true
  }
  if (assay.own) say('  No message arrived.')
  else say('  It went where the running Assay sends its alerts: its Slack channel, or its terminal.')
  return assay.own === null
}

async function judge(assay: Assay, verdicts: Verdicts, count: number): Promise<string | null> {
  say('\nJudged against the rubric')
  const refusal = await assay.judgeNow('support/helpful')
  if (refusal !== null) {
    say(`  Not judged: ${refusal}`)
    return refusal
  }
  await verdicts.await(assay, ['support/helpful'], count, JUDGE_MS)
  return null
}

/** What the example promises to show; each that is absent is named. */
function missingOf(verdicts: Verdicts, alertShown: boolean, judgeRefusal: string | null, assay: Assay): string[] {
  const leak = verdicts.find('support/no_pii', 'fail', 'leaked address')
  const promised: [string, boolean][] = [
    ['the slow answer', verdicts.find('support/fast', 'fail', 'slow answer') !== undefined],
    ['the leaked e-mail address', leak !== undefined && leak.evidence.length > 0],
    ['the answer that was not captured', verdicts.find('support/no_pii', 'unknown', 'no capture') !== undefined],
    ['the tool loop', verdicts.find('support/tool_budget', 'fail', 'tool loop') !== undefined],
    ['a judged answer', verdicts.of('support/helpful').length > 0 || (judgeRefusal !== null && assay.own === null)],
    ["the alert's message", alertShown],
  ]
  return promised.filter(([, shown]) => !shown).map(([name]) => name)
}

async function showStored(assay: Assay, leak: Talk | undefined): Promise<void> {
  if (!leak) return
  const { spans } = await assay.trace(leak.answered.traceId)
  const stored = spans.filter(({ kind }) => kind === 'llm').at(-1)?.output?.text
  if (stored !== undefined) say(`  Stored as:  ${stored}`)
}

async function showBeside(beside: Assay, verdicts: Verdicts): Promise<void> {
  say(`\nWhat the evals of your running Assay say (${beside.apiUrl})`)
  const found = await verdicts.look(beside)
  for (const result of found) if (result.verdict === 'fail') say(verdicts.line(result))
  say(`  ${found.length} verdicts in all; \`npm run --silent assay -- results\` lists them.`)
}

async function run(assay: Assay, beside: Assay | null, model: ModelServer, slack: SlackChannel): Promise<boolean> {
  say(`Model     ${model.baseUrl}  (scripted)`)
  const telemetry: Telemetry = startTelemetry([assay.tracesUrl, ...(beside ? [beside.tracesUrl] : [])])
  const since = new Date(Date.now() - 1_000).toISOString()
  try {
    say('\nConversations')
    const agent = createAgent({ modelUrl: model.baseUrl, telemetry })
    const talks = await Promise.all(conversations.map((conversation) => talk(agent, conversation)))
    await telemetry.flush()
    const leak = talks.find(({ conversation }) => conversation.name === 'leaked address')
    const verdicts = new Verdicts(talks, since)

    say('\nVerdicts, as the spans arrived')
    await verdicts.await(assay, ['support/fast', 'support/no_pii'], talks.length, ARRIVAL_MS)
    await showStored(assay, leak)
    const alertShown = await showAlert(slack, assay, leak)

    say('\nVerdicts on whole traces, 5 s after they ended')
    await verdicts.await(assay, ['support/tool_budget'], talks.length, SETTLE_MS)
    const refusal = await judge(assay, verdicts, talks.length)

    say('\nThe ledger')
    for (const line of ledgerLines((await assay.evals()).filter(({ id }) => id.startsWith('support/')))) say(line)
    if (beside) await showBeside(beside, new Verdicts(talks, since))
    const missing = missingOf(verdicts, alertShown, refusal, assay)
    if (missing.length > 0) say(`\nMissing: ${missing.join(', ')}.`)
    return missing.length === 0
  } finally {
    await telemetry.shutdown().catch(() => {})
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { standalone: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) return say(help)
  const model = await onPort(process.env.SUPPORT_AGENT_MODEL_PORT, 4010, startModelServer)
  const slack = await onPort(process.env.SUPPORT_AGENT_SLACK_PORT, 4011, startSlackChannel)
  let assay: Assay | null = null
  const interrupted = new AbortController()
  const stopEarly = (exitCode: number) => (): void => {
    interrupted.abort()
    if (!values.keep) void Promise.resolve(assay?.stop()).then(() => process.exit(exitCode))
  }
  process.once('SIGINT', stopEarly(130))
  process.once('SIGTERM', stopEarly(143))
  try {
    const chosen = await chooseAssay(values.standalone ?? false, model, slack)
    assay = chosen.assay
    const complete = await run(assay, chosen.beside, model, slack)
    if (!complete) {
      process.exitCode = 1
      if (assay.own) say(`\nWhat Assay printed:\n${assay.own.output()}`)
    }
    const keeps = values.keep === true && !interrupted.signal.aborted
    if (assay.own && !keeps)
      say('\nThe Assay of this example stops now; `npm run example -- --keep` leaves it running.')
    else say(`\nLook further:  npm run --silent assay -- results --since 10m --server ${assay.apiUrl}`)
    if (assay.own && keeps) {
      say('Ctrl-C stops it.')
      await new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve))
    }
  } catch (error) {
    process.stderr.write(`example: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  } finally {
    await assay?.stop()
    await model.close()
    await slack.close()
  }
}

await main()
