import { afterAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, startKafkaBroker } from '../../test/support/kafka-broker.ts'
import { kafkaIsMissing } from '../../test/support/kafka-jars.ts'
import { describeLogContract } from './contract.ts'
import { openKafkaLog, parseKafkaUrl } from './kafka.ts'

const missing = kafkaIsMissing()

if (missing !== null) {
  describe('the log on Kafka', () => {
    test.skip(`needs a broker: ${missing}`, () => {})
  })
} else {
  let broker: Promise<KafkaBroker> | null = null
  const started = (): Promise<KafkaBroker> => {
    broker ??= startKafkaBroker()
    return broker
  }
  afterAll(async () => (await broker)?.stop())

  describeLogContract('kafka', {
    open: async () => {
      const parsed = parseKafkaUrl(`kafka://${(await started()).address}`)
      if (!parsed.ok) throw new Error(parsed.message)
      return openKafkaLog({ settings: parsed.settings })
    },
    shortSessionTimeoutMs: 1_500,
    deadlineMs: 30_000,
  })

  test('a topic with less than is asked for is told, and left as it is', async () => {
    const parsed = parseKafkaUrl(`kafka://${(await started()).address}`)
    if (!parsed.ok) throw new Error(parsed.message)
    const spec = { name: 'too-small', partitions: 2, retentionMs: 60_000, retentionBytes: null, compacted: false }
    const log = await openKafkaLog({ settings: parsed.settings })
    await log.ensureTopics([spec])
    const problems: string[] = []
    const settings = { ...parsed.settings, replicationFactor: 3 }
    const other = await openKafkaLog({ settings, onProblem: (text) => problems.push(text) })
    await other.ensureTopics([{ ...spec, partitions: 4 }])
    expect(problems).toEqual([
      'topic too-small has min.insync.replicas 1 and not 2: a record may be acknowledged that one broker alone has',
      'topic too-small has 2 partitions and not 4: no more than 2 processors can share it',
      'topic too-small has 1 replica and not 3: a broker that is lost may take acknowledged records with it',
    ])
    expect(await other.partitionsOf('too-small')).toBe(2)
    await Promise.all([log.close(), other.close()])
  })
}
