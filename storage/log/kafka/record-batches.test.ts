/** Our batches and requests beside those of kafkajs, each read by the other. */
import { createRequire } from 'node:module'
import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import type { LogRecord, RecordToAppend } from '../port.ts'
import { CODECS, type CompressionId } from './codecs.ts'
import { crc32c } from './crc32c.ts'
import { batchesOf } from './decode-batches.ts'
import { BatchEncoder } from './encode-batch.ts'
import { decodeFetched, decodeProduced, encodeFetch, encodeProduce } from './requests.ts'
import { WireWriter } from './wire.ts'

interface Encoder {
  readonly buffer: Buffer
}
interface KafkajsRecord {
  offset: string
  timestamp: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer>
}
interface KafkajsRequest {
  encode(): Promise<Encoder>
}

const load = createRequire(import.meta.url)
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object
const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<{ records: KafkajsRecord[]; lastOffsetDelta: number }>
const { RecordBatch } = load('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(options: Record<string, unknown>): Promise<Encoder>
}
const encodeRecord = load('kafkajs/src/protocol/recordBatch/record/v0') as (options: Record<string, unknown>) => Encoder
const kafkajsCrc = load('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number
const kafkajsFetch = load('kafkajs/src/protocol/requests/fetch/v11/request') as (options: object) => KafkajsRequest
const kafkajsProduce = load('kafkajs/src/protocol/requests/produce/v7/request') as (options: object) => KafkajsRequest
const fetchAnswer = load('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(bytes: Buffer): Promise<{ responses: object[] }>
}
const produceAnswer = load('kafkajs/src/protocol/requests/produce/v7/response') as {
  decode(bytes: Buffer): Promise<{ topics: object[] }>
}

const { CompressionCodecs, CompressionTypes } = kafkajs
for (const id of [CompressionTypes.Snappy, CompressionTypes.LZ4, CompressionTypes.ZSTD] as const) {
  CompressionCodecs[id] = () => ({
    compress: async ({ buffer }: Encoder) => CODECS[id].compress(buffer),
    decompress: async (bytes: Buffer) => CODECS[id].decompress(bytes),
  })
}

const COMPRESSIONS: readonly CompressionId[] = [0, 1, 2, 3, 4]
const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constant('tenant'))
/** kafkajs takes what every object has for a header that was there before. */
const headerName = text.filter((name) => !(name in {}))
const record = fc.record(
  { key: fc.option(text), value: fc.uint8Array({ maxLength: 300 }), headers: fc.dictionary(headerName, text) },
  { requiredKeys: ['key', 'value'] },
)
const records = fc.array(record, { minLength: 1, maxLength: 30 })
const nowMs = fc.integer({ min: 0, max: 2 ** 45 })

const textsOf = (headers: Readonly<Record<string, Buffer>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]))

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex')
/** As they are compared. */
const plain = (record: LogRecord) => ({ ...record, value: hex(record.value), headers: { ...record.headers } })

/** A key or header that is no valid text is written as one that is. */
const asWritten = (one: string): string => Buffer.from(one).toString()

function expected({ key, value, headers }: RecordToAppend) {
  const written = Object.entries(headers ?? {}).map(([name, one]) => [asWritten(name), asWritten(one)])
  return { key: key === null ? null : asWritten(key), value: hex(value), headers: Object.fromEntries(written) }
}

describe('batches of records', () => {
  test('CRC-32C is the one that is published, and that of kafkajs', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(40), (bytes, start) => {
        expect(crc32c(bytes, start)).toBe(kafkajsCrc(Buffer.from(bytes.subarray(start))))
      }),
    )
  })

  test.each(COMPRESSIONS)('ours are read by kafkajs and by ourselves, compression %i', async (compression) => {
    const encoder = new BatchEncoder(compression)
    await fc.assert(
      fc.asyncProperty(records, nowMs, async (given, time) => {
        const bytes = encoder.encode(given, time)
        expect(bytes.readUInt32BE(17)).toBe(kafkajsCrc(bytes.subarray(21)))
        const theirs = await decodeBatch(new Decoder(bytes))
        const wanted = given.map(expected)
        expect(theirs.lastOffsetDelta).toBe(given.length - 1)
        expect(
          theirs.records.map(({ key, value, headers }) => ({
            key: key === null ? null : key.toString(),
            value: hex(value),
            headers: textsOf(headers),
          })),
        ).toEqual(wanted)
        expect(new Set(theirs.records.map(({ timestamp }) => timestamp))).toEqual(new Set([String(time)]))
        const [ours] = batchesOf({ topic: 't', partition: 3 }, bytes)
        expect(ours).toMatchObject({ sizeBytes: bytes.length, nextOffset: given.length })
        expect(ours!.records().map(plain)).toEqual(
          wanted.map((one, offset) => ({ ...one, topic: 't', partition: 3, offset, appendTimeMs: time })),
        )
      }),
      { numRuns: 40 },
    )
  })

  test.each(COMPRESSIONS)('those of kafkajs are read by us, compression %i', async (compression) => {
    await fc.assert(
      fc.asyncProperty(
        records,
        nowMs,
        fc.bigInt({ min: 0n, max: 2n ** 50n }),
        fc.integer({ min: -1_000_000, max: 2 ** 40 }),
        async (given, firstTimestamp, firstOffset, timestampDelta) => {
          const bytes = await RecordBatch({
            compression,
            firstTimestamp,
            firstOffset,
            maxTimestamp: firstTimestamp,
            lastOffsetDelta: given.length - 1,
            records: given.map(({ key, value, headers = {} }, offsetDelta) =>
              encodeRecord({ key, value: Buffer.from(value), headers, offsetDelta, timestampDelta }),
            ),
          })
          const [ours, ...more] = batchesOf({ topic: 't', partition: 0 }, bytes.buffer)
          expect(more).toEqual([])
          expect(ours!.nextOffset).toBe(Number(firstOffset) + given.length)
          expect(ours!.records().map(plain)).toEqual(
            given.map((one, index) => ({
              ...expected(one),
              topic: 't',
              partition: 0,
              offset: Number(firstOffset) + index,
              appendTimeMs: firstTimestamp + timestampDelta,
            })),
          )
        },
      ),
      { numRuns: 40 },
    )
  })

  test('many records and large ones, for which the memory has to grow, and small ones after them', () => {
    const encoder = new BatchEncoder(3)
    for (const sizes of [[70_000], [2_500_000, 3], Array<number>(20_000).fill(9), [1]]) {
      const given = sizes.map((size, index) => ({ key: null, value: new Uint8Array(size).fill(index) }))
      const read = batchesOf({ topic: 't', partition: 0 }, encoder.encode(given, 1))[0]!.records()
      expect(read.map(({ value }) => value.length)).toEqual(sizes)
      expect(read.every(({ value }, index) => Buffer.from(given[index]!.value).equals(value))).toBe(true)
    }
  })

  test('several follow each other, and one that is cut off waits for the next answer', () => {
    const encoder = new BatchEncoder(3)
    const whole = [2, 3].map((count) =>
      encoder.encode(
        Array.from({ length: count }, (_, n) => ({ key: null, value: Buffer.from(String(n)) })),
        1,
      ),
    )
    const bytes = Buffer.concat(whole)
    for (let length = whole[0]!.length; length < bytes.length; length++) {
      expect(batchesOf({ topic: 't', partition: 0 }, bytes.subarray(0, length))).toHaveLength(1)
    }
    expect(batchesOf({ topic: 't', partition: 0 }, bytes)).toHaveLength(2)
  })

  describe('of which one is not as it was written', () => {
    const of = { topic: 't', partition: 3 }
    const at = (baseOffset: number, bytes: Buffer): Buffer => {
      const moved = Buffer.from(bytes)
      moved.writeBigInt64BE(BigInt(baseOffset), 0)
      return moved
    }
    const one = new BatchEncoder(0).encode([{ key: 'k', value: Buffer.from('value') }], 1)
    const three = new BatchEncoder(0).encode(
      [1, 2, 3].map((n) => ({ key: null, value: Buffer.from(String(n)) })),
      1,
    )
    const signed = (bytes: Buffer): Buffer => {
      bytes.writeUInt32BE(crc32c(bytes, 21), 17)
      return bytes
    }

    test('any byte behind the checksum, and the checksum itself', () => {
      for (let byte = 17; byte < three.length; byte++) {
        const broken = at(40, three)
        broken[byte]! ^= 1
        const [batch] = batchesOf(of, broken)
        expect(batch!.damage).toMatchObject({ code: 'unreadable', range: { ...of, from: 40 } })
        expect(batch!.damage!.message).toMatch(
          /^records? 40.* of t\/3 cannot be read: the checksum of their batch is wrong/,
        )
        expect(batch!.records).toThrow(batch!.damage!)
      }
    })

    test('its end is where the next begins, whatever it says of itself', () => {
      const broken = at(40, three)
      broken.writeInt32BE(1_000, 23)
      const batches = batchesOf(of, Buffer.concat([at(39, one), broken, at(45, one)]))
      expect(batches.map(({ nextOffset }) => nextOffset)).toEqual([40, 45, 46])
      expect(batches.map(({ damage }) => damage?.range.to)).toEqual([undefined, 45, undefined])
      for (const [delta, to] of [
        [2, 43],
        [-7, 41],
        [2 ** 30, 41],
      ] as const) {
        broken.writeInt32BE(delta, 23)
        broken.writeUInt32BE(0, 17)
        expect(batchesOf(of, broken)[0]!.damage!.range).toEqual({ ...of, from: 40, to })
      }
    })

    test('a length that is none ends what can be told apart', () => {
      for (const length of [-200, -12, 0, 48]) {
        const broken = at(40, three)
        broken.writeInt32BE(length, 8)
        broken.writeUInt32BE(0, 17)
        const batches = batchesOf(of, Buffer.concat([at(39, one), broken, at(45, one)]))
        expect(batches.map(({ damage }) => damage?.range.from)).toEqual([undefined, 40])
      }
    })

    test('what is whole and cannot be unpacked', () => {
      for (let length = 62; length < one.length; length++) {
        const cut = Buffer.from(one.subarray(0, length))
        cut.writeInt32BE(length - 12, 8)
        const [batch] = batchesOf(of, signed(cut))
        expect(batch!.damage).toBeNull()
        expect(batch!.records).toThrow(
          /^record 0 of t\/3 cannot be read: their batch cannot be unpacked \(.*in the middle/,
        )
      }
      const unknown = Buffer.from(one)
      unknown.writeInt16BE(6, 21)
      expect(batchesOf(of, signed(unknown))[0]!.records).toThrow('there is no compression 6')
      for (const [magic, why] of [
        [1, 'before Kafka 0.11'],
        [9, 'a version 9'],
      ] as const) {
        const old = Buffer.from(one)
        old[16] = magic
        expect(batchesOf(of, old)[0]!.records).toThrow(why)
      }
    })
  })
})

describe('the requests that carry them', () => {
  const position = fc.record({
    topic: fc.constantFrom('agent-traces', 'eval-results', 'ü'),
    partition: fc.nat(500),
    offset: fc.integer({ min: 0, max: 2 ** 50 }),
  })

  test('Fetch is written as kafkajs writes it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(position, { maxLength: 60 }), async (positions) => {
        const ours = encodeFetch(positions, { maxWaitMs: 250, maxBytes: 8_000_000, maxPartitionBytes: 2_000_000 })
        const theirs = kafkajsFetch({
          replicaId: -1,
          maxWaitTime: 250,
          minBytes: 1,
          maxBytes: 8_000_000,
          isolationLevel: 0,
          topics: [...Map.groupBy(positions, ({ topic }) => topic)].map(([topic, partitions]) => ({
            topic,
            partitions: partitions.map(({ partition, offset }) => ({
              partition,
              fetchOffset: String(offset),
              maxBytes: 2_000_000,
            })),
          })),
        })
        expect(ours.equals((await theirs.encode()).buffer)).toBe(true)
      }),
    )
  })

  test('Produce is written as kafkajs writes it', async () => {
    const batch = fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat(50), value: fc.uint8Array() })
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 30 }), async (batches) => {
        const timestamp = 5
        const theirs = await kafkajsProduce({
          acks: -1,
          timeout: 10_000,
          topicData: [...Map.groupBy(batches, ({ topic }) => topic)].map(([topic, partitions]) => ({
            topic,
            partitions: partitions.map(({ partition, value }) => ({
              partition,
              firstSequence: 0,
              messages: [{ key: null, value: Buffer.from(value), timestamp }],
            })),
          })),
        }).encode()
        const ours = await Promise.all(
          batches.map(async ({ topic, partition, value }) => {
            const records = [encodeRecord({ key: null, value: Buffer.from(value) })]
            const encoded = await RecordBatch({ records, firstTimestamp: timestamp, maxTimestamp: timestamp })
            return { topic, partition, bytes: encoded.buffer }
          }),
        )
        expect(encodeProduce(ours, 10_000).equals(theirs.buffer)).toBe(true)
      }),
    )
  })

  const error = fc.constantFrom(0, 1, 3, 6)
  const offset = fc.integer({ min: -1, max: 2 ** 50 })

  test('the answer to Fetch is read as kafkajs reads it', async () => {
    const partition = fc.record({ partition: fc.nat(500), error, offset, aborted: fc.nat(2), count: fc.nat(3) })
    const topics = fc.array(fc.record({ topic: text, partitions: fc.array(partition, { maxLength: 5 }) }), {
      maxLength: 4,
    })
    const encoder = new BatchEncoder(3)
    await fc.assert(
      fc.asyncProperty(topics, async (given) => {
        const out = new WireWriter().int32(17).int16(0).int32(0).int32(given.length)
        for (const { topic, partitions } of given) {
          out.text(topic).int32(partitions.length)
          for (const one of partitions) {
            out.int32(one.partition).int16(one.error).int64(one.offset).int64(one.offset).int64(0).int32(one.aborted)
            for (let n = 0; n < one.aborted; n++) out.int64(1).int64(2)
            const records = Array.from({ length: one.count }, () => ({ key: 'k', value: Buffer.from('v') }))
            const bytes = one.count === 0 ? Buffer.alloc(0) : encoder.encode(records, 1)
            out.int32(-1).int32(bytes.length).bytes(bytes)
          }
        }
        const answer = out.toBuffer()
        const { throttleMs, value } = decodeFetched(answer)
        const theirs = await fetchAnswer.decode(answer)
        expect(theirs).toMatchObject({
          clientSideThrottleTime: throttleMs,
          responses: given.map(({ topic }) => ({ topicName: asWritten(topic) })),
        })
        const flat = given.flatMap(({ topic, partitions }) => partitions.map((one) => ({ topic, ...one })))
        const theirFlat = theirs.responses.flatMap((one) => (one as { partitions: object[] }).partitions)
        for (const [index, one] of flat.entries()) {
          const { partition, bytes, error: failure, topic, end } = value[index]!
          expect(end).toBe(one.offset)
          const records = batchesOf({ topic, partition }, bytes).flatMap((batch) => batch.records())
          expect(records).toHaveLength(one.count)
          expect(theirFlat[index]).toMatchObject({
            partition,
            errorCode: failure === null ? 0 : (failure as Error & { code: number }).code,
            messages: records.map((record) => ({ offset: String(record.offset) })),
          })
        }
        expect(value).toHaveLength(flat.length)
      }),
    )
  })

  test('the answer to Produce is read as kafkajs reads it', async () => {
    const partition = fc.record({ partition: fc.nat(500), error, offset })
    const topics = fc.array(fc.record({ topic: text, partitions: fc.array(partition, { maxLength: 5 }) }))
    await fc.assert(
      fc.asyncProperty(topics, async (given) => {
        const out = new WireWriter().int32(given.length)
        for (const { topic, partitions } of given) {
          out.text(topic).int32(partitions.length)
          for (const one of partitions) out.int32(one.partition).int16(one.error).int64(one.offset).int64(-1).int64(0)
        }
        const answer = out.int32(3).toBuffer()
        const { throttleMs, value } = decodeProduced(answer)
        const theirs = await produceAnswer.decode(answer)
        expect(theirs).toMatchObject({ clientSideThrottleTime: throttleMs })
        expect(
          value.map((one) => ({
            partition: one.partition,
            errorCode: one.error === null ? 0 : (one.error as Error & { code: number }).code,
            baseOffset: String(one.offset),
          })),
        ).toMatchObject(theirs.topics.flatMap((one) => (one as { partitions: object[] }).partitions).map(known))
      }),
    )
  })
})

const known = (partition: object): object => {
  const { partition: id, errorCode, baseOffset } = partition as Record<string, unknown>
  return { partition: id, errorCode, baseOffset }
}
