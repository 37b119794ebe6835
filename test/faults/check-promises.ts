/** What goes on beside the load: dead letters, alerts, runs by a judge, and definitions that were pushed. */
import { listDeadLetters } from '../../storage/log/dead-letters.ts'
import type { Log, LogRecord } from '../../storage/log/port.ts'
import { ALERTS } from '../../storage/log/topics.ts'
import { openQueue } from '../../storage/queue/open-queue.ts'
import { redisSettings } from '../support/redis-server.ts'
import { textOf } from '../support/slack-server.ts'
import { firesName, JUDGED, twiceName } from './definitions.ts'
import type { Promised } from './stimuli.ts'
import type { FaultSystem } from './system.ts'

export interface PromiseCounts {
  deadLetters: number
  lostDeadLetters: string[]
  deadLettersTwice: string[]
  /** Of records that were no mistakes: where they were, and why they were put aside. */
  wrongDeadLetters: string[]
  canaries: number
  /** Alerts of canaries that did not fire, or whose receiver was not told. */
  alertsMissed: string[]
  alertsFiredTwice: string[]
  /** Alerts that fire only when a subject is counted twice. */
  subjectsCountedTwice: string[]
  messages: number
  /** Messages more than one of an alert: a kill between a receiver's answer and the note of it repeats one. */
  messagesRepeated: number
  runs: number
  runsLost: string[]
  judgedTwice: string[]
  /** The release in force is the last that was answered, or one that was tried after it. */
  pushLost: boolean
}

const MANY = 1_000_000

export async function countPromises(system: FaultSystem, promised: Promised): Promise<PromiseCounts> {
  return {
    ...(await countDeadLetters(system, promised)),
    ...(await countAlerts(system, promised)),
    ...(await countRuns(system, promised)),
    pushLost: await isPushLost(system, promised),
  }
}

async function countDeadLetters({ log }: FaultSystem, promised: Promised) {
  const { letters } = await listDeadLetters(log, { state: null, limit: MANY, whose: null })
  const times = new Map<string, number>()
  for (const { value } of letters) {
    const text = Buffer.from(value).toString()
    times.set(text, (times.get(text) ?? 0) + 1)
  }
  const isKnown = (text: string): boolean => promised.garbage.has(text) || promised.maybeGarbage.has(text)
  return {
    deadLetters: [...promised.garbage].filter((text) => times.has(text)).length,
    lostDeadLetters: [...promised.garbage].filter((text) => !times.has(text)),
    deadLettersTwice: [...promised.garbage].filter((text) => (times.get(text) ?? 0) > 1),
    wrongDeadLetters: letters
      .filter(({ value }) => !isKnown(Buffer.from(value).toString()))
      .map(({ source, code, reason }) => `${source} ${code}: ${reason}`),
  }
}

async function countAlerts({ log, slack }: FaultSystem, promised: Promised) {
  const fired = new Map<string, Set<string>>()
  for (const record of await all(log, ALERTS)) {
    const { id, alertId, to } = JSON.parse(Buffer.from(record.value).toString()) as Record<string, string>
    if (to !== 'firing' || id === undefined || alertId === undefined) continue
    const name = alertId.slice(alertId.indexOf('/') + 1)
    fired.set(name, (fired.get(name) ?? new Set()).add(id))
  }
  const texts = slack.messages.map(textOf)
  const toldOf = (name: string): number => texts.filter((text) => text.includes(name)).length
  const names = [...promised.canaries].map(firesName)
  return {
    canaries: names.length,
    alertsMissed: names.filter((name) => !fired.has(name) || toldOf(name) === 0),
    alertsFiredTwice: names.filter((name) => (fired.get(name)?.size ?? 0) > 1),
    subjectsCountedTwice: [...promised.canaries].map(twiceName).filter((name) => fired.has(name)),
    messages: texts.length,
    messagesRepeated: names.reduce((sum, name) => sum + Math.max(0, toldOf(name) - 1), 0),
  }
}

async function countRuns({ traces, redis }: FaultSystem, { runs }: Promised) {
  const results = await traces.queryResults('default', { evalId: JUDGED, limit: MANY })
  const subjects = new Set<string>()
  const judgedTwice: string[] = []
  for (const { runId, traceId } of results) {
    const subject = `${traceId} of run ${runId}`
    if (subjects.has(subject)) judgedTwice.push(subject)
    subjects.add(subject)
  }
  const queue = await openQueue({ redis: redisSettings(redis.url), dataDir: '' }, () => {})
  try {
    const states = await Promise.all(
      [...runs].map(async (runId) => ({ runId, state: await queue.stateOf('default', runId) })),
    )
    const runsLost = states.filter(({ state }) => state !== 'done').map(({ runId, state }) => `${runId} is ${state}`)
    return { runs: runs.size, runsLost, judgedTwice }
  } finally {
    await queue.close()
  }
}

async function isPushLost({ api }: FaultSystem, { lastPush, triedPush }: Promised): Promise<boolean> {
  const answer = await fetch(`${api.httpUrl}/v1/definitions`)
  const { packages } = (await answer.json()) as { packages: { name: string; revision: string }[] }
  const inForce = Number(packages.find(({ name }) => name === 'churn')?.revision.slice(1) ?? -1)
  return inForce < lastPush || inForce > triedPush
}

async function all(log: Log, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for (const { partition, start, end } of await log.endOffsets(topic)) {
    if (end > start) records.push(...(await log.read(topic, partition, start, MANY)))
  }
  return records
}
