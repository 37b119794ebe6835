/** One run of the fault suite: the system, its load, the deaths, and the count at the end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { spansPerTrace } from '../../bench/load.ts'
import { messageOf } from '../../engine/message-of.ts'
import { countPromises } from './check-promises.ts'
import { countSpans } from './check-spans.ts'
import { countRows, mergeAll, type Table, type TableCounts } from './check-tables.ts'
import { churnPlan, faultsPlan } from './definitions.ts'
import { lags, untilDrained } from './drained.ts'
import { Population, tracesPerRequest } from './population.ts'
import { isKept, killRows, promiseRows, type Row, sendRows, spanRows, tableRows } from './report.ts'
import { type Entry, makeSchedule } from './schedule.ts'
import { type Senders, startSenders } from './senders.ts'
import { push, type Stimuli, startStimuli } from './stimuli.ts'
import { FaultSystem, type Instances } from './system.ts'

export interface FaultOptions {
  readonly seed: number
  readonly spans: number
  readonly kills: number
  /** Of the whole run; of which the load takes `LOAD_SHARE` at the most. */
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
  /** `performance.now()` from which on nothing more is begun. */
  readonly loadEndsMs: number
  /** Waits while the load goes on; throws when the run is stopped. */
  wait(ms: number): Promise<void>
}

export interface Scenario {
  readonly name: string
  readonly run: (scene: Scene) => Promise<Row[]>
}

/** So that kills come this far apart on a machine that keeps up: one process is back before the next goes. */
const SECONDS_PER_KILL = 4
/** Traces beyond the load, for what scenarios and points want in the end. */
const RESERVE = 1.5
/** What is left to read when its time is over is told of, and everything is counted all the same. */
const readingEndsMs = (endMs: number): number => endMs - Math.min(180_000, (endMs - performance.now()) / 2)
/** The rest is for outages, for what is left to read, and for counting. */
const LOAD_SHARE = 0.7
const PROGRESS_MS = 10_000
/** Records of the log that readers may be behind before the load waits for them: seconds of their work, not minutes. */
const MOST_BEHIND = 6_000
const LAG_EVERY_MS = 3_000
const MOST_DOWN = 3
const POINTS_LIMIT_MS = 150_000

export async function runFaults(options: FaultOptions): Promise<FaultReport> {
  const startedMs = performance.now()
  const endMs = startedMs + options.seconds * 1_000
  options.onProgress('starting Kafka, ClickHouse, Redis and the roles')
  const system = await FaultSystem.start(options.logsDir, options.sessionSeconds)
  const stopNow = (): void => void system.stop()
  options.signal.addEventListener('abort', stopNow, { once: true })
  try {
    return await underWay(system, options, endMs)
  } finally {
    options.signal.removeEventListener('abort', stopNow)
    await system.stop()
  }
}

async function underWay(system: FaultSystem, options: FaultOptions, endMs: number): Promise<FaultReport> {
  const { seed, spans, kills, onProgress, signal } = options
  const fromMs = Date.now() - 60_000
  const entries = makeSchedule({ seed, spans, kills })
  // What is due from the start on is met by the first lives already.
  const first = entries.filter(({ kind, atSpans }) => kind === 'point' && atSpans === 0)
  const later = entries.filter((entry) => !first.includes(entry))
  for (const entry of first) if (entry.kind === 'point') system.arm(entry)
  await system.startRoles(options.instances, async () => {
    for (const [plan, revision] of [
      [faultsPlan(options.canaries), 'faults'],
      [churnPlan(0), 'r0'],
    ] as const)
      while (!(await push(system, plan, revision))) await sleep(200, undefined, { signal })
  })
  const population = new Population(seed, Math.ceil((spans / spansPerTrace) * RESERVE))
  const senders = startSenders({
    urls: system.gatewayUrls,
    population,
    connections: options.connections,
    spansPerSecond: spans / (kills * SECONDS_PER_KILL * (first.length > 0 ? 0.25 : 1)),
    targetTraces: spans / spansPerTrace,
  })
  const stimuli = startStimuli(system, {
    canaries: options.canaries,
    canaryEveryMs: ((kills * SECONDS_PER_KILL) / options.canaries) * (first.length > 0 ? 250 : 1_000),
  })
  let lastKill = ''
  system.onKill = (what) => {
    lastKill = what
  }
  const loadEndsMs = performance.now() + (endMs - performance.now()) * LOAD_SHARE
  let stage = 'kills'
  const progress = setInterval(() => {
    onProgress(
      `${stage}: ${senders.counts.acknowledgedSpans.toLocaleString('en-GB')} spans acknowledged, ${system.killCount} of ${kills} kills` +
        `${lastKill === '' ? '' : `, the last of ${lastKill}`}`,
    )
  }, PROGRESS_MS)
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal })
  const loadIsOver = new AbortController()
  const held = holdWhileBehind(system, senders, loadIsOver.signal)
  const scene: Scene = { options, system, senders, stimuli, loadEndsMs, wait }
  const rows: Row[] = []
  try {
    await killAsDue(scene, later)
    loadIsOver.abort()
    await held
    stage = 'named points'
    await untilPointsReached(scene)
    const pending = system.pendingPoints
    for (const scenario of options.scenarios) {
      stage = scenario.name
      onProgress(`scenario: ${scenario.name}`)
      rows.push(...(await outcomeOf(scenario, scene)))
    }
    rows.unshift(...killRows(system.kills, kills, pending))
    stage = 'reading the log to its end'
    await stimuli.stop()
    await senders.stop()
    await system.recovered()
    let left = ''
    const isDrained = await untilDrained(system.log, readingEndsMs(endMs), (what) => {
      if (what !== left) stage = `reading the log to its end, ${what} left`
      left = what
    })
    rows.push({ what: 'the log was read to its end', found: isDrained ? 'yes' : `no: ${left}`, isKept: isDrained })
    stage = 'counting'
    rows.push(...sendRows(senders.counts, spans))
    rows.push(...(await count(scene, population, fromMs, endMs)))
  } catch (error) {
    signal.throwIfAborted()
    rows.push({ what: 'the run came to its end', found: messageOf(error), isKept: false })
  } finally {
    clearInterval(progress)
    loadIsOver.abort()
    await stimuli.stop()
    await senders.stop()
  }
  return { rows, isKept: isKept(rows) }
}

/** So that the run ends soon after its load, on a machine that takes faster than it reads. */
async function holdWhileBehind(system: FaultSystem, senders: Senders, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      senders.isHeld = Math.max(0, ...(await lags(system.log)).values()) > MOST_BEHIND
    } catch {
      // Without a broker nothing is taken anyway.
    }
    await sleep(LAG_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  senders.isHeld = false
}

/** The load goes on until all of it is acknowledged and the kills are over, or its time is. */
async function killAsDue(scene: Scene, entries: readonly Entry[]): Promise<void> {
  const { senders, system, loadEndsMs, wait } = scene
  const due = [...entries]
  while (performance.now() < loadEndsMs && (due.length > 0 || !senders.reached())) {
    const isDue = due.length > 0 && due[0]!.atSpans <= senders.counts.acknowledgedSpans
    // On a machine that is slow to bring them back, everything would be dead at once, and nothing be tried.
    if (isDue && system.downCount < MOST_DOWN) {
      const entry = due.shift()!
      if (entry.kind === 'point') system.arm(entry)
      else system.kill(entry.victim, entry.which, entry.which)
    }
    await wait(100)
  }
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
async function untilPointsReached({ senders, system, wait }: Scene): Promise<void> {
  const limitMs = performance.now() + POINTS_LIMIT_MS
  while (system.pendingPoints.length > 0 && performance.now() < limitMs) {
    senders.target += tracesPerRequest
    await wait(500)
  }
}

async function count(scene: Scene, population: Population, fromMs: number, endMs: number): Promise<Row[]> {
  const { system, stimuli } = scene
  const { url } = system.clickHouse
  // What came last has settled for the queries too: a root is stored for some seconds by then.
  await scene.wait(8_000)
  const rows = spanRows(await countSpans(system.traces, population, fromMs))
  rows.push(...promiseRows(await settled(() => countPromises(system, stimuli.promised), endMs)))
  const tables = async (): Promise<Record<Table, TableCounts>> => ({
    spans: await countRows(url, 'spans'),
    results: await countRows(url, 'results'),
  })
  const before = await tables()
  for (const table of ['spans', 'results'] as const) await mergeAll(url, table)
  return [...rows, ...tableRows(before, await tables())]
}

/** Runs by a judge whose worker was killed last are taken up after their lock is over. */
async function settled(ask: () => ReturnType<typeof countPromises>, endMs: number): ReturnType<typeof countPromises> {
  const limitMs = Math.min(endMs, performance.now() + 90_000)
  for (;;) {
    const counts = await ask()
    if ((counts.runsLost === 0 && counts.alertsMissed === 0) || performance.now() > limitMs) return counts
    await sleep(1_000)
  }
}
