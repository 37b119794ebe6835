/**
 * Where a subscriber is in the log, as the id of what it had last: `s1a,2b~3.r0,0`. For each stream the next record of each partition, in
 * base 36, and behind a tilde how many events of that record were had. It says all that another instance needs to go on there.
 */
import { LOG_STREAMS, type LogStream } from './streams.ts'

export interface Place {
  /** Of the next record. */
  readonly offset: number
  /** Events of it that were had. */
  readonly index: number
}

/** By partition. */
export type Places = ReadonlyMap<LogStream, readonly Place[]>

const LETTERS: Readonly<Record<LogStream, string>> = { spans: 's', results: 'r', alerts: 'a' }
const MAX_CHARS = 8_000

export const placeText = ({ offset, index }: Place): string =>
  index === 0 ? offset.toString(36) : `${offset.toString(36)}~${index.toString(36)}`

/** Of the streams that it is asked for, in their order. */
export function encodePlaces(streams: readonly LogStream[], textsOf: (stream: LogStream) => readonly string[]): string {
  return streams.map((stream) => `${LETTERS[stream]}${textsOf(stream).join(',')}`).join('.')
}

/** Null for what no subscription gave out. */
export function parsePlaces(id: string): Places | null {
  if (id.length > MAX_CHARS) return null
  const places = new Map<LogStream, Place[]>()
  if (id === '') return places
  for (const part of id.split('.')) {
    const stream = LOG_STREAMS.find((one) => LETTERS[one] === part[0])
    if (stream === undefined || places.has(stream)) return null
    const ofStream = part.slice(1).split(',').map(parsePlace)
    if (!ofStream.every((one) => one !== null)) return null
    places.set(stream, ofStream)
  }
  return places
}

function parsePlace(text: string): Place | null {
  const [, offset, index = '0'] = /^([0-9a-z]{1,11})(?:~([0-9a-z]{1,6}))?$/.exec(text) ?? []
  if (offset === undefined) return null
  const place = { offset: Number.parseInt(offset, 36), index: Number.parseInt(index, 36) }
  return Number.isSafeInteger(place.offset) ? place : null
}
