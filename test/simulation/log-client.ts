/** The log port as a process has it: each call is a request, which may fail. */
import { partitionOfKey } from '../../storage/log/murmur2.ts'
import type {
  AppendedPosition,
  CommittedOffset,
  Consumer,
  ConsumerOptions,
  Log,
  LogRecord,
  PartitionOffset,
  RecordToAppend,
} from '../../storage/log/port.ts'
import { type ConsumerStyle, type DeliveryObserver, SimulatedConsumer } from './consumer.ts'
import type { LogServer } from './log-server.ts'
import type { SimulatedProcess } from './process.ts'
import type { Random } from './random.ts'

export interface LogClientParts {
  readonly server: LogServer
  readonly process: SimulatedProcess
  readonly random: Random
  readonly style: ConsumerStyle
  readonly maxFetchRecords: number
  readonly deliveries: DeliveryObserver
}

export class LogClient implements Log {
  readonly #parts: LogClientParts

  constructor(parts: LogClientParts) {
    this.#parts = parts
  }

  async ensureTopics(): Promise<void> {}

  append(topic: string, records: readonly RecordToAppend[]): Promise<AppendedPosition[]> {
    const { server, random, style } = this.#parts
    return this.#request(`append ${records.length} to ${topic}`, () => server.append(topic, records), {
      isRepeatable: true,
      // One call is atomic in the embedded log alone.
      ...(style === 'kafka' && {
        applyPartly: () => server.append(topic, random.shuffled(records).slice(0, random.int(0, records.length - 1))),
      }),
    })
  }

  partitionsOf(topic: string): Promise<number> {
    return this.#request(`partitions of ${topic}`, () => this.#parts.server.partitionsOf(topic))
  }

  partitionFor(topic: string, key: string): number {
    return partitionOfKey(key, this.#parts.server.partitionsOf(topic))
  }

  async openConsumer(options: ConsumerOptions): Promise<Consumer> {
    return new SimulatedConsumer(options, this.#parts)
  }

  offsetsForTime(topic: string, timeMs: number): Promise<PartitionOffset[]> {
    const { server } = this.#parts
    return this.#request(`offsets of ${topic} at ${timeMs}`, () =>
      server.endOffsets(topic).map(({ partition, end }) => {
        const records = server.read({ topic, partition }, 0, end)
        return { topic, partition, offset: records.find((one) => one.appendTimeMs >= timeMs)?.offset ?? end }
      }),
    )
  }

  read(topic: string, partition: number, fromOffset: number, maxRecords: number): Promise<LogRecord[]> {
    return this.#request(`read ${topic}`, () => this.#parts.server.read({ topic, partition }, fromOffset, maxRecords))
  }

  endOffsets(topic: string): Promise<{ partition: number; start: number; end: number }[]> {
    return this.#request(`ends of ${topic}`, () => this.#parts.server.endOffsets(topic))
  }

  committed(groupId: string): Promise<CommittedOffset[]> {
    return this.#request(`offsets of ${groupId}`, () => this.#parts.server.committed(groupId))
  }

  async close(): Promise<void> {}

  #request<T>(
    what: string,
    apply: () => T,
    more: { isRepeatable?: boolean; applyPartly?: () => void } = {},
  ): Promise<T> {
    return this.#parts.process.request({ what, service: 'log', apply, ...more })
  }
}
