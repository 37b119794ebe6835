/** The processes that run the loops: started, killed, replaced. */
import { compileEvaluator, type Evaluator } from '../../engine/evaluate/evaluator.ts'
import { compileRedaction, type Redactor } from '../../engine/redact/redact.ts'
import type { AssemblyTimes } from '../../workers/online/assembly-times.ts'
import { type EvaluateLoop, startEvaluateLoop } from '../../workers/online/evaluate-loop.ts'
import { type StoreLoop, startStoreLoop } from '../../workers/online/store-loop.ts'
import type { ConsumerStyle } from './consumer.ts'
import type { Ledger } from './ledger.ts'
import { LogClient } from './log-client.ts'
import { PLAN } from './plan.ts'
import { SimulatedProcess, type Surroundings } from './process.ts'
import type { Random } from './random.ts'
import { storeClient } from './store-client.ts'
import { isPoisonFor, type Role } from './workload.ts'

/** Of the defaults, what makes a run short. */
export const TIMES: AssemblyTimes = { settleMs: 500, idleMs: 4_000, maxOpenMs: 20_000, holdMs: 4_000 }

export interface Settings {
  readonly style: ConsumerStyle
  readonly partitions: number
  readonly maxFetchRecords: number
  readonly maxRows: number
  readonly maxOpenTraces: number
  readonly hasReadBack: boolean
  readonly maxSkewMs: number
}

interface Member {
  readonly role: Role
  readonly process: SimulatedProcess
  readonly isStopping: boolean
  readonly loop: EvaluateLoop | StoreLoop | null
}

/** A record holds this many spans at the most; a batch is full when it has `maxRows`, and a fetch comes on top of that. */
const MAX_ROWS_OF_RECORD = 8
const GRACE_MS = 600

export class Members {
  readonly #surroundings: Surroundings
  readonly #random: Random
  readonly #ledger: Ledger
  readonly #settings: Settings
  readonly #members = new Map<SimulatedProcess, Member>()
  #started = 0

  constructor(surroundings: Surroundings, random: Random, ledger: Ledger, settings: Settings) {
    this.#surroundings = surroundings
    this.#random = random
    this.#ledger = ledger
    this.#settings = settings
  }

  start(role: Role): void {
    const { maxSkewMs } = this.#settings
    const skewMs = this.#random.int(-maxSkewMs, maxSkewMs)
    const onCrash = () => this.#onGone(process)
    const process = new SimulatedProcess(`${role}-${++this.#started}`, this.#surroundings, { skewMs, onCrash })
    this.#members.set(process, { role, process, isStopping: false, loop: null })
    const loop = role === 'evaluate' ? this.#startEvaluate(process) : this.#startStore(process)
    loop.then((started) => {
      const member = this.#members.get(process)
      if (member !== undefined) this.#members.set(process, { ...member, loop: started })
    }, this.#bug)
  }

  /** One at random; none while one of its role is being replaced. */
  kill(role: Role): void {
    const found = this.#of(role)
    if (found.length > 0) this.#random.pick(found).process.kill()
  }

  killAll(role: Role): void {
    for (const { process } of this.#of(role)) process.kill()
  }

  freeze(role: Role, ms: number): void {
    const found = this.#of(role)
    if (found.length > 0) this.#random.pick(found).process.freeze(ms)
  }

  /** As on SIGTERM. */
  stop(role: Role): void {
    const found = this.#of(role).filter(({ isStopping, loop }) => !isStopping && loop !== null)
    if (found.length === 0) return
    const member = this.#random.pick(found)
    this.#members.set(member.process, { ...member, isStopping: true })
    this.#surroundings.note(() => `${member.process.name} is told to end`)
    member.loop!.drain().then(() => member.process.kill(), this.#bug)
  }

  /** All open traces are judged, and nothing is pending. */
  get isIdle(): boolean {
    for (const { loop } of this.#members.values()) {
      if (loop === null) return false
      const stats = loop.stats()
      const left = 'openTraces' in stats ? stats.openTraces + stats.waitingForStore : stats.pendingRows
      if (left > 0) return false
    }
    return this.#of('evaluate').length > 0 && this.#of('store').length > 0
  }

  /** At every step. */
  checkBounds(): void {
    const { maxRows, maxFetchRecords, maxOpenTraces } = this.#settings
    const maxPending = 2 * (maxRows + maxFetchRecords * MAX_ROWS_OF_RECORD)
    for (const { loop, process } of this.#members.values()) {
      if (loop === null) continue
      const stats = loop.stats()
      if ('openTraces' in stats) {
        if (stats.openTraces > maxOpenTraces) {
          this.#ledger.violate(`${process.name} has ${stats.openTraces} open traces, ${maxOpenTraces} at the most`)
        }
      } else if (stats.pendingRows > maxPending) {
        this.#ledger.violate(`${process.name} holds ${stats.pendingRows} rows, ${maxPending} at the most`)
      }
    }
  }

  #of(role: Role): Member[] {
    return [...this.#members.values()].filter((member) => member.role === role)
  }

  #startEvaluate(process: SimulatedProcess): Promise<EvaluateLoop> {
    const { hasReadBack, maxOpenTraces } = this.#settings
    return startEvaluateLoop({
      log: this.#log(process),
      definitions: { current: () => PLAN },
      compile: (plan) => deadlyEvaluator(compileEvaluator(plan), process),
      nowMs: process.nowMs,
      onProblem: (text) => this.#surroundings.note(() => `${process.name}: ${text}`),
      ...(hasReadBack && { traces: storeClient(this.#ledger.store, process) }),
      times: TIMES,
      budget: { maxTraces: maxOpenTraces },
      runtime: process.runtime,
    })
  }

  #startStore(process: SimulatedProcess): Promise<StoreLoop> {
    return startStoreLoop({
      log: this.#log(process),
      traces: storeClient(this.#ledger.store, process),
      definitions: () => deadlyRedactor(process),
      nowMs: process.nowMs,
      onProblem: (text) => this.#surroundings.note(() => `${process.name}: ${text}`),
      maxRows: this.#settings.maxRows,
      graceMs: GRACE_MS,
      runtime: process.runtime,
    })
  }

  #log(process: SimulatedProcess): LogClient {
    const { style, maxFetchRecords } = this.#settings
    const ledger = this.#ledger
    return new LogClient({
      server: ledger.log,
      process,
      random: this.#random,
      style,
      maxFetchRecords,
      deliveries: ledger,
    })
  }

  #onGone(process: SimulatedProcess): void {
    const member = this.#members.get(process)
    if (member === undefined) return
    this.#members.delete(process)
    if (this.#of(member.role).length > 0) return
    this.#surroundings.clock.after(this.#random.int(20, 2_500), () => {
      if (this.#of(member.role).length === 0) this.start(member.role)
    })
  }

  readonly #bug = (error: unknown): void => {
    this.#ledger.violate(`a loop fails: ${error instanceof Error ? error.stack : String(error)}`)
  }
}

const NOTHING = compileRedaction(PLAN)

function deadlyEvaluator(evaluator: Evaluator, process: SimulatedProcess): Evaluator {
  return {
    ...evaluator,
    onSpan: (span, ...rest) => {
      if (isPoisonFor('evaluate', span)) process.kill()
      return evaluator.onSpan(span, ...rest)
    },
  }
}

function deadlyRedactor(process: SimulatedProcess): Redactor {
  return {
    ...NOTHING,
    apply: (span) => {
      if (isPoisonFor('store', span)) process.kill()
      return NOTHING.apply(span)
    },
  }
}
