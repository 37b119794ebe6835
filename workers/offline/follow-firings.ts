/**
 * Alerts that fire, as jobs that look into them: read from the log after the alert was told, so that nobody waits for it. What is committed
 * is enqueued; what is read again has the same id, and is one job.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import { messageOf } from '../../engine/message-of.ts'
import { type Consumer, type Log, LogError, type LogRecord } from '../../storage/log/port.ts'
import { ALERTS, alertTopics } from '../../storage/log/topics.ts'
import type { InvestigationJob } from '../../storage/queue/investigation-jobs.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'

export const INVESTIGATIONS_GROUP = 'investigations'

export interface FollowFiringsOptions {
  log: Pick<Log, 'openConsumer' | 'ensureTopics'>
  queue: Pick<OfflineQueue, 'enqueueInvestigation'>
  nowMs: () => number
  onProblem: (text: string) => void
}

const FETCH_BYTES = 1 << 20
const MAX_WAIT_MS = 1_000
const RETRY_MS = 2_000
const HOUR_MS = 3_600_000
/** Longer ago it is history: a first start, or one after days, does not look into all of it. */
const LATEST_MS = 6 * HOUR_MS
/** Of one alert: where many of its groups fire at once, the first of them tell what is the matter. */
const MOST_AN_HOUR = 10

export function followFirings(options: FollowFiringsOptions): { stop(): Promise<void> } {
  const stop = new AbortController()
  const running = run(options, stop.signal)
  return {
    async stop() {
      stop.abort()
      await running
    },
  }
}

async function run({ log, queue, nowMs, onProblem }: FollowFiringsOptions, signal: AbortSignal): Promise<void> {
  const recent = new Map<string, number[]>()
  let consumer: Consumer | null = null
  while (!signal.aborted) {
    let records: LogRecord[] = []
    try {
      if (consumer === null) {
        await log.ensureTopics(alertTopics)
        consumer = await log.openConsumer({ groupId: INVESTIGATIONS_GROUP, topics: [ALERTS], startFrom: 'earliest' })
      }
      records = await consumer.fetch({ maxBytes: FETCH_BYTES, maxWaitMs: MAX_WAIT_MS, signal })
      for (const record of records) {
        const job = jobOf(record)
        if (job === null || nowMs() - job.transition.atMs > LATEST_MS) continue
        if (hasRoom(recent, `${job.tenant}/${job.transition.alertId}`, job.transition.atMs))
          await queue.enqueueInvestigation(job)
      }
      const last = records.at(-1)
      if (last !== undefined)
        await consumer.commit([{ topic: ALERTS, partition: last.partition, offset: last.offset + 1 }])
    } catch (error) {
      if (error instanceof LogError && error.code === 'closed') break
      onProblem(`Alerts that fire wait to be looked into: ${messageOf(error)}`)
      const [first] = records
      if (first !== undefined) consumer?.seek({ topic: ALERTS, partition: first.partition, offset: first.offset })
      await wait(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
  await consumer?.close().catch(() => {})
}

/** Null for what is no firing. */
function jobOf({ value, headers }: LogRecord): InvestigationJob | null {
  if (headers.to !== 'firing') return null
  try {
    const parsed = alertTransitionSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? { tenant: headers.tenant ?? 'default', transition: parsed.data } : null
  } catch {
    return null
  }
}

/** By the times of the firings themselves, so that one that is read again counts as it did. */
function hasRoom(recent: Map<string, number[]>, alert: string, atMs: number): boolean {
  const times = (recent.get(alert) ?? []).filter((time) => Math.abs(atMs - time) < HOUR_MS)
  const known = times.includes(atMs)
  if (!known && times.length >= MOST_AN_HOUR) return false
  if (!known) times.push(atMs)
  recent.set(alert, times)
  return true
}
