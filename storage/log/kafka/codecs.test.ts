import kafkajs from 'kafkajs'
import { compress } from 'snappy'
import { describe, expect, test } from 'vitest'
import { registerCodecs } from './codecs.ts'

registerCodecs()
const { CompressionCodecs, CompressionTypes } = kafkajs
const texts = ['', 'x', 'the order has left our warehouse '.repeat(5_000)]

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

describe('compressions', () => {
  test.each([
    ['zstd', CompressionTypes.ZSTD],
    ['lz4', CompressionTypes.LZ4],
    ['snappy', CompressionTypes.Snappy],
  ] as const)('%s gives back what it took, and is smaller', async (_, type) => {
    const codec = CompressionCodecs[type]() as Codec
    for (const text of texts) {
      const packed = await codec.compress({ buffer: Buffer.from(text) })
      expect((await codec.decompress(packed)).toString()).toBe(text)
      if (text.length > 1_000) expect(packed.length).toBeLessThan(text.length / 10)
    }
  })

  test('snappy as Java frames it: a header, then blocks', async () => {
    const blocks = ['first ', 'second ', 'third']
    const header = Buffer.concat([Buffer.from([0x82]), Buffer.from('SNAPPY\0'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
    const framed: Uint8Array[] = [header]
    for (const block of blocks) {
      const packed = await compress(block)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(packed.length)
      framed.push(length, packed)
    }
    const codec = CompressionCodecs[CompressionTypes.Snappy]() as Codec
    expect((await codec.decompress(Buffer.concat(framed))).toString()).toBe(blocks.join(''))
  })
})
