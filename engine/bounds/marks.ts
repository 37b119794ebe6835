/** Pieces of protobuf that are put into records. */
import { ReverseWriter } from '../otlp/reverse-writer.ts'

const KEY = 1
const VALUE = 2
const STRING = 1
const INT = 3

/** A KeyValue as an attribute of a message whose attributes are in `field`. */
export function attribute(field: number, key: string, value: string | number): Buffer {
  const writer = new ReverseWriter(key.length + 32)
  const whole = writer.mark()
  const any = writer.mark()
  if (typeof value === 'string') writer.text(STRING, value)
  else writer.int64(INT, BigInt(value))
  writer.closeMessage(VALUE, any)
  writer.text(KEY, key)
  writer.closeMessage(field, whole)
  return Buffer.from(writer.finish())
}

export function countField(field: number, count: number): Buffer {
  const writer = new ReverseWriter(8)
  writer.uint(field, count)
  return Buffer.from(writer.finish())
}

/** The eight bytes alone, without a tag. */
export function fixed64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes
}
