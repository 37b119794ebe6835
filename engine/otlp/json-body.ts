/** The JSON of a request, from bytes to a value whose memory is bounded by more than its length. */
import { jsonProblem } from '../parse-json.ts'

/**
 * Braces, brackets, commas and colons of a body together: about seven for an attribute. A value of two bytes, `[]`, takes 40 in memory, and an object
 * with a key of its own 170, so that 20 MiB of them would be more than a gigabyte; of so many the worst is 60 MB.
 */
const MOST_MARKS = 1_000_000

export type JsonBody = { ok: true; value: unknown } | { ok: false; message: string }

/** What is no UTF-8 is replaced. The message repeats nothing of the body. */
export function parseJsonBody(body: Uint8Array, mostMarks = MOST_MARKS): JsonBody {
  if (hasMoreMarks(body, mostMarks)) {
    const most = mostMarks.toLocaleString('en-GB')
    return {
      ok: false,
      message: `the body has too many values (more than ${most} braces, brackets, commas and colons): send fewer spans at once, or protobuf`,
    }
  }
  try {
    return { ok: true, value: JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) }
  } catch (error) {
    return { ok: false, message: `the body is not JSON: ${jsonProblem(error)}` }
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]

/** Those within strings do not count. */
function hasMoreMarks(body: Uint8Array, most: number): boolean {
  // Each takes a byte.
  if (body.length <= most) return false
  let marks = 0
  for (let i = 0; i < body.length; i++) {
    switch (body[i]) {
      case QUOTE:
        for (i++; i < body.length && body[i] !== QUOTE; i++) if (body[i] === BACKSLASH) i++
        break
      case 0x2c: // ,
      case 0x3a: // :
      case 0x5b: // [
      case 0x7b: // {
        if (++marks > most) return true
    }
  }
  return false
}
