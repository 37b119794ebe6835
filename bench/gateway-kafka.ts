/**
 * Gateway and evaluate on Kafka, and in the same run, in turns, the OpenTelemetry Collector doing what the gateway does: OTLP/HTTP in, a
 * token for the session, five patterns masked in every text, and an answer when the broker has the spans. Evaluate runs the standard
 * packs on top. The collector is built by `bench/collector/build.sh`. Printed is the CPU of each and the ratio: the aim is 50 s per
 * million spans at 30,000 spans/s.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadEvals } from '../cli/load-evals.ts'
import { healthSchema } from '../server/schemas.ts'
import { openKeys } from '../storage/access/keys.ts'
import { followDefinitions } from '../storage/definitions/follow.ts'
import { publishDefinitions } from '../storage/definitions/publish.ts'
import { parseKafkaUrl } from '../storage/log/kafka/config.ts'
import { openKafkaLog } from '../storage/log/kafka.ts'
import { alertTopics, definitionTopics, onlineTopicsFor, replayTopics } from '../storage/log/topics.ts'
import { freePort } from '../test/support/free-port.ts'
import { startKafkaBroker } from '../test/support/kafka-broker.ts'
import { kafkaIsMissing } from '../test/support/kafka-jars.ts'
import { type ServedProcess, startServe } from '../test/support/serve-process.ts'
import { sendLoad } from './load.ts'
import { DEFAULT_PACKS } from './packs.ts'
import { processUsage } from './process-usage.ts'

const AIM = { cpuSecondsPerMillion: 50, spansPerSecond: 30_000 }
const TENANT = 'default'
const COLLECTOR = join(process.env.ASSAY_CACHE ?? join(homedir(), '.cache', 'assay'), 'collector', 'otelcol-bench')
const CONNECTIONS = 8
const DEADLINE_MS = 300_000

/** As the collector's configuration has it. */
const CONFIG = `
privacy:
  tokenise: [session]
  mask: [pii.email, pii.phone, pii.card, pii.iban, pii.us_ssn]
`

export interface KafkaLoad {
  spans: number
  rounds: number
}

interface Side {
  readonly name: string
  readonly pids: Readonly<Record<string, number>>
  /** Resolves when all of it is worked off. */
  send(spans: number): Promise<void>
  stop(): Promise<void>
}

export async function run({ spans, rounds }: KafkaLoad): Promise<void> {
  const missing = kafkaIsMissing()
  const built =
    missing === null ? spawnSync(join(import.meta.dirname, 'collector', 'build.sh'), { encoding: 'utf8' }) : null
  if (built === null || built.status !== 0) {
    console.log(
      `gateway on Kafka beside the collector: not run, ${missing ?? `the collector cannot be built: ${built?.stderr}`}`,
    )
    return
  }
  const broker = await startKafkaBroker()
  const sides: Side[] = []
  try {
    sides.push(await startAssay(broker.address), await startCollector(broker.address))
    for (const side of sides) await side.send(spans / 3)
    const best = new Map<string, { cpu: number; perSecond: number }>()
    for (let round = 0; round < rounds; round++) {
      const cpuOf: number[] = []
      for (const side of sides) {
        const measured = await measure(side, spans)
        cpuOf.push(measured.cpu)
        const before = best.get(side.name)
        if (before === undefined || measured.cpu < before.cpu) best.set(side.name, measured)
      }
      console.log(`  round ${round + 1}: ${(cpuOf[0]! / cpuOf[1]!).toFixed(2)} of the collector's CPU`)
    }
    console.log(`on one Kafka broker, in turns, the best of ${rounds} × ${spans} spans of 1.2 kB`)
    for (const [name, { cpu, perSecond }] of best)
      console.log(
        `  ${name.padEnd(22)} ${cpu.toFixed(1)} CPU s per million spans, ${Math.round(perSecond)} spans/s by the clock`,
      )
    const [ours, theirs] = sides.map(({ name }) => best.get(name)!)
    console.log(
      `  ratio                  ${(ours!.cpu / theirs!.cpu).toFixed(2)} of the collector's CPU, ${(ours!.perSecond / theirs!.perSecond).toFixed(2)} of its pace (aim ${AIM.cpuSecondsPerMillion} s, ${AIM.spansPerSecond}/s)`,
    )
  } finally {
    for (const side of sides) await side.stop()
    await broker.stop()
  }
}

async function measure(side: Side, spans: number): Promise<{ cpu: number; perSecond: number }> {
  const cpu = (): [string, number][] =>
    Object.entries(side.pids).map(([name, pid]) => [name, processUsage(pid)?.cpuSeconds ?? Number.NaN])
  const [before, startedMs] = [new Map(cpu()), performance.now()]
  await side.send(spans)
  const seconds = (performance.now() - startedMs) / 1_000
  const each = cpu().map(([name, after]) => [name, ((after - before.get(name)!) / spans) * 1e6] as const)
  console.log(`  ${side.name}: ${each.map(([name, one]) => `${name} ${one.toFixed(1)}`).join(', ')} CPU s per million`)
  return { cpu: each.reduce((sum, [, one]) => sum + one, 0), perSecond: spans / seconds }
}

async function startAssay(kafka: string): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const config = join(folder, 'assay.yaml')
  writeFileSync(config, CONFIG)
  const key = await prepare(`kafka://${kafka}`)
  const env = {
    ASSAY_LOG_URL: `kafka://${kafka}`,
    // Never asked: no trace outlasts a restart here.
    ASSAY_TRACES_URL: 'http://127.0.0.1:1',
    ASSAY_CONFIG: config,
    ASSAY_ACCESS: 'keys',
    ASSAY_PRIVACY_KEY: 'k'.repeat(64),
  }
  const [gateway, evaluate] = await Promise.all([startServe(['gateway'], env), startServe(['trans-evaluate'], env)])
  const url = gateway.tracesUrl
  if (url === null) throw new Error('the gateway did not say where it listens')
  let sent = 0
  return {
    name: 'gateway + evaluate',
    pids: { gateway: gateway.pid, evaluate: evaluate.pid },
    send: async (spans) => {
      const headers = { authorization: `Bearer ${key}` }
      const { acceptedSpans } = await sendLoad({ url, headers, spans, connections: CONNECTIONS, spansPerSecond: 0 })
      sent += acceptedSpans
      await until(async () => (await evaluatedBy(evaluate)) >= sent)
    },
    stop: async () => {
      await Promise.all([gateway.kill(), evaluate.kill()])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A key to send with, and the standard packs in force. */
async function prepare(url: string): Promise<string> {
  const settings = parseKafkaUrl(url)
  if (!settings.ok) throw new Error(settings.message)
  const log = await openKafkaLog({ settings: settings.settings, clientId: 'bench', onProblem: console.error })
  await log.ensureTopics([
    ...onlineTopicsFor('kafka', Number.MAX_SAFE_INTEGER),
    ...alertTopics,
    ...definitionTopics,
    ...replayTopics,
    { name: 'collector-traces', partitions: 24, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  const keys = await openKeys({ log, nowMs: Date.now, onProblem: console.error })
  const { key } = await keys.create({ tenant: TENANT, role: 'ingest', name: 'bench', expiresAtMs: null, by: 'bench' })
  const { plan } = loadEvals(DEFAULT_PACKS)
  if (plan === null) throw new Error('the packs do not compile')
  const definitions = await followDefinitions({ log, onChange: () => {}, onProblem: console.error })
  const push = { tenant: TENANT, plan, revision: null, pushedAtMs: Date.now() }
  await publishDefinitions(log, definitions.current(TENANT), push)
  await definitions.close()
  await keys.close()
  await log.close()
  return key
}

async function startCollector(kafka: string): Promise<Side> {
  const port = await freePort()
  const child = spawn(COLLECTOR, ['--config', join(import.meta.dirname, 'collector', 'config.yaml')], {
    env: { ...process.env, BENCH_OTLP_PORT: String(port), BENCH_KAFKA: kafka, GOMAXPROCS: '2' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}/v1/traces`
  await until(() =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: new Uint8Array() }).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  return {
    name: 'OpenTelemetry Collector',
    pids: { collector: child.pid ?? 0 },
    send: async (spans) => {
      const { rejected } = await sendLoad({ url, spans, connections: CONNECTIONS, spansPerSecond: 0 })
      if (rejected > 0) console.log(`  the collector refused ${rejected} requests, which were sent again`)
    },
    stop: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function evaluatedBy(evaluate: ServedProcess): Promise<number> {
  const response = await fetch(`${evaluate.httpUrl}/health`)
  const { components } = healthSchema.parse(await response.json())
  return components.find(({ name }) => name === 'trans-evaluate')?.counters?.spans ?? 0
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('it does not get on')
    await sleep(50)
  }
}
