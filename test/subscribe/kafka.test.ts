import { afterAll, describe, test } from 'vitest'
import { openKafkaLog, parseKafkaUrl } from '../../storage/log/kafka.ts'
import { type KafkaBroker, startKafkaBroker } from '../support/kafka-broker.ts'
import { kafkaIsMissing } from '../support/kafka-jars.ts'
import { describeSubscriptions } from './contract.ts'

const missing = kafkaIsMissing()

if (missing !== null) {
  describe('subscriptions on the Kafka log', () => {
    test.skip(`needs a broker: ${missing}`, () => {})
  })
} else {
  let broker: KafkaBroker | null = null
  afterAll(() => broker?.stop())

  describeSubscriptions('Kafka', async () => {
    broker = await startKafkaBroker()
    const parsed = parseKafkaUrl(`kafka://${broker.address}`)
    if (!parsed.ok) throw new Error(parsed.message)
    return openKafkaLog({ settings: parsed.settings })
  })
}
