/** Damage on a broker's disk: found, told with its place, in nobody else's way, and passed over when an operator says so. */
import { openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaBroker, startKafkaBroker } from '../../test/support/kafka-broker.ts'
import { kafkaIsMissing } from '../../test/support/kafka-jars.ts'
import { listDeadLetters, replayDeadLetter, settleAllDeadLetters, skipUnreadable } from './dead-letters.ts'
import { batchesOf } from './kafka/decode-batches.ts'
import { openKafkaLog, parseKafkaUrl } from './kafka.ts'
import type { Consumer, Log, TopicSpec } from './port.ts'
import { DEAD_LETTERS } from './topics.ts'

const missing = kafkaIsMissing()
const topic = 'traces'
const topics: TopicSpec[] = [topic, DEAD_LETTERS].map((name) => ({
  name,
  partitions: name === topic ? 2 : 1,
  retentionMs: 3_600_000,
  retentionBytes: null,
  compacted: false,
}))

describe.skipIf(missing !== null)(`a batch that is damaged on the broker's disk${missing ?? ''}`, () => {
  let broker: KafkaBroker
  let log: Log
  const problems: string[] = []
  const open = (): Promise<Log> => {
    const parsed = parseKafkaUrl(`kafka://${broker.address}`)
    if (!parsed.ok) throw new Error(parsed.message)
    return openKafkaLog({ settings: parsed.settings, onProblem: (text) => problems.push(text) })
  }
  const append = (partition: number, texts: readonly string[]) =>
    log.append(
      topic,
      texts.map((text) => ({ key: null, partition, value: Buffer.from(text), headers: { tenant: 'default' } })),
    )
  const textsOf = (records: readonly { value: Uint8Array }[]) =>
    records.map(({ value }) => Buffer.from(value).toString())

  /** Of everything that comes until `isDone`, whatever the groups were told meanwhile. */
  async function consume(groupId: string, isDone: (texts: readonly string[]) => boolean): Promise<string[]> {
    const consumer: Consumer = await log.openConsumer({ groupId, topics: [topic], startFrom: 'earliest' })
    const texts: string[] = []
    while (!isDone(texts)) texts.push(...textsOf(await consumer.fetch({ maxBytes: 1 << 20, maxWaitMs: 500 })))
    await consumer.close()
    return texts
  }

  beforeAll(async () => {
    broker = await startKafkaBroker()
    log = await open()
    await log.ensureTopics(topics)
    problems.length = 0
    await append(0, ['a0', 'a1'])
    await append(0, ['a2 is damaged', 'a3 goes with it'])
    await append(0, ['a4'])
    await append(1, ['b0', 'b1'])
    const segment = join(broker.dataDir, `${topic}-0`, '00000000000000000000.log')
    const bytes = readFileSync(segment)
    const batches = batchesOf({ topic, partition: 0 }, bytes)
    expect(batches.map(({ nextOffset }) => nextOffset)).toEqual([2, 4, 5])
    const [first, second] = batches
    // The last byte of the second batch.
    const at = first!.sizeBytes + second!.sizeBytes - 1
    writeSync(openSync(segment, 'r+'), Buffer.from([bytes[at]! ^ 0xff]), 0, 1, at)
  }, 60_000)
  afterAll(async () => {
    await log.close()
    await broker.stop()
  })

  test('is told with topic, partition and offsets; other partitions go on', async () => {
    const texts = await consume('g', (seen) => seen.length >= 4 && problems.length > 0)
    expect(texts.toSorted()).toEqual(['a0', 'a1', 'b0', 'b1'])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(
      /^group g waits: records 2 to 3 of traces\/0 cannot be read: the checksum of their batch is wrong \(CRC-32C [0-9a-f]{8} was written, [0-9a-f]{8} is what its bytes have\)\. .*assay dlq skip traces\/0\/2 /,
    )
    expect(textsOf(await log.read(topic, 0, 0, 10))).toEqual(['a0', 'a1'])
    await expect(log.read(topic, 0, 3, 10)).rejects.toMatchObject({
      code: 'unreadable',
      range: { topic, partition: 0, from: 2, to: 4 },
    })
    expect(textsOf(await log.read(topic, 0, 4, 10))).toEqual(['a4'])
  }, 60_000)

  test('is skipped by an operator’s word alone, for every group, and kept as it came', async () => {
    expect(await skipUnreadable(log, 'traces/0')).toMatchObject({ ok: false, code: 'malformed' })
    expect(await skipUnreadable(log, 'nothing/0/0')).toMatchObject({ ok: false, code: 'unknown' })
    expect(await skipUnreadable(log, 'traces/0/9')).toMatchObject({ ok: false, code: 'unknown' })
    expect(await skipUnreadable(log, 'traces/0/1')).toMatchObject({ ok: false, code: 'readable' })
    expect((await listDeadLetters(log, { state: null, limit: 10, whose: null })).total).toBe(0)

    expect(await skipUnreadable(log, 'traces/0/3')).toMatchObject({ ok: true, id: 0, range: { from: 2, to: 4 } })
    problems.length = 0
    const texts = await consume('h', (seen) => seen.length >= 5)
    expect(texts.toSorted()).toEqual(['a0', 'a1', 'a4', 'b0', 'b1'])
    expect(problems).toEqual([expect.stringMatching(/^group h goes on behind traces\/0\/2, as assay dlq skip told it/)])
    expect((await log.read(topic, 0, 0, 10)).map(({ offset }) => offset)).toEqual([0, 1, 4])

    const { letters } = await listDeadLetters(log, { state: 'waiting', limit: 10, whose: null })
    expect(letters).toMatchObject([{ id: 0, source: 'traces/0/2', code: 'unreadable', group: null }])
    expect(Buffer.from(letters[0]!.value).toString()).toContain('a2 is damaged')
    expect(await replayDeadLetter(log, 0, null)).toMatchObject({ ok: false, code: 'unreadable' })
    expect(await settleAllDeadLetters(log, 'replayed', null)).toEqual([])
    expect(await settleAllDeadLetters(log, 'dropped', null)).toEqual([0])
    expect(await skipUnreadable(log, 'traces/0/2')).toMatchObject({ ok: false, code: 'unknown' })
  }, 60_000)
})
