/**
 * Kafka's default partitioner for keyed records, so that the embedded log and every Kafka client put a key on the same
 * partition. Algorithm: `org.apache.kafka.common.utils.Utils.murmur2` and `toPositive` (murmur2, 32 bit, seed 0x9747b28c).
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** Murmur2 of the bytes as Kafka computes it; a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let h = SEED ^ length
  const wordsEnd = length & ~3
  for (let i = 0; i < wordsEnd; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> R
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  const tail = length & 3
  if (tail === 3) h ^= bytes[wordsEnd + 2]! << 16
  if (tail >= 2) h ^= bytes[wordsEnd + 1]! << 8
  if (tail >= 1) h = Math.imul(h ^ bytes[wordsEnd]!, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

/** The partition of key bytes: `toPositive(murmur2(bytes)) % partitions`, where toPositive clears the sign bit. */
export function partitionOfBytes(keyBytes: Uint8Array, partitions: number): number {
  return (murmur2(keyBytes) & 0x7fffffff) % partitions
}

const encoder = new TextEncoder()
// Trace ids are 32 bytes; longer keys take the allocating path.
const scratch = new Uint8Array(256)

/** The partition of a key, hashed as its UTF-8 bytes. */
export function partitionOfKey(key: string, partitions: number): number {
  if (key.length * 3 > scratch.length) return partitionOfBytes(encoder.encode(key), partitions)
  const { written } = encoder.encodeInto(key, scratch)
  return partitionOfBytes(scratch.subarray(0, written), partitions)
}
