/** Attributes in OTLP/JSON: `{"key": …, "value": {"stringValue": …}}`. */
import {
  base64At,
  doubleAt,
  get,
  int64At,
  JsonFieldError,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
  writeText,
} from './json-fields.ts'
import type { ReverseWriter } from './reverse-writer.ts'
import { MAX_NESTING } from './schema.ts'

export function writeKeyValue(writer: ReverseWriter, object: JsonObject, path: string): void {
  writeKeyValueAt(writer, object, path, 1)
}

/** `level` counts the AnyValues from the attribute down. */
function writeKeyValueAt(writer: ReverseWriter, object: JsonObject, path: string, level: number): void {
  const value = objectAt(get(object, 'value'), `${path}.value`)
  if (value !== null) {
    const mark = writer.mark()
    writeAnyValue(writer, value, `${path}.value`, level)
    writer.closeMessage(2, mark)
  }
  writeText(writer, 1, object, 'key', path)
}

const CASES = [
  'stringValue',
  'intValue',
  'doubleValue',
  'boolValue',
  'arrayValue',
  'kvlistValue',
  'bytesValue',
] as const

/** Writes nothing for an empty value. */
function writeAnyValue(writer: ReverseWriter, object: JsonObject, path: string, level: number): void {
  if (level > MAX_NESTING) throw new JsonFieldError(path, `nests deeper than ${MAX_NESTING} levels`)
  for (const key of CASES) {
    if (!Object.hasOwn(object, key)) continue
    const value = object[key]
    // Null is the absence of a value, but for a double: there it is NaN.
    if (value !== null || key === 'doubleValue') writeCase(writer, key, value, `${path}.${key}`, level)
    return
  }
}

function writeCase(
  writer: ReverseWriter,
  key: (typeof CASES)[number],
  value: unknown,
  path: string,
  level: number,
): void {
  switch (key) {
    case 'stringValue':
      writer.text(1, textAt(value, path))
      return
    case 'boolValue':
      if (typeof value !== 'boolean') throw new JsonFieldError(path, 'must be true or false')
      writer.uint(2, value ? 1 : 0)
      return
    case 'intValue':
      writer.int64(3, int64At(value, path))
      return
    case 'doubleValue':
      writer.double(4, doubleAt(value, path))
      return
    case 'bytesValue':
      writer.bytes(7, base64At(value, path))
      return
    case 'arrayValue':
      writeValues(writer, 5, value, path, (item, itemPath) => {
        // Null in a list of anything is an item without a value.
        const object = objectAt(item, itemPath)
        if (object !== null) writeAnyValue(writer, object, itemPath, level + 1)
      })
      return
    case 'kvlistValue':
      writeValues(writer, 6, value, path, (item, itemPath) => {
        const object = objectAt(item, itemPath)
        if (object === null) throw new JsonFieldError(itemPath, 'must be an object')
        writeKeyValueAt(writer, object, itemPath, level + 1)
      })
  }
}

/** The message `{"values": […]}`. */
function writeValues(
  writer: ReverseWriter,
  field: number,
  value: unknown,
  path: string,
  write: (item: unknown, path: string) => void,
): void {
  const list = objectAt(value, path)
  if (list === null) return
  const mark = writer.mark()
  const items = listAt(get(list, 'values'), `${path}.values`)
  for (let i = items.length - 1; i >= 0; i--) {
    const itemMark = writer.mark()
    write(items[i], `${path}.values[${i}]`)
    writer.closeMessage(1, itemMark)
  }
  writer.closeMessage(field, mark)
}
