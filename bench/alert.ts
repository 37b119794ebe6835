/**
 * From a span's acknowledgement to the alert's webhook, of a `count(fail) >= 1` alert on a span eval: leaks at irregular times among other
 * spans, each in a group of its own, since an alert fires once an incident.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_GROUPS } from '../engine/alerting/groups.ts'
import { startEngines } from '../test/faults/engines.ts'
import { startAssay } from '../test/support/assay-process.ts'
import { kafkaIsMissing } from '../test/support/kafka-jars.ts'
import { redisServer } from '../test/support/redis-server.ts'
import { cliFile, type ServedProcess, startServe } from '../test/support/serve-process.ts'
import { type SlackServer, startSlackServer, textOf } from '../test/support/slack-server.ts'
import { sendLoad } from './load.ts'

export interface AlertLoad {
  /** Beside the leaks; 0 for none. */
  spansPerSecond: number
}

/** Spans without the attribute are one group more. */
const LEAKS = MAX_GROUPS - 5
const WARM_UP_SECONDS = 10
const MEAN_GAP_MS = 400
const TO_REACH_P99_MS = 1_000
const LONGEST_MS = 60_000
const ROLES = ['gateway', 'trans-evaluate', 'trans-store', 'alerts'] as const

const RULES = `
package bench
import  pii from "assay:pii"

online eval no_pii {
  on:       llm_call
  pass:     not (output.text matches any [pii.email])
  missing:  unknown
}

alert leak {
  on:       no_pii by attr("leak", string)
  when:     count(fail) >= 1 over 10m
  severity: page
  notify:   slack("#bench")
}
`

/** Others of one alert wait for company unless told: each is to be measured by itself. */
const ENV = { ASSAY_ALERTS_GROUP_SECONDS: '0' }

const traceIdOf = (leak: number): string => leak.toString(16).padStart(32, 'a')

/** One request with one span of `agent` that leaks an address: OTLP JSON, ended just now. */
export function leakOf(leak: number, agent = 'support'): string {
  const endNs = BigInt(Date.now()) * 1_000_000n
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const text = 'Please ask anna.smith@gmail.com.'
  const span = {
    traceId: traceIdOf(leak),
    spanId: leak.toString(16).padStart(16, 'b'),
    name: 'chat',
    startTimeUnixNano: String(endNs - 5_000_000n),
    endTimeUnixNano: String(endNs),
    attributes: [
      attribute('gen_ai.operation.name', 'chat'),
      attribute('gen_ai.agent.name', agent),
      attribute('leak', `leak ${leak}`),
      attribute(
        'gen_ai.output.messages',
        JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: text }] }]),
      ),
    ],
  }
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
}

/** One process with everything in it. */
export async function run(load: AlertLoad): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  writeFileSync(join(folder, 'bench.eval'), RULES)
  const slack = await startSlackServer()
  const assay = await startAssay({
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'bench.eval')],
    env: { ...ENV, ASSAY_SLACK_WEBHOOK_URL: slack.url(), ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1' },
  })
  try {
    await measure('in one process', load, { tracesUrl: assay.tracesUrl, slack })
  } finally {
    await assay.stop()
    await slack.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every role as a process of its own, on a Kafka broker. */
export async function runOnKafka(load: AlertLoad): Promise<void> {
  const missing = kafkaIsMissing() ?? (redisServer.installed ? null : 'redis-server is not installed')
  if (missing !== null) {
    console.log(`span accepted → webhook received on Kafka: not run, ${missing}`)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  writeFileSync(join(folder, 'bench.eval'), RULES)
  const engines = await startEngines(15)
  const served: ServedProcess[] = []
  try {
    const env = { ...engines.env, ...ENV }
    const api = await startServe(['api'], env)
    served.push(api)
    for (const role of ROLES) served.push(await startServe([role], env))
    const push = [cliFile, 'push', join(folder, 'bench.eval'), '--server', api.httpUrl]
    const { status, stderr } = spawnSync(process.execPath, push, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`the definitions were not taken: ${stderr}`)
    for (const one of served.filter(({ roles }) => !roles.includes('api')))
      while (!one.output().includes('in force: ')) await sleep(50)
    const tracesUrl = served.find(({ roles }) => roles.includes('gateway'))?.tracesUrl
    if (tracesUrl == null) throw new Error('the gateway did not say where it listens')
    await measure('roles as processes on Kafka', load, { tracesUrl, slack: engines.slack })
  } finally {
    await Promise.all(served.map((one) => one.kill()))
    await engines.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(
  where: string,
  { spansPerSecond }: AlertLoad,
  { tracesUrl, slack }: { tracesUrl: string; slack: SlackServer },
): Promise<void> {
  const seconds = WARM_UP_SECONDS + (LEAKS * MEAN_GAP_MS * 1.5) / 1_000
  const load =
    spansPerSecond === 0
      ? null
      : sendLoad({ url: tracesUrl, spans: Math.round(seconds * spansPerSecond), connections: 4, spansPerSecond })
  await sleep(WARM_UP_SECONDS * 1_000)
  const acceptedMs: number[] = []
  for (let leak = 0; leak < LEAKS; leak++) {
    // At no rhythm that a timer of ours could have as well.
    await sleep(MEAN_GAP_MS * (0.5 + Math.random()))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(tracesUrl, { method: 'POST', headers, body: leakOf(leak) })
    acceptedMs.push(performance.now())
    if (response.status !== 200) throw new Error(`the span was answered with ${response.status}`)
  }
  const receivedMs = await received(slack)
  const report = await load
  const delaysMs = acceptedMs.map((atMs, leak) => receivedMs[leak]! - atMs).sort((a, b) => a - b)
  const at = (q: number): number => delaysMs[Math.floor((delaysMs.length - 1) * q)] ?? Number.NaN
  const beside = report === null ? 'nothing else' : `${spansPerSecond} spans/s`
  console.log(`span accepted → webhook received, ${where}, ${LEAKS} leaks beside ${beside}`)
  console.log(`  p50 ${at(0.5).toFixed(0)} ms, longest ${at(1).toFixed(0)} ms`)
  const p99Ms = at(0.99)
  console.log(
    `  p99 ${p99Ms.toFixed(0)} ms (to reach ${TO_REACH_P99_MS}: ${(p99Ms / TO_REACH_P99_MS).toFixed(2)} of it)`,
  )
}

/** When each leak was told of. */
async function received(slack: SlackServer): Promise<number[]> {
  const deadlineMs = performance.now() + LONGEST_MS
  for (;;) {
    const texts = slack.messages.map((message) => ({ text: textOf(message), atMs: message.atMs }))
    const times = Array.from(
      { length: LEAKS },
      (_, leak) => texts.find(({ text }) => text.includes(traceIdOf(leak)))?.atMs ?? null,
    )
    if (times.every((atMs) => atMs !== null)) return times
    const told = times.filter((atMs) => atMs !== null).length
    if (performance.now() > deadlineMs) throw new Error(`of ${LEAKS} leaks ${told} were told`)
    await sleep(100)
  }
}
