/**
 * Offline runs end to end: judged traces per second against a local judge that answers at once, and against one that takes a second; on Redis with
 * the worker as a process of its own, and on PGlite within `assay up`; beside G-Eval of DeepEval asking the same judge in the same run. A smaller
 * run goes before the one that is measured: a broker and roles that have just been started are still compiling what they do.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { offlineRunSchema, runResponseSchema } from '../server/offline-schemas.ts'
import { healthSchema } from '../server/schemas.ts'
import { startEngines } from '../test/faults/engines.ts'
import { startAssay } from '../test/support/assay-process.ts'
import { kafkaIsMissing } from '../test/support/kafka-jars.ts'
import { redisServer, startRedis } from '../test/support/redis-server.ts'
import { cliFile, startServe } from '../test/support/serve-process.ts'
import { measureCacheHits } from './judge/cache-hits.ts'
import { DEEPEVAL, installDeepEval, measureDeepEval } from './judge/deepeval.ts'
import { type JudgeStub, startJudgeStub } from './judge/judge-stub.ts'
import { sendTraces } from './judge/traces.ts'
import { processUsage } from './process-usage.ts'
import { threadCpuSeconds } from './threads.ts'

export interface JudgeLoad {
  subjects: number
  /** In a run before, of another eval; of the judge that answers at once. */
  warmUpSubjects: number
  /** Of the judge that takes a second: a multiple of what is asked at once, for a last round of a few takes as long as one of all. */
  slowSubjects: number
  deepEvalCases: number
}

const TO_REACH = { perSecond: 1_000, slowPerSecond: 230, peakMb: 300 }
const SLOW_MS = 1_000
const SLOW_AT_ONCE = 256
const SESSION_SECONDS = 15
const DEADLINE_MS = 600_000

interface Judging {
  subjects: number
  warmUpSubjects: number
  isSlow: boolean
}

/** Of what one of them asks, nothing is found in the cache of the other. */
const rulesOf = ({ subjects, warmUpSubjects }: Judging): string => `package bench

scope asked = trace where agent.name == "support"
${evalOf('judged', subjects, 'Solved')}${evalOf('warm_up', warmUpSubjects, 'Quite solved')}`

const evalOf = (name: string, subjects: number, solved: string): string => `
offline eval ${name} {
  every:    hour in "UTC"
  sample:   ${subjects} of asked over 1h
  judge:    "openai/stub"
  show:     input.text, output.text
  scale:    1 to 5
  rubric:   """
    5  ${solved}, and the customer can verify it.
    3  Partly solved, or the customer must ask again.
    1  Not solved, or wrong.
    """
  pass:     score >= 4
  missing:  unknown
}
`

/** What a run is measured on. */
interface Place {
  apiUrl: string
  tracesUrl: string
  /** That judges. */
  pid: number
  /** Processes beside it on the same cores, by what they are. */
  beside: Readonly<Record<string, number>>
  isWorkerAlone: boolean
  stop(): Promise<void>
}

interface PlaceOptions {
  rules: string
  env: Readonly<Record<string, string>>
}

export async function run(load: JudgeLoad): Promise<void> {
  console.log(`judged traces per second, ${load.subjects} in a run, after one of ${load.warmUpSubjects} to warm up`)
  await measureRuns(load, 0)
  await runSlow(load)
  await measureCaches()
}

export async function runSlow(load: JudgeLoad): Promise<void> {
  console.log(`against a judge that takes ${SLOW_MS} ms, ${load.slowSubjects} in a run, ${SLOW_AT_ONCE} at once`)
  await measureRuns({ ...load, subjects: load.slowSubjects, warmUpSubjects: 2 * SLOW_AT_ONCE }, SLOW_MS)
}

async function measureRuns({ subjects, warmUpSubjects, deepEvalCases }: JudgeLoad, delayMs: number): Promise<void> {
  const isSlow = delayMs > 0
  const judging: Judging = { subjects, warmUpSubjects, isSlow }
  const places = [
    ['Redis, a worker by itself', onRedis],
    ['PGlite, in one process', onPGlite],
  ] as const
  const rates: (readonly [string, number])[] = []
  for (const [name, open] of places) {
    const judge = await startJudgeStub(delayMs)
    const options = {
      rules: rulesOf(judging),
      env: {
        ASSAY_OPENAI_BASE_URL: judge.url,
        ...(isSlow && { ASSAY_WORKER_SUBJECTS_AT_ONCE: String(SLOW_AT_ONCE) }),
      },
    }
    const place = await open(options)
    try {
      if (place === null) continue
      const perSecond = await measureRun(name, place, judge, judging)
      rates.push([name, perSecond])
    } finally {
      await place?.stop()
      await judge.stop()
    }
  }
  if (isSlow) return
  const python = installDeepEval()
  if (python === null) return
  const judge = await startJudgeStub(delayMs)
  try {
    for (const concurrency of [16, 128]) {
      const rate = await measureDeepEval(python, judge.url, deepEvalCases, concurrency)
      const ratios = rates.map(([name, own]) => `${(own / rate).toFixed(1)}× on ${name.split(',')[0]}`)
      console.log(`  ${DEEPEVAL}, ${concurrency} at once: ${rate.toFixed(0)} cases/s (Assay ${ratios.join(', ')})`)
    }
  } finally {
    await judge.stop()
  }
}

async function measureRun(
  name: string,
  place: Place,
  judge: JudgeStub,
  { subjects, warmUpSubjects, isSlow }: Judging,
): Promise<number> {
  await sendTraces(place.tracesUrl, subjects, Date.now())
  await until(async () => (await storedSpans(place.apiUrl)) >= subjects * 2)
  await judged(place.apiUrl, 'warm_up', warmUpSubjects)
  await judge.stats()
  const beside = { ...place.beside, 'the judge': judge.pid }
  const cpuBefore = processUsage(place.pid)?.cpuSeconds ?? Number.NaN
  const threadsBefore = threadCpuSeconds(place.pid)
  const besideBefore = cpuOf(beside)
  const askedMs = Date.now()
  const endedMs = await judged(place.apiUrl, 'judged', subjects)
  const { firstMs, mostAtOnce } = await judge.stats()
  const perSecond = subjects / ((endedMs - askedMs) / 1_000)
  const usage = processUsage(place.pid)
  const target = isSlow ? TO_REACH.slowPerSecond : TO_REACH.perSecond
  // One that answers at once has no two calls at the same time, however many come.
  const atOnce = isSlow ? `, at most ${mostAtOnce} calls at once` : ''
  const fromFirstCall = subjects / ((endedMs - firstMs) / 1_000)
  console.log(
    `  ${name}: ${perSecond.toFixed(0)} traces/s of the whole run (to reach: ${target}), ${fromFirstCall.toFixed(0)} from the first call${atOnce}`,
  )
  const msOf = (seconds: number): number => (seconds / subjects) * 1_000
  const cpuMs = msOf((usage?.cpuSeconds ?? Number.NaN) - cpuBefore)
  console.log(
    `    CPU ${cpuMs.toFixed(2)} ms a trace, peak memory ${Math.round((usage?.peakRssBytes ?? 0) / 1e6)} MB` +
      (place.isWorkerAlone ? ` (to reach: under ${TO_REACH.peakMb})` : ', store and log within'),
  )
  const threads = [...threadCpuSeconds(place.pid)]
    .map(([name, cpuSeconds]) => [name, msOf(cpuSeconds - (threadsBefore.get(name) ?? 0))] as const)
    .filter(([, ms]) => ms >= 0.05)
    .sort((a, b) => b[1] - a[1])
  console.log(`    by thread: ${threads.map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(', ')}`)
  const others = Object.entries(cpuOf(beside)).map(
    ([name, cpuSeconds]) => `${name} ${msOf(cpuSeconds - (besideBefore[name] ?? 0)).toFixed(2)}`,
  )
  console.log(`    beside it: ${others.join(', ')}`)
  return perSecond
}

/** Runs an eval whose traces all pass; when the run ended. */
async function judged(apiUrl: string, name: string, subjects: number): Promise<number> {
  const asked = await fetch(`${apiUrl}/v1/evals/bench/${name}/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ at: 'now' }),
  })
  if (!asked.ok) throw new Error(`the run was refused: ${await asked.text()}`)
  const { runId } = runResponseSchema.parse(await asked.json())
  const { outcome, endedAt } = await untilEnded(`${apiUrl}/v1/offline/runs/${runId}`)
  const { pass, error, unknown } = outcome
  if (pass !== subjects)
    throw new Error(`of ${subjects} traces ${pass} passed, ${error} failed, ${unknown} are unknown`)
  return Date.parse(endedAt ?? '')
}

function cpuOf(pids: Place['beside']): Record<string, number> {
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, processUsage(pid)?.cpuSeconds ?? Number.NaN]),
  )
}

async function onRedis({ rules, env }: PlaceOptions): Promise<Place | null> {
  const missing = kafkaIsMissing() ?? (redisServer.installed ? null : 'redis-server is not installed')
  if (missing !== null) {
    console.log(`  on Redis: not run, ${missing}`)
    return null
  }
  const engines = await startEngines(SESSION_SECONDS)
  const all = { ...engines.env, ...env }
  const rest = await startServe(['gateway', 'trans-store', 'api', 'scheduler'], all)
  const worker = await startServe(['worker'], all)
  const folder = writeRules(rules)
  const { status, stderr } = spawnSync(process.execPath, [cliFile, 'push', folder, '--server', rest.httpUrl], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the evals were not taken: ${stderr}`)
  await until(async () => worker.output().includes('in force: '))
  return {
    apiUrl: rest.httpUrl,
    tracesUrl: rest.tracesUrl ?? '',
    pid: worker.pid,
    beside: {
      'the other roles': rest.pid,
      ClickHouse: engines.clickHouse.pid,
      Kafka: engines.broker.pid,
      Redis: engines.redis.pid,
    },
    isWorkerAlone: true,
    async stop() {
      await Promise.all([rest.stop(), worker.stop()])
      await engines.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function onPGlite({ rules, env }: PlaceOptions): Promise<Place> {
  const folder = writeRules(rules)
  const assay = await startAssay({ dataDir: join(folder, 'data'), evals: [join(folder, 'bench.eval')], env })
  return {
    apiUrl: assay.apiUrl,
    tracesUrl: assay.tracesUrl,
    pid: assay.pid,
    beside: {},
    isWorkerAlone: false,
    async stop() {
      await assay.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function writeRules(rules: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  writeFileSync(join(folder, 'bench.eval'), rules)
  return folder
}

async function measureCaches(): Promise<void> {
  const judge = await startJudgeStub(0)
  try {
    await measureCacheHits(judge.url, null)
    if (!redisServer.installed) return
    const redis = await startRedis()
    try {
      await measureCacheHits(judge.url, redis.url)
    } finally {
      await redis.stop()
    }
  } finally {
    await judge.stop()
  }
}

async function storedSpans(apiUrl: string): Promise<number> {
  const { components } = healthSchema.parse(await (await fetch(`${apiUrl}/health`)).json())
  return Math.max(0, ...components.map(({ counters }) => counters?.spans ?? 0))
}

async function untilEnded(url: string) {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (performance.now() < deadlineMs) {
    const response = await fetch(url)
    if (response.ok) {
      const run = offlineRunSchema.parse(await response.json())
      if (run.state === 'done') return run
      if (run.state === 'failed') throw new Error(`the run failed: ${run.error}`)
    }
    // Of its record the end is told; to ask costs those who judge.
    await sleep(1_000)
  }
  throw new Error('the run did not end')
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error('it took too long')
    await sleep(50)
  }
}
