import { expect, test } from 'vitest'
import type { TopicSpec } from '../port.ts'
import { ensureKafkaTopics, type TopicsAdmin } from './topics.ts'

const spec: TopicSpec = { name: 'alerts', partitions: 1, retentionMs: 60_000, retentionBytes: null, compacted: false }
type Created = Parameters<TopicsAdmin['createTopics']>[0]

const neverAsked = async (): Promise<never> => {
  throw new Error('nobody asks for this of a topic that is new')
}

/** No Redpanda can be had here: this answers as its validators do, by its source. */
function redpanda(
  brokers = 3,
  unknown: readonly string[] = ['min.insync.replicas'],
): { admin: TopicsAdmin; created: Created[] } {
  const created: Created[] = []
  const admin: TopicsAdmin = {
    listTopics: async () => [],
    describeCluster: async () => ({
      brokers: Array.from({ length: brokers }, (_, index) => index).map((nodeId) => ({
        nodeId,
        host: 'a',
        port: 9092,
      })),
      controller: 0,
      clusterId: 'redpanda',
    }),
    createTopics: async (request) => {
      const isRefused = request.topics.some(({ configEntries = [] }) =>
        configEntries.some(({ name }) => unknown.includes(name)),
      )
      if (isRefused) throw Object.assign(new Error('Not supported configuration entry'), { type: 'INVALID_CONFIG' })
      created.push(request)
      return true
    },
    fetchTopicOffsets: async () => [{ partition: 0, offset: '0', high: '0', low: '0' }],
    fetchTopicMetadata: neverAsked,
    describeConfigs: neverAsked,
    alterConfigs: neverAsked,
  }
  return { admin, created }
}

test('with how many replicas topics are made is said where it follows from the brokers', async () => {
  for (const [brokers, replicationFactor, told] of [
    [
      1,
      null,
      /^topic alerts made with 1 replica, for 1 broker answers: what is acknowledged is lost with it\. .*log\.replication/,
    ],
    [2, null, /^topic alerts made with 2 replicas, for 2 brokers answer: the loss of both loses/],
    [3, null, null],
    [1, 1, null],
  ] as const) {
    const { admin } = redpanda(brokers)
    const problems: string[] = []
    await ensureKafkaTopics(admin, [spec], replicationFactor, (text) => problems.push(text))
    expect(problems).toEqual(told === null ? [] : [expect.stringMatching(told)])
  }
  await expect(ensureKafkaTopics(redpanda(1).admin, [spec], 3)).rejects.toThrow(
    'log.replication asks for 3 replicas, and 1 broker answers: start the others, or ask for fewer',
  )
})

test('brokers without a setting for replicas in sync get their topics without it', async () => {
  const { admin, created } = redpanda()
  await ensureKafkaTopics(admin, [spec], null)
  expect(created).toMatchObject([{ topics: [{ topic: 'alerts', replicationFactor: 3 }] }])
})

test('brokers that cannot be told when to compact get their topics without that, and are not asked again', async () => {
  const compacted: TopicSpec = { ...spec, name: 'alert-state', retentionMs: null, compacted: true }
  const { admin, created } = redpanda(3, ['min.insync.replicas', 'max.compaction.lag.ms'])
  await ensureKafkaTopics(admin, [spec, compacted], null)
  const names = created[0]!.topics.map(({ configEntries = [] }) => configEntries.map(({ name }) => name))
  expect(names).toEqual([
    ['retention.ms', 'cleanup.policy', 'message.timestamp.type', 'max.message.bytes'],
    ['retention.ms', 'cleanup.policy', 'message.timestamp.type', 'max.message.bytes', 'segment.ms'],
  ])
  const told = created[0]!.topics[1]!.configEntries!
  const later: TopicsAdmin = {
    ...admin,
    listTopics: async () => ['alert-state'],
    describeConfigs: async () =>
      ({
        resources: [{ configEntries: told.map(({ name, value }) => ({ configName: name, configValue: value })) }],
      }) as unknown as Awaited<ReturnType<TopicsAdmin['describeConfigs']>>,
    fetchTopicMetadata: async () => ({ topics: [{ name: 'alert-state', partitions: [] }] }),
  }
  // `alterConfigs` rejects here.
  await ensureKafkaTopics(later, [compacted], null)
})
