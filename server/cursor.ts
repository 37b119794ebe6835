/** Lists in pages: the next begins behind what was shown last, so that what comes meanwhile moves nothing. */
import { z } from 'zod'
import { parameter } from './parameter.ts'

/** What of an entry its place in the list hangs on. */
type Place = readonly (string | number | null)[]

const LONGEST_CHARS = 4_000

/** The parameter `after`: what `next` was, read by the schema of what was written. */
export const cursorParameter = <T>(place: z.ZodType<T>) =>
  parameter('a cursor: what `next` was', (given): T | null => {
    const parsed = given.length > LONGEST_CHARS ? null : place.safeParse(written(given))
    return parsed?.success ? parsed.data : null
  }).optional()

/** `found`: one more than a page has, where there are more. */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  placeOf: (last: T) => Place,
): { shown: readonly T[]; next: { next?: string } } {
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return { shown, next: found.length > limit && last !== undefined ? { next: cursorOf(placeOf(last)) } : {} }
}

const cursorOf = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url')

function written(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}

/** Of a list by time. */
export const timeSchema = z.int().min(0)
