/** One run of the fault suite: the system, its load, the deaths, and the count at the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { spansPerTrace } from '../../bench/load.ts'
import { messageOf } from '../../engine/message-of.ts'
import { count } from './count.ts'
import { churnPlan, faultsPlan } from './definitions.ts'
import { lags, tracesWaiting, untilDrained } from './drained.ts'
import { Journal } from './journal.ts'
import { MemoryWatch } from './memory.ts'
import { Movement, type Patience, untilNothingLeft } from './movement.ts'
import { pacedBy } from './pace.ts'
import { Population, tracesPerRequest } from './population.ts'
import { isKept, killRows, type Row, sendRows } from './report.ts'
import { type Entry, makeSchedule, victimsOf } from './schedule.ts'
import { type Senders, startSenders } from './senders.ts'
import { push, type Stimuli, startStimuli } from './stimuli.ts'
import { FaultSystem, type Instances } from './system.ts'

export interface FaultOptions {
  readonly seed: number
  /** Acknowledged over the whole run: under the kills, and in outages. */
  readonly spans: number
  readonly kills: number
  /** Of the whole run, far more than it takes: what stands still ends it before. */
  readonly seconds: number
  readonly instances: Instances
  readonly connections: number
  /** After which the partitions of a dead process are given to another: short, but longer than a busy machine lets one wait. */
  readonly sessionSeconds: number
  /** Each has an alert that fires once. */
  readonly canaries: number
  /** Load, kills and outages while everything runs; in order. */
  readonly scenarios: readonly Scenario[]
  /** Kept by the caller, or not. */
  readonly logsDir: string
  readonly signal: AbortSignal
  /** A line on how far it is. */
  readonly onProgress: (line: string) => void
}

export interface FaultReport {
  readonly rows: readonly Row[]
  readonly isKept: boolean
}

/** What a scenario works with; it raises the senders' target for the load that it wants. */
export interface Scene {
  readonly options: FaultOptions
  readonly system: FaultSystem
  readonly senders: Senders
  readonly stimuli: Stimuli
  readonly population: Population
  readonly patience: Patience
  /** Waits while the load goes on; throws when the run is stopped. */
  wait(ms: number): Promise<void>
}

export interface Scenario {
  readonly name: string
  /** For how long an engine is away. */
  readonly downMs: number
  readonly run: (scene: Scene) => Promise<Row[]>
}

/** Nothing moved for so long: minutes in which a machine with cores to share would have done something. */
const STALL_MS = 240_000
/** Of the time of the run for counting, whatever was waited for in vain. */
const countingMs = (seconds: number): number => Math.min(400_000, seconds * 200)
const PROGRESS_MS = 10_000
const LOOK_AT_MEMORY_MS = 250
/** Records of the log that readers may be behind before the load waits for them: seconds of their work, not minutes. */
const MOST_BEHIND = 6_000
const LAG_EVERY_MS = 3_000
const MOST_DOWN = 3
const MAKE_UP_EVERY_MS = 1_500

export async function runFaults(options: FaultOptions): Promise<FaultReport> {
  const startedMs = performance.now()
  options.onProgress('starting Kafka, ClickHouse, Redis and the roles')
  const system = await FaultSystem.start(options.logsDir, options.sessionSeconds)
  const stopNow = (): void => void system.stop()
  options.signal.addEventListener('abort', stopNow, { once: true })
  try {
    return await underWay(system, options, startedMs)
  } finally {
    options.signal.removeEventListener('abort', stopNow)
    await system.stop()
  }
}

async function underWay(system: FaultSystem, options: FaultOptions, startedMs: number): Promise<FaultReport> {
  const { seed, spans, kills, onProgress, signal } = options
  const fromMs = Date.now() - 60_000
  const pace = pacedBy({ spans, kills, scenarios: options.scenarios })
  const entries = makeSchedule({ seed, spans: pace.spansUnderKills, kills })
  // What is due from the start on is met by the first lives already.
  const first = entries.filter(({ kind, atSpans }) => kind === 'point' && atSpans === 0)
  const later = entries.filter((entry) => !first.includes(entry))
  for (const entry of first) if (entry.kind === 'point') system.arm(entry)
  const journal = new Journal(options.logsDir)
  const memory = new MemoryWatch()
  let stage = 'start'
  let waitsFor = ''
  const watching = setInterval(() => memory.look(system.processes, stage), LOOK_AT_MEMORY_MS)
  const population = new Population(seed, pace.mostTraces)
  const loadIsOver = new AbortController()
  let stopLoad = async (): Promise<void> => {}
  const rows: Row[] = []
  try {
    await system.startRoles(options.instances, async () => {
      for (const [plan, revision] of [
        [faultsPlan(options.canaries), 'faults'],
        [churnPlan(0), 'r0'],
      ] as const)
        while (!(await push(system, plan, revision))) await sleep(200, undefined, { signal })
    })
    const senders = startSenders({
      urls: system.gatewayUrls,
      population,
      connections: options.connections,
      spansPerSecond: pace.spansPerSecond,
      targetTraces: tracesOf(pace.spansUnderKills),
    })
    const stimuli = startStimuli(system, {
      canaries: options.canaries,
      canaryEveryMs: pace.killsMs / options.canaries,
    })
    let lastKill = ''
    system.onKill = (what) => {
      lastKill = what
      journal.note(`killed ${what}, at ${senders.counts.acknowledgedSpans} spans acknowledged`)
    }
    const say = (): void =>
      onProgress(
        `${stage}${waitsFor === '' ? '' : ` (left: ${waitsFor})`}: ${senders.counts.acknowledgedSpans.toLocaleString('en-GB')} spans acknowledged, ${system.killCount} of ${kills} kills` +
          `${lastKill === '' ? '' : `, the last of ${lastKill}`}`,
      )
    const progress = setInterval(say, PROGRESS_MS)
    stopLoad = async () => {
      clearInterval(progress)
      loadIsOver.abort()
      await stimuli.stop()
      await senders.stop()
    }
    const enter = (next: string): void => {
      stage = next
      journal.note(next)
    }
    const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal })
    const patience: Patience = {
      stallMs: STALL_MS,
      endMs: startedMs + options.seconds * 1_000 - countingMs(options.seconds),
      signal,
      tell: (left) => {
        waitsFor = left
      },
    }
    const scene: Scene = { options, system, senders, stimuli, population, patience, wait }
    const behind = { records: 0 }
    const held = holdWhileBehind(scene, behind, loadIsOver.signal)
    enter('kills')
    const stoodStill = await killAsDue(scene, later, behind)
    loadIsOver.abort()
    await held
    if (stoodStill !== '') rows.push({ what: 'the load and the kills went on', found: stoodStill, isKept: false })
    enter('named points')
    await untilPointsReached(scene)
    await makeUpKills(scene)
    const pending = system.pendingPoints
    for (const scenario of options.scenarios) {
      enter(scenario.name)
      onProgress(`scenario: ${scenario.name}`)
      rows.push(...(await outcomeOf(scenario, scene)))
    }
    rows.unshift(...killRows(system.kills, kills, pending))
    enter('the rest of the load')
    senders.target = Math.max(senders.begun, tracesOf(spans))
    await untilNothingLeft(patience, () => (senders.reached() ? 0 : `${senders.counts.acknowledgedSpans} spans`))
    enter('reading the log to its end')
    await stimuli.stop()
    await senders.stop()
    await system.recovered()
    await untilDrained(system.log, patience)
    enter('traces that wait for the store')
    // What is left of it is seen by the count; their verdicts are in the log then, and to be read as well.
    await untilNothingLeft({ ...patience, stallMs: patience.stallMs / 4 }, () => tracesWaiting(system.processes))
    const left = await untilDrained(system.log, patience)
    rows.push({ what: 'the log was read to its end', found: left === '' ? 'yes' : `no: ${left}`, isKept: left === '' })
    enter('counting')
    rows.push(...sendRows(senders.counts, spans))
    rows.push(...(await count(scene, fromMs, journal)))
  } catch (error) {
    signal.throwIfAborted()
    rows.push({ what: 'the run came to its end', found: `no: ${messageOf(error)} (${stage})`, isKept: false })
  } finally {
    await stopLoad()
    clearInterval(watching)
  }
  rows.push(...memory.rows())
  if (!isKept(rows)) await journal.noteLog(system.log)
  return { rows, isKept: isKept(rows) }
}

/** Whole requests. */
const tracesOf = (spans: number): number => Math.ceil(spans / spansPerTrace / tracesPerRequest) * tracesPerRequest

/** So that the run ends soon after its load, on a machine that takes faster than it reads. */
async function holdWhileBehind(
  { system, senders }: Scene,
  behind: { records: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      behind.records = Math.max(0, ...(await lags(system.log)).values())
      senders.isHeld = behind.records > MOST_BEHIND
    } catch {
      // Without a broker nothing is taken anyway.
    }
    await sleep(LAG_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  senders.isHeld = false
}

/** Until all of the load is acknowledged and the kills are over; otherwise, what stood still. */
async function killAsDue(scene: Scene, entries: readonly Entry[], behind: { records: number }): Promise<string> {
  const { senders, system, patience, wait } = scene
  const due = [...entries]
  const movement = new Movement(patience.stallMs)
  while (due.length > 0 || !senders.reached()) {
    const isDue = due.length > 0 && due[0]!.atSpans <= senders.counts.acknowledgedSpans
    // On a machine that is slow to bring them back, everything would be dead at once, and nothing be tried.
    if (isDue && system.downCount < MOST_DOWN) {
      const entry = due.shift()!
      if (entry.kind === 'point') system.arm(entry)
      else system.kill(entry.victim, entry.which, entry.which)
    }
    const { acknowledgedSpans } = senders.counts
    const seen = `${acknowledgedSpans} spans acknowledged, ${system.killCount} deaths, down: ${system.namesDown.join(', ')}`
    // Reading what the load is held for is moving too; records that come every second are not.
    const movingTo = `${acknowledgedSpans} ${system.killCount} ${Math.round(behind.records / 200)}`
    if (!movement.moves(movingTo)) return `stood still for ${patience.stallMs / 1_000} s: ${seen}`
    if (performance.now() > patience.endMs) return `took all the time of the run: ${seen}`
    await wait(100)
  }
  return ''
}

/** One that cannot be played is told of, and what was promised is counted all the same. */
async function outcomeOf({ name, run }: Scenario, scene: Scene): Promise<Row[]> {
  try {
    return await run(scene)
  } catch (error) {
    scene.options.signal.throwIfAborted()
    return [{ what: name, found: messageOf(error), isKept: false }]
  }
}

/** Points that take rare events are reached when these come: until then a trickle goes on. */
async function untilPointsReached({ senders, system, patience }: Scene): Promise<void> {
  await untilNothingLeft(patience, () => {
    if (senders.reached()) senders.target += tracesPerRequest
    return system.pendingPoints.length
  })
}

/** Who was armed when another of its role was dead anyway took no kill of its own: others make up for it. */
async function makeUpKills({ options, senders, system, patience }: Scene): Promise<void> {
  const draw = victimsOf(options.seed)
  await untilNothingLeft(
    patience,
    () => {
      if (system.killCount >= options.kills) return 0
      if (senders.reached()) senders.target += tracesPerRequest
      if (system.downCount < MOST_DOWN) system.kill(...draw())
      return options.kills - system.killCount
    },
    MAKE_UP_EVERY_MS,
  )
}
