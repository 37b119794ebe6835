/** Topics on a cluster: created with what the log needs of them, and their retention kept as configured. */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { TopicSpec } from '../port.ts'
import { errorTypeOf } from './kafkajs-internals.ts'

/** A request of 20 MiB makes a record of that size, and some more. */
const MAX_MESSAGE_BYTES = 32 << 20
const REPLICATION = 3
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']
const LEADER_WAIT_MS = 200
const LEADER_ATTEMPTS = 150

/** Creates what is missing; an existing topic gets the retention, and keeps its partitions. */
export async function ensureKafkaTopics(
  admin: Admin,
  specs: readonly TopicSpec[],
  replicationFactor: number | null,
): Promise<void> {
  const existing = new Set(await admin.listTopics())
  // One may be named twice, by two who need it.
  const missing = [...new Map(specs.map((spec) => [spec.name, spec])).values()].filter(
    ({ name }) => !existing.has(name),
  )
  if (missing.length > 0) {
    const { brokers } = await admin.describeCluster()
    const replication = replicationFactor ?? Math.min(REPLICATION, brokers.length)
    try {
      await admin.createTopics({
        waitForLeaders: false,
        topics: missing.map((spec) => ({
          topic: spec.name,
          numPartitions: spec.partitions,
          replicationFactor: replication,
          configEntries: [
            ...configOf(spec),
            // One replica may be away, and what was acknowledged is on two all the same.
            { name: 'min.insync.replicas', value: String(Math.max(1, replication - 1)) },
          ],
        })),
      })
    } catch (error) {
      // Another process was faster.
      if (!isAlreadyThere(error)) throw error
    }
  }
  for (const { name, partitions } of missing) await untilLed(admin, name, partitions)
  for (const spec of specs) {
    if (existing.has(spec.name)) await adaptRetention(admin, spec)
  }
}

/**
 * Until the leaders answer for every partition. That the metadata name them is not enough: a busy broker hears of it later, refuses
 * one partition of a request meanwhile, and kafkajs then sends the whole request again, with what the others have taken.
 */
async function untilLed(admin: Admin, topic: string, partitions: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      if ((await admin.fetchTopicOffsets(topic)).length === partitions) return
    } catch (error) {
      if (!NOT_YET.includes(errorTypeOf(error))) throw error
    }
    if (attempt === LEADER_ATTEMPTS) throw new Error(`no broker has taken the lead of the new topic ${topic}`)
    await sleep(LEADER_WAIT_MS)
  }
}

function configOf({ retentionMs, compacted }: TopicSpec): { name: string; value: string }[] {
  return [
    { name: 'retention.ms', value: String(retentionMs ?? -1) },
    { name: 'cleanup.policy', value: compacted ? 'compact' : 'delete' },
    // Windows of alerts use the time at which the log took a record, not the producer's clock.
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
  ]
}

/** The request replaces all that was set on the topic, so that what others set has to be said again. */
async function adaptRetention(admin: Admin, spec: TopicSpec): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.name }],
  })
  const entries = resources[0]?.configEntries ?? []
  const current = new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
  const wanted = new Map(configOf(spec).map(({ name, value }) => [name, value]))
  if ([...wanted].every(([name, value]) => current.get(name) === value)) return
  const TOPIC_CONFIG = 1
  const set = entries.filter(({ configSource }) => Number(configSource) === TOPIC_CONFIG)
  const configEntries = [
    ...set
      .filter(({ configName }) => !wanted.has(configName))
      .map((one) => ({ name: one.configName, value: one.configValue })),
    ...[...wanted].map(([name, value]) => ({ name, value })),
  ]
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.name, configEntries }],
  })
}

function isAlreadyThere(error: unknown): boolean {
  if (errorTypeOf(error) === 'TOPIC_ALREADY_EXISTS') return true
  const { errors } = error as { errors?: unknown }
  return (
    Array.isArray(errors) && errors.length > 0 && errors.every((one) => errorTypeOf(one) === 'TOPIC_ALREADY_EXISTS')
  )
}
