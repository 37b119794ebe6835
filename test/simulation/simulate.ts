/** One run: the loops on a simulated log and store, under the faults that the seed decides, and the promises they must keep. */
import { messageOf } from '../../engine/message-of.ts'
import { AGENT_TRACES, EVAL_RESULTS, onlineTopics } from '../../storage/log/topics.ts'
import { SimulatedClock } from './clock.ts'
import { Faults } from './faults.ts'
import { brokenPromise } from './final-checks.ts'
import { brokenLateSpan, judgedWhole } from './late-span.ts'
import { EVALUATE_GROUP, Ledger, STORE_GROUP } from './ledger.ts'
import { LogServer } from './log-server.ts'
import { Members, type Settings } from './members.ts'
import { SimulatedProcess, type Surroundings } from './process.ts'
import { Random } from './random.ts'
import { StoreServer } from './store-server.ts'
import { type Role, type SentRecord, START_MS, Workload } from './workload.ts'

export interface Outcome {
  readonly seed: number
  /** Null when all promises were kept. */
  readonly violation: string | null
  readonly steps: number
  readonly simulatedMs: number
}

const CHECK_MS = 100
/** From the end of the faults, and of what is sent, to no lag. */
const MOST_MS_TO_CATCH_UP = 60_000
/** A record that kills is found by a few deaths, after each of which its group waits for a session to end. */
const MORE_MS_OF_POISON = 60_000
/** A late span that begins in the time of who reads it: after a record of its tenant. */
const LATE_MS = 100
/** From other partitions to knowing what waits in them: longer than a process stands still. */
const TAKEN_OVER_MS = 4_500
const ROLES: readonly Role[] = ['evaluate', 'store']

/** `note` is given a line for each thing that happens. */
export async function simulate(seed: number, note?: (line: string) => void): Promise<Outcome> {
  const simulation = new Simulation(seed, note)
  const violation = await simulation.run()
  return { seed, violation, steps: simulation.steps, simulatedMs: simulation.simulatedMs }
}

class Simulation {
  readonly #random: Random
  readonly #clock = new SimulatedClock(START_MS)
  readonly #surroundings: Surroundings
  readonly #faults: Faults
  readonly #settings: Settings
  readonly #ledger: Ledger
  readonly #members: Members
  readonly #workload: Workload
  #unsent = 0
  steps = 0

  constructor(seed: number, note: ((line: string) => void) | undefined) {
    const random = new Random(seed)
    this.#random = random
    const endMs = START_MS + random.int(2_000, 7_000)
    this.#faults = new Faults(random, START_MS, endMs)
    const clock = this.#clock
    this.#surroundings = {
      clock,
      faults: this.#faults,
      note: (line) => note?.(`${String(clock.nowMs - START_MS).padStart(6)} ${line()}`),
    }
    this.#settings = {
      style: random.pick(['embedded', 'kafka']),
      partitions: random.int(1, 3),
      maxFetchRecords: random.pick([1, 3, 20]),
      maxRows: random.pick([3, 10, 10_000]),
      maxOpenTraces: random.chance(0.2) ? 2 : 1_000,
      hasReadBack: random.chance(0.7),
      maxSkewMs: random.pick([0, 0, 50]),
    }
    const { partitions } = this.#settings
    this.#ledger = new Ledger(() => clock.nowMs)
    const topics = onlineTopics.map(({ name }) => ({ name, partitions: name === AGENT_TRACES ? partitions : 1 }))
    this.#ledger.log = new LogServer(topics, () => clock.nowMs, this.#ledger)
    this.#ledger.store = new StoreServer()
    this.#members = new Members(this.#surroundings, random, this.#ledger, this.#settings)
    this.#workload = new Workload(random, partitions, endMs)
    note?.(JSON.stringify(this.#settings))
  }

  get simulatedMs(): number {
    return this.#clock.nowMs - START_MS
  }

  async run(): Promise<string | null> {
    const ledger = this.#ledger
    try {
      this.#planSending(this.#workload.records)
      this.#planDisturbances()
      for (const role of ROLES) for (let i = this.#random.int(1, 2); i > 0; i--) this.#members.start(role)
      await this.#runUntilQuiet()
      ledger.violation ??= brokenPromise(ledger, this.#settings)
      if (ledger.violation === null && this.#random.chance(0.4)) await this.#sendLateSpan()
    } catch (error) {
      ledger.violate(messageOf(error))
    }
    return ledger.violation
  }

  #planSending(records: readonly SentRecord[]): void {
    const process = new SimulatedProcess('client', this.#surroundings, { skewMs: 0, onCrash: null })
    const { log } = this.#ledger
    this.#unsent += records.length
    for (const sent of records) {
      this.#ledger.send(sent)
      const attempt = async (): Promise<void> => {
        const apply = () => log.append(AGENT_TRACES, [sent.record])
        try {
          await process.request({ what: 'send', service: 'log', apply, isRepeatable: true })
        } catch {
          process.after(this.#random.int(50, 1_000), () => void attempt())
          return
        }
        this.#ledger.acknowledged.add(sent)
        this.#unsent--
      }
      this.#clock.after(sent.atMs - this.#clock.nowMs, () => void attempt())
    }
  }

  /** Of a trace that was judged before evaluation began anew: it is completed from the store, which has all of it by now. */
  async #sendLateSpan(): Promise<void> {
    const ledger = this.#ledger
    const judged = judgedWhole(ledger)
    const [first] = judged === null ? [] : this.#workload.recordsOf(judged.traceKey)
    if (judged === null || first === undefined || !this.#settings.hasReadBack) return
    this.#members.killAll('evaluate')
    const atMs = this.#clock.nowMs + LATE_MS + this.#random.int(0, 3_000)
    // It began with the others, or is one that nothing in it tells from a new trace.
    const startMs = this.#random.pick([first.atMs, atMs - 1])
    const another = this.#workload.anotherOf(first, atMs - LATE_MS)
    this.#planSending([another, this.#workload.lateSpanOf(first, atMs, startMs)])
    await this.#runUntilQuiet()
    ledger.violation ??= brokenPromise(ledger, this.#settings) ?? brokenLateSpan(ledger, judged)
  }

  #planDisturbances(): void {
    const random = this.#random
    const sometime = (run: () => void) => this.#clock.after(random.int(0, this.#faults.endMs - START_MS), run)
    for (const role of ROLES) {
      if (random.chance(0.35)) sometime(() => this.#members.kill(role))
      if (random.chance(0.3)) sometime(() => this.#members.freeze(role, random.int(300, 3_500)))
      if (random.chance(0.3)) sometime(() => this.#members.start(role))
      if (random.chance(0.3)) sometime(() => this.#members.stop(role))
    }
  }

  async #runUntilQuiet(): Promise<void> {
    const lastSentMs = this.#workload.records.at(-1)?.atMs ?? START_MS
    const fromMs = Math.max(lastSentMs, this.#faults.endMs, this.#clock.nowMs)
    const isPoisoned = this.#workload.records.some(({ kills }) => kills.length > 0)
    const deadlineMs = fromMs + MOST_MS_TO_CATCH_UP + (isPoisoned ? MORE_MS_OF_POISON : 0)
    let nextCheckMs = Math.max(this.#faults.endMs, this.#clock.nowMs)
    let wasQuiet = false
    while (this.#ledger.violation === null) {
      if (!(await this.#clock.step())) throw new Error('nothing happens any more')
      this.steps++
      this.#members.checkBounds()
      if (this.#clock.nowMs < nextCheckMs) continue
      nextCheckMs = this.#clock.nowMs + CHECK_MS
      // Twice: verdicts may be on their way to the log.
      const isQuiet = this.#isQuiet()
      if (isQuiet && wasQuiet) return
      wasQuiet = isQuiet
      if (this.#clock.nowMs > deadlineMs) throw new Error(`the lag does not reach zero: ${this.#lag()}`)
    }
  }

  #isQuiet(): boolean {
    if (this.#unsent > 0 || !this.#members.isIdle) return false
    // Whoever has partitions since then finds what waits in them.
    if (this.#clock.nowMs < this.#ledger.evaluationDisturbedAtMs + TAKEN_OVER_MS) return false
    return Object.values(this.#lags()).every((lag) => lag === 0)
  }

  #lags(): Record<string, number> {
    const { log } = this.#ledger
    return {
      [EVALUATE_GROUP]: log.lagOf(EVALUATE_GROUP, [AGENT_TRACES]),
      [STORE_GROUP]: log.lagOf(STORE_GROUP, [AGENT_TRACES, EVAL_RESULTS]),
    }
  }

  #lag(): string {
    return `${JSON.stringify(this.#lags())}, ${this.#unsent} records unsent, ${this.#members.isIdle ? 'idle' : 'not idle'}`
  }
}
