/**
 * The same load with the log on a Kafka broker and the traces behind ClickHouse's HTTP interface, each a process of its own on the
 * same machine. The engine is the one of the tests: chDB behind a listener in Node, which costs more than a ClickHouse server would.
 */
import { startClickHouse } from '../test/support/clickhouse-server.ts'
import { startKafkaBroker } from '../test/support/kafka-broker.ts'
import { kafkaIsMissing } from '../test/support/kafka-jars.ts'
import { type Load, run as runIngest } from './ingest.ts'

export async function run(load: Load): Promise<void> {
  const missing = kafkaIsMissing()
  if (missing !== null) {
    console.log(`ingest on Kafka and ClickHouse: not run, ${missing}`)
    return
  }
  const [broker, clickHouse] = await Promise.all([startKafkaBroker(), startClickHouse()])
  try {
    console.log('on a Kafka broker and ClickHouse by HTTP:')
    await runIngest(load, {
      env: { ASSAY_LOG_URL: `kafka://${broker.address}`, ASSAY_TRACES_URL: clickHouse.url },
      pids: { Kafka: broker.pid, ClickHouse: clickHouse.pid },
    })
  } finally {
    await broker.stop()
    await clickHouse.stop()
  }
}
