import { afterAll, describe, test } from 'vitest'
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
}
