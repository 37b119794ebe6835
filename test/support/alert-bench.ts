/** The alert evaluator and manager over a real log, to a local Slack, on a clock that tests move. */
import { afterEach, beforeEach } from 'vitest'
import { type AlertEvaluator, type AlertEvaluatorOptions, startAlertEvaluator } from '../../alerting/evaluator.ts'
import { type AlertManager, type AlertManagerOptions, startAlertManager } from '../../alerting/manager.ts'
import { createReceivers, NO_RECEIVERS } from '../../alerting/receivers/config.ts'
import type { Receivers } from '../../alerting/receivers/receiver.ts'
import { type AlertPlan, PLAN_VERSION, type Plan } from '../../dsl/plan.ts'
import { plan as anAlert } from '../../engine/alerting/alert-fixture.ts'
import type { RunAlert } from '../../engine/alerting/run-alert.ts'
import { encodeResults } from '../../engine/codec/results.ts'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../storage/log/embedded.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { ALERTS, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { type SlackServer, startSlackServer } from './slack-server.ts'

export const minute = 60_000
export const ns = (ms: number): number => ms * 1e6
export const traceId = (index: number): string => index.toString(16).padStart(32, '0')

export const alertOf = (over: Partial<RunAlert> = {}): RunAlert =>
  anAlert({
    title: 'An answer leaks personal data',
    owner: '@shop',
    notify: [{ receiver: 'slack', target: '#shop' }],
    ...over,
  })

export const planOf = (...alerts: AlertPlan[]): Plan => ({
  version: PLAN_VERSION,
  patterns: [],
  evals: [],
  alerts,
  scorecards: [],
  tests: [],
  files: [],
  hash: JSON.stringify(alerts),
})

export const leak = { field: 'output.text', start: 3, end: 20, pattern: 'pii.email', masked: 'a***@e***.com' }

interface Bench {
  log: EmbeddedLog
  slack: SlackServer
  /** The log's clock and everyone else's. */
  clockMs: number
  plan: Plan
  printed: string[]
  problems: string[]
  running: (AlertEvaluator | AlertManager)[]
}

/** Made anew before each test of a file that calls `useAlertBench`. */
export const bench = {} as Bench

export function useAlertBench(): void {
  beforeEach(async () => {
    bench.clockMs = 1_800_000_000_000
    bench.plan = planOf(alertOf())
    bench.printed = []
    bench.problems = []
    bench.running = []
    bench.log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: () => bench.clockMs, retentionIntervalMs: null })
    await bench.log.ensureTopics([
      { name: EVAL_RESULTS, partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
    ])
    bench.slack = await startSlackServer()
  })

  afterEach(async () => {
    for (const role of bench.running) await role.drain()
    await bench.log.close()
    await bench.slack.close()
  })
}

/** Slack by webhook, with addresses of their own for some channels. */
export function slackReceivers(webhookUrlByChannel: ReadonlyMap<string, string> = new Map()): Receivers {
  const slack = { ...NO_RECEIVERS.slack, webhookUrl: bench.slack.url(), webhookUrlByChannel }
  const settings = { ...NO_RECEIVERS, allowPrivate: ['127.0.0.1'], slack }
  return createReceivers(settings, { apiUrl: () => 'http://127.0.0.1:3000', nowMs: () => bench.clockMs })
}

export async function evaluator(over: Partial<AlertEvaluatorOptions> = {}): Promise<AlertEvaluator> {
  const started = await startAlertEvaluator({
    log: bench.log,
    definitions: plansOfOne(DEFAULT_TENANT, () => bench.plan),
    nowMs: () => bench.clockMs,
    onProblem: (message) => bench.problems.push(message),
    ...over,
  })
  bench.running.push(started)
  return started
}

export async function manager(over: Partial<AlertManagerOptions> = {}): Promise<AlertManager> {
  const started = await startAlertManager({
    log: bench.log,
    receivers: slackReceivers(),
    // It waits for times: each look at the clock is a millisecond later.
    nowMs: () => bench.clockMs++,
    apiUrl: () => 'http://127.0.0.1:3000',
    onPrint: (text) => bench.printed.push(text),
    onProblem: (message) => bench.problems.push(message),
    retry: { firstMs: 1 },
    ...over,
  })
  bench.running.push(started)
  return started
}

export async function stop(role: AlertEvaluator | AlertManager): Promise<void> {
  bench.running = bench.running.filter((other) => other !== role)
  await role.drain()
}

let traceCount = 0
export async function results(...items: ResultFields[]): Promise<void> {
  const evalId = items[0]?.evalId ?? 'shop/no_pii'
  const made = items.map((item) =>
    makeResult({
      evalId,
      subjectKind: 'llm_call',
      traceId: traceId(++traceCount),
      spanId: '00000000000000aa',
      subjectTimeUs: bench.clockMs * 1000,
      evidence: item.verdict === 'fail' ? [leak] : [],
      ...item,
    }),
  )
  const headers = { tenant: 'default', eval: evalId }
  await bench.log.append(EVAL_RESULTS, [{ key: `default/${evalId}`, value: encodeResults(made), headers }])
}

export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = await look()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${what} did not happen; problems: ${bench.problems.join('; ')}`)
}

export async function all(topic: string, from: Log = bench.log): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for (const { partition, start, end } of await from.endOffsets(topic))
    if (end > start) records.push(...(await from.read(topic, partition, start, 10_000)))
  return records
}

const toOf = (record: LogRecord): string => `${record.headers.alert} ${record.headers.to}`
export const transitions = async (): Promise<string[]> => (await all(ALERTS)).map(toOf)
/** Time passes while one looks: commits have their own pace. */
export const consumedAll = async (): Promise<boolean> => {
  bench.clockMs += 50
  const committed = await bench.log.committed('alerts')
  const ends = await bench.log.endOffsets(EVAL_RESULTS)
  return ends.every(({ partition, end }) => end === (committed.find((own) => own.partition === partition)?.offset ?? 0))
}

/** Lets the nth write go through and then fails as a killed process would: nothing after it happens. */
export function crashAfter(writes: number): { log: Log; crashed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = writes
  const killed = (): Promise<never> => {
    resolve()
    return new Promise(() => {})
  }
  const spend = <T>(write: () => Promise<T>): Promise<T> => (left-- > 0 ? write() : killed())
  const dying: Log = {
    ensureTopics: (topics) => bench.log.ensureTopics(topics),
    append: (topic, records) =>
      records.length === 0 ? Promise.resolve([]) : spend(() => bench.log.append(topic, records)),
    partitionsOf: (topic) => bench.log.partitionsOf(topic),
    partitionFor: (topic, key) => bench.log.partitionFor(topic, key),
    openConsumer: async (options) => {
      const consumer = await bench.log.openConsumer({
        ...options,
        sessionTimeoutMs: 300,
        // A process that is dead does not tell its group that it still begins.
        onAssign: async (partitions) => {
          await Promise.race([options.onAssign?.(partitions), promise])
        },
      })
      return Object.assign(Object.create(consumer) as typeof consumer, {
        assignment: () => consumer.assignment(),
        seek: (position: Parameters<typeof consumer.seek>[0]) => consumer.seek(position),
        fetch: (fetchOptions: Parameters<typeof consumer.fetch>[0]) =>
          left < 0 ? new Promise<never>(() => {}) : consumer.fetch(fetchOptions),
        commit: (offsets: Parameters<typeof consumer.commit>[0]) => spend(() => consumer.commit(offsets)),
      })
    },
    offsetsForTime: (topic, timeMs) => bench.log.offsetsForTime(topic, timeMs),
    read: (topic, partition, from, max) => bench.log.read(topic, partition, from, max),
    endOffsets: (topic) => bench.log.endOffsets(topic),
    committed: (group) => bench.log.committed(group),
    close: async () => {},
  }
  return { log: dying, crashed: promise }
}
