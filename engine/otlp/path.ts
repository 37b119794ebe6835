import { FIELDS_PER_MESSAGE, MESSAGES, REQUEST } from './schema.ts'
import { WIRE_DELIMITED, WireError, WireReader } from './wire.ts'

/**
 * The name of the field at a byte of a request, `resource_spans[0].scope_spans[1].spans[3].trace_id`: for error messages,
 * so that the walk that finds errors need not know where it is. An empty text when the byte is in no field.
 */
export function fieldPathAt(bytes: Uint8Array, offset: number): string {
  const reader = new WireReader(bytes)
  const path: string[] = []
  let message: number | undefined = REQUEST
  let end = bytes.length
  while (message !== undefined) {
    const found = fieldAt(reader, message, end, offset)
    if (found === null) break
    path.push(found.name)
    message = found.message
    reader.pos = found.start
    end = found.end
  }
  return path.join('.')
}

interface FoundField {
  name: string
  message: number | undefined
  start: number
  end: number
}

/** The field of a message that covers the offset. */
function fieldAt(reader: WireReader, message: number, end: number, offset: number): FoundField | null {
  const seen = new Uint32Array(FIELDS_PER_MESSAGE)
  while (reader.pos < end) {
    const fieldStart = reader.pos
    let tag: number
    try {
      tag = reader.tag(end)
    } catch (error) {
      if (error instanceof WireError) return null
      throw error
    }
    const number = tag >>> 3
    const field = MESSAGES[message]?.[number]
    const index = number < FIELDS_PER_MESSAGE ? seen[number]!++ : 0
    const name = `${field?.name ?? `field ${number}`}${field?.repeated ? `[${index}]` : ''}`
    let contentEnd = end
    let start = reader.pos
    let isWhole = false
    try {
      if ((tag & 7) === WIRE_DELIMITED) {
        const length = reader.length(end)
        start = reader.pos
        contentEnd = start + length
      }
      reader.pos = start
      if ((tag & 7) === WIRE_DELIMITED) reader.take(contentEnd - start, end)
      else reader.skip(tag, end)
      isWhole = true
    } catch (error) {
      if (!(error instanceof WireError)) throw error
    }
    if (isWhole && offset >= reader.pos && offset > fieldStart) continue
    const isMessage = isWhole && offset >= start && field?.message !== undefined && (tag & 7) === field.wire
    return { name, message: isMessage ? field.message : undefined, start, end: contentEnd }
  }
  return null
}
