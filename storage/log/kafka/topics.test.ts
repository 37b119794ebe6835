import { expect, test } from 'vitest'
import type { TopicSpec } from '../port.ts'
import { ensureKafkaTopics, type TopicsAdmin } from './topics.ts'

const spec: TopicSpec = { name: 'alerts', partitions: 1, retentionMs: 60_000, retentionBytes: null, compacted: false }
type Created = Parameters<TopicsAdmin['createTopics']>[0]

const neverAsked = async (): Promise<never> => {
  throw new Error('nobody asks for this of a topic that is new')
}

/** No Redpanda can be had here: this answers as its validators do, by its source. */
function redpanda(): { admin: TopicsAdmin; created: Created[] } {
  const created: Created[] = []
  const admin: TopicsAdmin = {
    listTopics: async () => [],
    describeCluster: async () => ({
      brokers: [0, 1, 2].map((nodeId) => ({ nodeId, host: 'a', port: 9092 })),
      controller: 0,
      clusterId: 'redpanda',
    }),
    createTopics: async (request) => {
      const isRefused = request.topics.some(({ configEntries = [] }) =>
        configEntries.some(({ name }) => name === 'min.insync.replicas'),
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

test('brokers without a setting for replicas in sync get their topics without it', async () => {
  const { admin, created } = redpanda()
  await ensureKafkaTopics(admin, [spec], null)
  expect(created).toMatchObject([{ topics: [{ topic: 'alerts', replicationFactor: 3 }] }])
})
