/** Topics on a cluster: created with what the log needs of them, checked when they are there, their retention kept as configured. */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { TopicSpec } from '../port.ts'
import { errorTypeOf } from './kafkajs-internals.ts'

/** A request of 20 MiB makes a record of that size, and some more. */
const MAX_MESSAGE_BYTES = 32 << 20
const REPLICATION = 3
const MIN_ISR = 'min.insync.replicas'
const MAX_COMPACTION_LAG = 'max.compaction.lag.ms'
const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']
const LEADER_WAIT_MS = 200
const LEADER_ATTEMPTS = 150

export type TopicsAdmin = Pick<
  Admin,
  | 'listTopics'
  | 'describeCluster'
  | 'createTopics'
  | 'fetchTopicOffsets'
  | 'fetchTopicMetadata'
  | 'describeConfigs'
  | 'alterConfigs'
>

/**
 * Creates what is missing, and says with how many replicas where that was not asked for; an existing topic gets the retention, and keeps
 * its partitions and replicas: where these are fewer than asked for, `onProblem` hears of it, at each start.
 */
export async function ensureKafkaTopics(
  admin: TopicsAdmin,
  specs: readonly TopicSpec[],
  replicationFactor: number | null,
  onProblem: (text: string) => void = () => {},
): Promise<void> {
  const { brokers } = await admin.describeCluster()
  const replication = replicationFactor ?? Math.min(REPLICATION, brokers.length)
  const existing = new Set(await admin.listTopics())
  // One may be named twice, by two who need it.
  const missing = [...new Map(specs.map((spec) => [spec.name, spec])).values()].filter(
    ({ name }) => !existing.has(name),
  )
  if (missing.length > 0) {
    const answering = brokers.length === 1 ? '1 broker answers' : `${brokers.length} brokers answer`
    if (replication > brokers.length)
      throw new Error(
        `log.replication asks for ${replication} replicas, and ${answering}: start the others, or ask for fewer`,
      )
    await createTopics(admin, missing, replication)
    if (replication < REPLICATION && replicationFactor === null)
      onProblem(
        `${missing.length === 1 ? 'topic' : 'topics'} ${missing.map(({ name }) => name).join(', ')} made with ${replication === 1 ? '1 replica' : `${replication} replicas`}, for ${answering}: ${replication === 1 ? 'what is acknowledged is lost with it' : 'the loss of both loses what is acknowledged'}. More brokers that come later get no replicas by themselves: kafka-reassign-partitions gives them some; log.replication says how many there shall be`,
      )
  }
  for (const { name, partitions } of missing) await untilLed(admin, name, partitions)
  const found = specs.filter(({ name }) => existing.has(name))
  for (const spec of found) await adaptRetention(admin, spec, replication, onProblem)
  await checkPartitions(admin, found, replication, onProblem)
}

async function createTopics(admin: TopicsAdmin, missing: readonly TopicSpec[], replication: number): Promise<void> {
  const create = (config: (spec: TopicSpec) => ConfigEntry[]): Promise<boolean> =>
    admin.createTopics({
      waitForLeaders: false,
      topics: missing.map((spec) => ({
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor: replication,
        configEntries: config(spec),
      })),
    })
  // Redpanda has no replicas in sync to ask for, and acknowledges what a majority has written: the same promise. Before 25.2 it
  // compacted at its own time.
  const forms: ((spec: TopicSpec) => ConfigEntry[])[] = [
    (spec) => [...configOf(spec), { name: MIN_ISR, value: String(minInSync(replication)) }],
    configOf,
    (spec) => configOf(spec).filter(({ name }) => name !== MAX_COMPACTION_LAG),
  ]
  for (const [index, form] of forms.entries()) {
    try {
      await create(form)
      return
    } catch (error) {
      // Another process was faster.
      if (isAll(error, 'TOPIC_ALREADY_EXISTS')) return
      if (!isAll(error, 'INVALID_CONFIG') || index === forms.length - 1) throw error
    }
  }
}

/** One replica may be away, and what was acknowledged is on two all the same. */
const minInSync = (replication: number): number => Math.max(1, replication - 1)

/** What only an operator can put right, for it moves keys or data. */
async function checkPartitions(
  admin: TopicsAdmin,
  specs: readonly TopicSpec[],
  replication: number,
  onProblem: (text: string) => void,
): Promise<void> {
  if (specs.length === 0) return
  const { topics } = await admin.fetchTopicMetadata({ topics: [...new Set(specs.map(({ name }) => name))] })
  for (const { name, partitions } of topics) {
    const wanted = specs.find((spec) => spec.name === name)?.partitions ?? 0
    if (partitions.length < wanted)
      onProblem(
        `topic ${name} has ${partitions.length} partitions and not ${wanted}: no more than ${partitions.length} processors can share it`,
      )
    const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
    if (replicas < replication)
      onProblem(
        `topic ${name} has ${replicas === 1 ? '1 replica' : `${replicas} replicas`} and not ${replication}: a broker that is lost may take acknowledged records with it`,
      )
  }
}

/**
 * Until the leaders answer for every partition. That the metadata name them is not enough: a busy broker hears of it later, refuses
 * one partition of a request meanwhile, and kafkajs then sends the whole request again, with what the others have taken.
 */
async function untilLed(admin: TopicsAdmin, topic: string, partitions: number): Promise<void> {
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

interface ConfigEntry {
  name: string
  value: string
}

const HOUR_MS = 3_600_000

function configOf({ retentionMs, compacted }: TopicSpec): ConfigEntry[] {
  return [
    { name: 'retention.ms', value: String(retentionMs ?? -1) },
    { name: 'cleanup.policy', value: compacted ? 'compact' : 'delete' },
    // Windows of alerts use the time at which the log took a record, not the producer's clock.
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'max.message.bytes', value: String(MAX_MESSAGE_BYTES) },
    // The segment that is written to is never compacted: at a cluster's usual size it would be read whole, for weeks, at each start.
    ...(compacted
      ? [
          { name: 'segment.ms', value: String(HOUR_MS) },
          { name: MAX_COMPACTION_LAG, value: String(HOUR_MS) },
        ]
      : []),
  ]
}

/** The request replaces all that was set on the topic, so that what others set has to be said again. */
async function adaptRetention(
  admin: TopicsAdmin,
  spec: TopicSpec,
  replication: number,
  onProblem: (text: string) => void,
): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.name }],
  })
  const entries = resources[0]?.configEntries ?? []
  const current = new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
  const minIsr = current.get(MIN_ISR)
  if (minIsr !== undefined && Number(minIsr) < minInSync(replication))
    onProblem(
      `topic ${spec.name} has ${MIN_ISR} ${minIsr} and not ${minInSync(replication)}: a record may be acknowledged that one broker alone has`,
    )
  // What the brokers do not tell of they do not know, and would refuse.
  const known = configOf(spec).filter(({ name }) => current.has(name))
  const wanted = new Map(known.map(({ name, value }) => [name, value]))
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

/** Of one topic, or of each that was refused. */
function isAll(error: unknown, type: string): boolean {
  if (errorTypeOf(error) === type) return true
  const { errors } = error as { errors?: unknown }
  return Array.isArray(errors) && errors.length > 0 && errors.every((one) => errorTypeOf(one) === type)
}
