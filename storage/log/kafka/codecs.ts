/**
 * The compressions of Kafka's batches. All run where they are called: a batch of some 20 kB takes lz4 10 µs and a thread of the pool
 * 60, most of them for the hand-over. Whatever producer wrote a batch, it can be read.
 * https://kafka.apache.org/documentation/#messageformat
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { compressSync as snappyCompress, uncompressSync as snappyUncompress } from 'snappy'

export interface Codec {
  compress(bytes: Buffer): Buffer
  decompress(bytes: Buffer): Buffer
}

/** Java's producers frame snappy: a header of 16 bytes, then blocks, each after its length. https://github.com/xerial/snappy-java */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

function snappyDecompress(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return Buffer.from(snappyUncompress(bytes))
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at)
    blocks.push(Buffer.from(snappyUncompress(bytes.subarray(at + 4, end))))
    at = end
  }
  return Buffer.concat(blocks)
}

/** The number that a batch's attributes name it by; 0 is none. */
export type CompressionId = 0 | 1 | 2 | 3 | 4

export const CODECS: Readonly<Record<Exclude<CompressionId, 0>, Codec>> = {
  1: { compress: (bytes) => gzipSync(bytes), decompress: (bytes) => gunzipSync(bytes) },
  2: { compress: (bytes) => snappyCompress(bytes), decompress: snappyDecompress },
  3: { compress: (bytes) => compressFrameSync(bytes), decompress: (bytes) => decompressFrameSync(bytes) },
  4: { compress: (bytes) => zstdCompressSync(bytes), decompress: (bytes) => zstdDecompressSync(bytes) },
}
