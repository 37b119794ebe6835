import { compress } from 'snappy'
import { describe, expect, test } from 'vitest'
import { CODECS } from './codecs.ts'

const texts = ['', 'x', 'the order has left our warehouse '.repeat(5_000)]

describe('compressions', () => {
  test.each([
    ['gzip', 1],
    ['snappy', 2],
    ['lz4', 3],
    ['zstd', 4],
  ] as const)('%s gives back what it took, and is smaller', (_, id) => {
    const codec = CODECS[id]
    for (const text of texts) {
      const packed = codec.compress(Buffer.from(text))
      expect(codec.decompress(packed).toString()).toBe(text)
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
    expect(CODECS[2].decompress(Buffer.concat(framed)).toString()).toBe(blocks.join(''))
  })
})
