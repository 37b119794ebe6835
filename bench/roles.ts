/**
 * Every role as a process of its own, on a Kafka broker, a Redis and ClickHouse's interface on the same machine: the CPU of each role,
 * how fast its verdicts are there for alerts, and how fast the store catches up after an outage.
 */
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { healthSchema } from '../server/schemas.ts'
import { EVAL_RESULTS } from '../storage/log/topics.ts'
import { type Engines, startEngines } from '../test/faults/engines.ts'
import { kafkaIsMissing } from '../test/support/kafka-jars.ts'
import { redisServer } from '../test/support/redis-server.ts'
import { cliFile, type ServedProcess, startServe } from '../test/support/serve-process.ts'
import { sendLoad } from './load.ts'
import { DEFAULT_PACKS } from './packs.ts'
import { processUsage } from './process-usage.ts'
import { watchVerdicts } from './verdicts.ts'

export interface RolesLoad {
  /** Of each of the three parts. */
  spans: number
  warmUpSpans: number
  /** Half of what is to be reached. */
  halfLoadPerSecond: number
}

const ROLES = ['gateway', 'trans-evaluate', 'trans-store', 'alerts'] as const
const TO_REACH = { spansPerSecond: 10_000, alertInputP99Ms: 250 }
const DEADLINE_MS = 900_000
/** As in production: nothing dies here. */
const SESSION_SECONDS = 15

export async function run(load: RolesLoad): Promise<void> {
  const missing = kafkaIsMissing() ?? (redisServer.installed ? null : 'redis-server is not installed')
  if (missing !== null) {
    console.log(`roles as processes: not run, ${missing}`)
    return
  }
  const engines = await startEngines(SESSION_SECONDS)
  const served: ServedProcess[] = []
  try {
    const api = await startServe(['api'], engines.env)
    served.push(api)
    for (const role of ROLES) served.push(await startServe([role], engines.env))
    const bench = new Bench(engines, served)
    await bench.push(api)
    await bench.send(load.warmUpSpans, 0)
    await bench.untilDone()
    await bench.measureCpu(load.spans)
    await bench.measureAlertInput(load.spans, load.halfLoadPerSecond)
    await bench.measureRecovery(load.spans)
  } finally {
    await Promise.all(served.map((one) => one.kill()))
    await engines.stop()
  }
}

class Bench {
  readonly #engines: Engines
  readonly #served: readonly ServedProcess[]
  #sentSpans = 0

  constructor(engines: Engines, served: readonly ServedProcess[]) {
    this.#engines = engines
    this.#served = served
  }

  /** The packs that are in force by default, and waits until every role has them. */
  async push(api: ServedProcess): Promise<void> {
    const { status, stderr } = spawnSync(
      process.execPath,
      [cliFile, 'push', ...DEFAULT_PACKS, '--server', api.httpUrl],
      {
        encoding: 'utf8',
      },
    )
    if (status !== 0) throw new Error(`the packs were not taken: ${stderr}`)
    for (const role of ROLES) await until(async () => this.#one(role).output().includes('in force: '))
  }

  async send(spans: number, spansPerSecond: number, onAccepted?: (traceIds: readonly string[]) => void) {
    const url = this.#one('gateway').tracesUrl
    if (url === null) throw new Error('the gateway did not say where it listens')
    const report = await sendLoad({
      url,
      spans,
      connections: 4,
      spansPerSecond,
      ...(onAccepted !== undefined && { onAccepted }),
    })
    this.#sentSpans += report.acceptedSpans
    return report
  }

  /** Until all that was sent is evaluated and stored. */
  async untilDone(): Promise<void> {
    for (const role of ['trans-evaluate', 'trans-store'] as const) {
      await until(async () => (await this.#spansOf(role)) >= this.#sentSpans)
    }
  }

  async measureCpu(spans: number): Promise<void> {
    const pids = new Map<string, number>([
      ...ROLES.map((role) => [role, this.#one(role).pid] as const),
      ['Kafka', this.#engines.broker.pid],
      ['ClickHouse', this.#engines.clickHouse.pid],
    ])
    const cpuOf = (pid: number): number => processUsage(pid)?.cpuSeconds ?? Number.NaN
    const before = new Map([...pids].map(([name, pid]) => [name, cpuOf(pid)]))
    const startedMs = performance.now()
    await this.send(spans, 0)
    await this.untilDone()
    const perSecond = spans / ((performance.now() - startedMs) / 1_000)
    console.log(`roles as processes, ${spans} spans as fast as they are taken`)
    console.log(`  evaluated and stored ${compared(perSecond, TO_REACH.spansPerSecond, 'spans/s')}`)
    for (const [name, pid] of pids) {
      const cpu = (cpuOf(pid) - (before.get(name) ?? 0)) / (spans / 1e6)
      const peakMb = Math.round((processUsage(pid)?.peakRssBytes ?? 0) / 1e6)
      console.log(`  CPU of ${name.padEnd(14)} ${cpu.toFixed(1)} s per million spans, peak memory ${peakMb} MB`)
    }
  }

  /** From the answer to a request until the first verdict on a trace of it is on the topic. */
  async measureAlertInput(spans: number, spansPerSecond: number): Promise<void> {
    const verdicts = await watchVerdicts(this.#engines.log, EVAL_RESULTS)
    const acceptedAtMs = new Map<string, number>()
    await this.send(spans, spansPerSecond, (traceIds) => {
      const nowMs = performance.now()
      for (const traceId of traceIds) acceptedAtMs.set(traceId, nowMs)
    })
    await until(async () => verdicts.areOn(acceptedAtMs.keys()))
    const firstAtMs = await verdicts.stop()
    const delaysMs = [...acceptedAtMs]
      .map(([traceId, atMs]) => Math.max(0, (firstAtMs.get(traceId) ?? Number.NaN) - atMs))
      .sort((a, b) => a - b)
    const at = (q: number): number => delaysMs[Math.floor((delaysMs.length - 1) * q)] ?? Number.NaN
    console.log(`span accepted → verdict on the topic, at ${spansPerSecond} spans/s`)
    console.log(`  p50 ${at(0.5).toFixed(0)} ms`)
    console.log(`  p99 ${compared(at(0.99), TO_REACH.alertInputP99Ms, 'ms')}`)
    await this.untilDone()
  }

  /** ClickHouse is away while spans come; then it is back, and nothing comes. */
  async measureRecovery(spans: number): Promise<void> {
    const { clickHouse } = this.#engines
    await clickHouse.kill()
    await this.send(spans, 0)
    const behind = this.#sentSpans - (await this.#spansOf('trans-store'))
    await clickHouse.start()
    const startedMs = performance.now()
    await until(async () => (await this.#spansOf('trans-store')) >= this.#sentSpans)
    const seconds = (performance.now() - startedMs) / 1_000
    console.log(`after an outage of ClickHouse, ${behind} spans behind`)
    console.log(`  caught up in ${seconds.toFixed(1)} s`)
    console.log(`  recovery ${compared(behind / seconds, TO_REACH.spansPerSecond, 'spans/s')}`)
  }

  #one(role: string): ServedProcess {
    const found = this.#served.find(({ roles }) => roles.includes(role))
    if (found === undefined) throw new Error(`there is no ${role}`)
    return found
  }

  async #spansOf(role: 'trans-evaluate' | 'trans-store'): Promise<number> {
    const response = await fetch(`${this.#one(role).httpUrl}/health`)
    const { components } = healthSchema.parse(await response.json())
    return components.find(({ name }) => name === role)?.counters?.spans ?? 0
  }
}

/** With what is to be reached, and how much of it that is. */
function compared(measured: number, target: number, unit: string): string {
  return `${Math.round(measured)} ${unit} (to reach ${target}: ${(measured / target).toFixed(2)} of it)`
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('the roles do not get on')
    await sleep(50)
  }
}
