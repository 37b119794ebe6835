/** The whole of Assay as it is deployed: a Kafka broker, a Redis, the ClickHouse engine, and every role in processes of its own. */
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../engine/message-of.ts'
import type { Log } from '../../storage/log/port.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import type { ClickHouseServer } from '../support/clickhouse-server.ts'
import { freePort } from '../support/free-port.ts'
import type { KafkaBroker } from '../support/kafka-broker.ts'
import type { RunningRedis } from '../support/redis-server.ts'
import type { SlackServer } from '../support/slack-server.ts'
import { type Engines, startEngines } from './engines.ts'
import { Movement } from './movement.ts'
import type { Engine, PointKill, Role } from './schedule.ts'
import { roleOf } from './schedule.ts'
import { type Death, SupervisedProcess, untilReady } from './supervised.ts'

export interface Instances {
  readonly gateway: number
  readonly 'trans-evaluate': number
  readonly 'trans-store': number
  readonly alerts: number
  readonly worker: number
  readonly scheduler: number
}

export interface Kills {
  /** By the suite, of roles and of engines. */
  random: number
  readonly engines: Map<Engine, number>
  /** At named points. */
  readonly points: Map<string, number>
  /** Processes that ended by themselves, by their exit code: 2 says that an engine was away at the start. */
  readonly exits: Map<string, number>
}

/** Nobody came up: each has seconds of work to do for it, on a machine that others use too. */
const READY_STALL_MS = 300_000

export class FaultSystem {
  readonly broker: KafkaBroker
  readonly clickHouse: ClickHouseServer
  readonly redis: RunningRedis
  readonly slack: SlackServer
  readonly log: Log
  readonly traces: TracesStore
  readonly #engines: Engines
  readonly #logsDir: string
  readonly kills: Kills = { random: 0, engines: new Map(), points: new Map(), exits: new Map() }
  readonly gatewayUrls: string[] = []
  readonly processes: SupervisedProcess[] = []
  /** By role, at which points lives still have to end. */
  readonly #queued = new Map<Role, PointKill[]>()
  readonly #down = new Set<Engine>()
  readonly #failures: string[] = []
  /** Told of each death. */
  onKill: (what: string) => void = () => {}

  private constructor(engines: Engines, logsDir: string) {
    this.broker = engines.broker
    this.clickHouse = engines.clickHouse
    this.redis = engines.redis
    this.slack = engines.slack
    this.log = engines.log
    this.traces = engines.traces
    this.#engines = engines
    this.#logsDir = logsDir
    process.once('exit', this.#killAll)
  }

  /** The engines first; `startRoles` then. */
  static async start(logsDir: string, sessionSeconds: number): Promise<FaultSystem> {
    mkdirSync(logsDir, { recursive: true })
    return new FaultSystem(await startEngines(sessionSeconds), logsDir)
  }

  get api(): SupervisedProcess {
    return this.processes.find(({ role }) => role === 'api')!
  }

  get killCount(): number {
    return this.kills.random + sum(this.kills.engines) + sum(this.kills.points)
  }

  /** Named points that a process has yet to die at. */
  get pendingPoints(): PointKill[] {
    return [...[...this.#queued.values()].flat(), ...this.processes.flatMap(({ armed }) => armed ?? [])]
  }

  /** The API makes the topics and the tables, and takes the definitions; the others find them. */
  async startRoles(instances: Instances, publish: () => Promise<void>): Promise<void> {
    const api = await this.#add('api', 'api')
    api.start()
    await untilReady([api], READY_STALL_MS)
    await publish()
    for (const [role, count] of Object.entries(instances) as [Role, number][]) {
      for (let index = 1; index <= count; index++) await this.#add(role, count === 1 ? role : `${role}-${index}`)
    }
    const others = this.processes.filter((one) => one !== api)
    for (const one of others) one.start()
    await untilReady(others, READY_STALL_MS)
  }

  async #add(role: Role, name: string): Promise<SupervisedProcess> {
    const env: Record<string, string> = { ...this.#engines.env }
    if (role === 'gateway') {
      const port = await freePort()
      env.ASSAY_OTLP_HTTP_PORT = String(port)
      env.ASSAY_OTLP_GRPC_PORT = '0'
      this.gatewayUrls.push(`http://127.0.0.1:${port}/v1/traces`)
    }
    const added = new SupervisedProcess({
      name,
      role,
      env,
      httpPort: await freePort(),
      logsDir: this.#logsDir,
      nextPoint: () => this.#queued.get(role)?.shift() ?? null,
      onDeath: (process, death, armed) => this.#onDeath(process, death, armed),
    })
    this.processes.push(added)
    return added
  }

  #onDeath({ name, role }: SupervisedProcess, death: Death, armed: PointKill | null): void {
    // It did not get there: the next life tries.
    if (armed !== null) this.#queue(role).unshift(armed)
    switch (death.by) {
      case 'random':
        this.kills.random++
        this.onKill(name)
        return
      case 'point':
        count(this.kills.points, death.point.point)
        this.onKill(`${name} at ${death.point.point}`)
        return
      case 'exit':
        count(this.kills.exits, `${role} ${death.code ?? death.signal}`)
        this.onKill(`${name} by itself, ${death.code ?? death.signal}`)
    }
  }

  #queue(role: Role): PointKill[] {
    const queue = this.#queued.get(role) ?? []
    this.#queued.set(role, queue)
    return queue
  }

  /** So many engines and processes are on their way back. */
  get downCount(): number {
    return this.namesDown.length
  }

  get namesDown(): string[] {
    return [...this.#down, ...this.processes.filter(({ isUp }) => !isUp).map(({ name }) => name)]
  }

  /** The next life of a process of the role ends there. Where none is about to begin, one is killed for it. */
  arm(kill: PointKill): void {
    const role = roleOf(kill.point)
    this.#queue(role).push(kill)
    const own = this.processes.filter((one) => one.role === role)
    if (own.length > 0 && own.every(({ pid, armed }) => pid !== null && armed === null)) own[0]!.kill()
  }

  /** Of a role, the `which`th of its processes; an engine is started again after `downMs`, unless it is down already. */
  kill(victim: Role | Engine, which = 0, downMs = 0): void {
    if (victim === 'kafka' || victim === 'clickhouse' || victim === 'redis') {
      if (this.#down.has(victim)) return
      this.whileDown(victim, () => sleep(downMs)).catch((error: unknown) => this.#failures.push(messageOf(error)))
      return
    }
    const own = this.processes.filter(({ role }) => role === victim)
    own[which % own.length]?.kill()
  }

  /** Killed, and started again when `meanwhile` has ended; what that came to. It must be up before. */
  async whileDown<Found>(engine: Engine, meanwhile: () => Promise<Found>): Promise<Found> {
    this.#down.add(engine)
    const server = { kafka: this.broker, clickhouse: this.clickHouse, redis: this.redis }[engine]
    try {
      await server.kill()
      count(this.kills.engines, engine)
      this.onKill(engine)
      return await meanwhile()
    } finally {
      await server.start()
      this.#down.delete(engine)
    }
  }

  /** Where this process ends by an error, nothing of it may go on. */
  readonly #killAll = (): void => {
    for (const pid of [...this.#engines.pids(), ...this.processes.flatMap((one) => one.pid ?? [])]) {
      process.kill(pid, 'SIGKILL')
    }
  }

  /** When every engine and role is up again. */
  async recovered(): Promise<void> {
    const movement = new Movement(READY_STALL_MS)
    while (this.#down.size > 0) {
      if (this.#failures.length > 0) throw new Error(this.#failures.join('; '))
      const down = [...this.#down].join(', ')
      if (!movement.moves(down)) throw new Error(`${down} did not come back`)
      await sleep(100)
    }
    await untilReady(this.processes, READY_STALL_MS)
  }

  /** Everything, at once, with the engines' data; the logs stay. */
  async stop(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.stop()))
    await this.#engines.stop()
    process.off('exit', this.#killAll)
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const sum = (counts: ReadonlyMap<unknown, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)
