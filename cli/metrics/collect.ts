/** `/metrics` of a process: what its roles count, what its threads measured, how far readers of the log are behind, and the process itself. */
import { availableParallelism, totalmem } from 'node:os'
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Log } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { registry } from '../../storage/metrics/registry.ts'
import type { Counters, RoleHealth } from '../health.ts'
import { COUNTED, type Parts } from './counted.ts'

/** As a thread's registry gives them, and as they pass between threads. */
export type ThreadMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

export interface MetricsSources {
  roles: () => readonly RoleHealth[]
  /** Of other threads, as their registries give them; those that can't answer are left out. */
  threads?: () => readonly Promise<ThreadMetrics>[]
  log: Pick<Log, 'committed' | 'endOffsets'>
  /** Consumer groups of which the lag is told. */
  groups: readonly string[]
}

export const LAG_METRIC = {
  name: 'assay_log_lag_records',
  help: 'Records that a consumer group has not committed yet, of a topic. Each process of the group tells it of the whole group: take the maximum.',
  labelNames: ['group', 'topic'] as const,
}

/** What each group of ours reads. */
const TOPIC_OF: Readonly<Record<string, string>> = {
  'trans-evaluate': AGENT_TRACES,
  'trans-store': AGENT_TRACES,
  alerts: EVAL_RESULTS,
}

const PROCESS = new Registry()
let isWatched = false

/** The text that Prometheus reads. Never rejects for a part that does not answer: that is left out. */
export async function collectMetrics(sources: MetricsSources): Promise<string> {
  if (!isWatched) {
    isWatched = true
    collectDefaultMetrics({ register: PROCESS })
  }
  const counted = new Registry()
  const [parts, lags, ...threads] = await Promise.all([
    partsOf(sources.roles()),
    lagsOf(sources),
    registry.getMetricsAsJSON(),
    PROCESS.getMetricsAsJSON(),
    ...(sources.threads?.() ?? []).map((thread) => thread.catch((): ThreadMetrics => [])),
  ])
  fill(counted, parts)
  const lag = new Gauge({ ...LAG_METRIC, registers: [counted] })
  for (const { group, topic, records } of lags) lag.set({ group, topic }, records)
  const all = AggregatorRegistry.aggregate([await counted.getMetricsAsJSON(), ...threads])
  return all.metrics()
}

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

function fill(to: Registry, parts: Parts): void {
  for (const { name, type, help, labels, samples } of COUNTED) {
    const found = samples(parts)
    if (found.length === 0) continue
    const options = { name, help, labelNames: labels, registers: [to] }
    const metric = type === 'counter' ? new Counter(options) : new Gauge(options)
    for (const sample of found) metric.inc(sample.labels, sample.value)
  }
}

function processLimits(): Counters {
  // 0 or more than there is where nothing constrains it.
  const constrained = process.constrainedMemory()
  const memoryLimitBytes = constrained > 0 && constrained < totalmem() ? constrained : totalmem()
  return { cpuCores: availableParallelism(), memoryLimitBytes }
}

/** The roles of `assay up` and those of `assay serve` have their parts at different places. */
async function partsOf(roles: readonly RoleHealth[]): Promise<Parts> {
  const parts = new Map<string, Counters>([['process', processLimits()]])
  const put = (name: string, counters: unknown): void => {
    if (typeof counters === 'object' && counters !== null) parts.set(name, counters as Counters)
  }
  const told = await Promise.all(
    roles.map(async ({ name, stats }) => ({ name, stats: await stats().catch(() => null) })),
  )
  for (const { name, stats } of told) {
    if (stats === null) continue
    if (name === 'trans') for (const part of ['evaluate', 'alerts', 'notifications']) put(part, stats[part])
    else if (name === 'alerts') {
      put('alerts', stats.evaluator)
      put('notifications', stats.notifications)
    } else if (name === 'worker' || name === 'api' || name === 'offline')
      for (const part of ['judges', 'replay', 'integrity', 'subscriptions', 'http']) put(part, stats[part])
    else put(name.replace(/^trans-/, ''), stats)
  }
  return parts
}

async function lagsOf({ log, groups }: MetricsSources): Promise<{ group: string; topic: string; records: number }[]> {
  const lags = await Promise.all(
    groups.map(async (group) => {
      const topic = TOPIC_OF[group]
      if (topic === undefined) return []
      try {
        const [committed, extents] = await Promise.all([log.committed(group), log.endOffsets(topic)])
        const doneOf = new Map(
          committed.filter((one) => one.topic === topic).map(({ partition, offset }) => [partition, offset]),
        )
        const records = extents.reduce(
          (sum, { partition, start, end }) => sum + Math.max(0, end - Math.max(start, doneOf.get(partition) ?? start)),
          0,
        )
        return [{ group, topic, records }]
      } catch {
        return []
      }
    }),
  )
  return lags.flat()
}
