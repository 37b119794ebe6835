/** A real Kafka broker in KRaft mode, as a process of its own on free ports, for tests and benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { kafkaJarsDir } from './kafka-jars.ts'

export interface KafkaBroker {
  /** `host:port` of the plain listener. */
  readonly address: string
  readonly pid: number
  /** Where each partition has a folder, `topic-0`, of its segments. */
  readonly dataDir: string
  /** SIGKILL; the data stays, and `start` goes on with it. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface KafkaBrokerOptions {
  /** More lines of `server.properties`. */
  properties?: Readonly<Record<string, string>>
  /** More listeners, by name: `SASL_SSL` → port. The plain one is `PLAINTEXT`. */
  listeners?: Readonly<Record<string, number>>
  /** Users by SCRAM, as the storage tool takes them: `SCRAM-SHA-512=[name=assay,password=secret]`. */
  scram?: readonly string[]
  startTimeoutMs?: number
}

const JVM = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']

/** Starts a single broker; its jars have to be there (`kafkaIsMissing`). About three seconds. */
export async function startKafkaBroker(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-kafka-'))
  const [port, controllerPort] = [await freePort(), await freePort()]
  const address = `127.0.0.1:${port}`
  const file = join(folder, 'server.properties')
  writeFileSync(file, propertiesOf(folder, port, controllerPort, options))
  const scram = (options.scram ?? []).flatMap((user) => ['--add-scram', user])
  const id = ['-t', 'YXNzYXktdGVzdC1icm9rZQ']
  const format = java('kafka.tools.StorageTool', ['format', ...id, '-c', file, '--standalone', ...scram])
  const formatted = await endOf(format)
  if (formatted.code !== 0) throw new Error(`Kafka's storage could not be formatted: ${formatted.output}`)
  let running: Running | null = null
  const broker: KafkaBroker = {
    address,
    dataDir: join(folder, 'data'),
    get pid() {
      return running?.child.pid ?? 0
    },
    async start() {
      running = await startServer(file, port, options.startTimeoutMs ?? 60_000)
    },
    async kill() {
      running?.child.kill('SIGKILL')
      await running?.ended
      running = null
    },
    async stop() {
      await broker.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await broker.start()
  return broker
}

function propertiesOf(
  folder: string,
  port: number,
  controllerPort: number,
  { properties = {}, listeners = {} }: KafkaBrokerOptions,
): string {
  const others = Object.entries(listeners).map(([name, listenerPort]) => `${name}://127.0.0.1:${listenerPort}`)
  const open = [`PLAINTEXT://127.0.0.1:${port}`, ...others]
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...open, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': open.join(','),
    'listener.security.protocol.map': ['PLAINTEXT', 'CONTROLLER']
      .map((name) => `${name}:PLAINTEXT`)
      .concat(Object.keys(listeners).map((name) => `${name}:${name}`))
      .join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Tests join and leave all the time, and some fall silent.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '500',
    // A broker that was killed is let in again only when its session of before is over.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '250',
    ...properties,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function java(main: string, args: readonly string[]): ChildProcess {
  return spawn('java', [...JVM, '-cp', join(kafkaJarsDir, '*'), main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

interface Running {
  child: ChildProcess
  ended: Promise<{ code: number | null; output: string }>
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4_000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

async function startServer(file: string, port: number, timeoutMs: number): Promise<Running> {
  const child = java('kafka.Kafka', [file])
  const ended = endOf(child)
  const state: { over: { code: number | null; output: string } | null } = { over: null }
  void ended.then((over) => {
    state.over = over
  })
  const deadlineMs = performance.now() + timeoutMs
  while (!(await accepts(port))) {
    if (state.over !== null) throw new Error(`the Kafka broker ended with ${state.over.code}: ${state.over.output}`)
    if (performance.now() > deadlineMs) {
      child.kill('SIGKILL')
      throw new Error(`the Kafka broker was not ready within ${timeoutMs} ms: ${(await ended).output}`)
    }
    await sleep(50)
  }
  return { child, ended }
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', end(true)).once('error', end(false))
  })
}
