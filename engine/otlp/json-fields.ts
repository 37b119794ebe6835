/** Readers of protobuf's JSON mapping (https://protobuf.dev/programming-guides/json/) with OTLP's exceptions. */
import type { ReverseWriter } from './reverse-writer.ts'

/** JSON that isn't the OTLP message it should be. */
export class JsonFieldError extends Error {
  readonly path: string
  constructor(path: string, message: string) {
    super(message)
    this.name = 'JsonFieldError'
    this.path = path
  }
}

export type JsonObject = Readonly<Record<string, unknown>>

/** Own properties alone: `__proto__`, `constructor` and the like are keys that nobody asks for. */
export function get(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The object at a field; null stands for the default, as everywhere in the mapping. */
export function objectAt(value: unknown, path: string): JsonObject | null {
  if (value === undefined || value === null) return null
  if (typeof value !== 'object' || Array.isArray(value)) throw new JsonFieldError(path, 'must be an object')
  return value as JsonObject
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new JsonFieldError(path, 'must be a list')
  return value
}

export function textAt(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new JsonFieldError(path, 'must be a string')
  return value
}

/** Ids are hex in OTLP, not base64. Lower and upper case; empty when absent. */
export function hexAt(value: unknown, path: string, sizeBytes: number): Buffer | null {
  const text = textAt(value, path)
  if (text === '') return null
  if (text.length !== sizeBytes * 2) {
    throw new JsonFieldError(path, `is ${text.length} characters long; it must be ${sizeBytes * 2} hex digits`)
  }
  const bytes = Buffer.from(text, 'hex')
  if (bytes.length !== sizeBytes) throw new JsonFieldError(path, `must be ${sizeBytes * 2} hex digits`)
  return bytes
}

const MAX_UINT64 = (1n << 64n) - 1n
const MAX_INT64 = (1n << 63n) - 1n
const MIN_INT64 = -(1n << 63n)

/** A 64-bit integer: decimal text, or a number (which the JSON parser has rounded beyond 2^53). */
function integerAt(value: unknown, path: string, min: bigint, max: bigint): bigint {
  let integer: bigint
  if (typeof value === 'number' && Number.isInteger(value)) integer = BigInt(value)
  else if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) integer = BigInt(value)
  else throw new JsonFieldError(path, 'must be an integer, as a string or a number')
  if (integer < min || integer > max) throw new JsonFieldError(path, 'is out of range')
  return integer
}

export function int64At(value: unknown, path: string): bigint {
  return integerAt(value, path, MIN_INT64, MAX_INT64)
}

export function uint64At(value: unknown, path: string): bigint {
  return value === undefined || value === null ? 0n : integerAt(value, path, 0n, MAX_UINT64)
}

export function uint32At(value: unknown, path: string): number {
  return value === undefined || value === null ? 0 : Number(integerAt(value, path, 0n, 0xffffffffn))
}

/** An enum's number, or its name. Unknown numbers pass, as in protobuf. */
export function enumAt(value: unknown, path: string, names: ReadonlyMap<string, number>): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value
  const known = typeof value === 'string' ? names.get(value) : undefined
  if (known === undefined) throw new JsonFieldError(path, `must be one of 0 to ${names.size - 1}, or its name`)
  return known
}

/** A double; null is NaN: `JSON.stringify` writes NaN so, and real SDKs send it. */
export function doubleAt(value: unknown, path: string): number {
  if (value === null) return Number.NaN
  if (typeof value === 'number') return value
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  if (typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value)
  throw new JsonFieldError(path, 'must be a number')
}

/** Standard or URL-safe base64. */
export function base64At(value: unknown, path: string): Buffer {
  const text = textAt(value, path)
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw new JsonFieldError(path, 'must be base64')
  return Buffer.from(text, 'base64')
}

export type WriteFields = (writer: ReverseWriter, object: JsonObject, path: string) => void

/** A repeated message, last item first. */
export function writeEach(
  writer: ReverseWriter,
  field: number,
  value: unknown,
  path: string,
  write: WriteFields,
): void {
  const items = listAt(value, path)
  for (let i = items.length - 1; i >= 0; i--) {
    const itemPath = `${path}[${i}]`
    const object = objectAt(items[i], itemPath)
    if (object === null) throw new JsonFieldError(itemPath, 'must be an object')
    const mark = writer.mark()
    write(writer, object, itemPath)
    writer.closeMessage(field, mark)
  }
}

export function writeOne(writer: ReverseWriter, field: number, value: unknown, path: string, write: WriteFields): void {
  const object = objectAt(value, path)
  if (object === null) return
  const mark = writer.mark()
  write(writer, object, path)
  writer.closeMessage(field, mark)
}

export function writeText(writer: ReverseWriter, field: number, object: JsonObject, key: string, path: string): void {
  const text = textAt(get(object, key), `${path}.${key}`)
  if (text !== '') writer.text(field, text)
}
