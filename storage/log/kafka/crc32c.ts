/** The checksum of Kafka's batches: CRC-32C (Castagnoli, reflected), eight bytes a step. zlib's is of another polynomial. */

const POLYNOMIAL = 0x82f63b78
const BYTES_A_STEP = 8

/** What a byte does that stands `step` bytes before the end of its step; 256 values for each. */
const TABLES = new Int32Array(BYTES_A_STEP * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  TABLES[byte] = crc
}
for (let step = 1; step < BYTES_A_STEP; step++) {
  for (let byte = 0; byte < 256; byte++) {
    const before = TABLES[(step - 1) * 256 + byte]!
    TABLES[step * 256 + byte] = (before >>> 8) ^ TABLES[before & 0xff]!
  }
}

/** Of the bytes from `start` on, unsigned. */
export function crc32c(bytes: Uint8Array, start = 0): number {
  const end = bytes.length
  let crc = -1
  let at = start
  for (; at + BYTES_A_STEP <= end; at += BYTES_A_STEP) {
    crc =
      TABLES[0x700 | ((crc ^ bytes[at]!) & 0xff)]! ^
      TABLES[0x600 | (((crc >>> 8) ^ bytes[at + 1]!) & 0xff)]! ^
      TABLES[0x500 | (((crc >>> 16) ^ bytes[at + 2]!) & 0xff)]! ^
      TABLES[0x400 | ((crc >>> 24) ^ bytes[at + 3]!)]! ^
      TABLES[0x300 | bytes[at + 4]!]! ^
      TABLES[0x200 | bytes[at + 5]!]! ^
      TABLES[0x100 | bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = TABLES[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}
