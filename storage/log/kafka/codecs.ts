/**
 * The compressions that kafkajs leaves to others. Whatever producer wrote a batch, it can be read.
 * https://kafka.apache.org/documentation/#messageformat
 */
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappy'

/** Kafka's encoder: what it holds is its `buffer`. */
interface Encoded {
  readonly buffer: Buffer
}

const zstd = { compress: promisify(zstdCompress), decompress: promisify(zstdDecompress) }

/** Java's producers frame snappy: a header of 16 bytes, then blocks, each after its length. https://github.com/xerial/snappy-java */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

async function snappyDecompress(bytes: Buffer): Promise<Buffer> {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return Buffer.from(await snappyUncompress(bytes))
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    blocks.push(Buffer.from(await snappyUncompress(bytes.subarray(at + 4, end))))
    at = end
  }
  return Buffer.concat(blocks)
}

/** Makes them known to kafkajs, in the whole process; again is harmless. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: Encoded) => zstd.compress(buffer),
    decompress: (bytes: Buffer) => zstd.decompress(bytes),
  })
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: ({ buffer }: Encoded) => compressFrame(buffer),
    decompress: (bytes: Buffer) => decompressFrame(bytes),
  })
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: ({ buffer }: Encoded) => snappyCompress(buffer),
    decompress: snappyDecompress,
  })
}
