/** `readLogs` for protobuf. */
import { BODY, EVENT_NAME, type LogsOutcome, MESSAGE_EVENTS } from './log-records.ts'
import { asBuffer, WIRE_DELIMITED, WIRE_FIXED64, WireError, WireReader } from './wire.ts'

const delimited = (field: number): number => field * 8 + WIRE_DELIMITED
const fixed64 = (field: number): number => field * 8 + WIRE_FIXED64

export function readLogsProtobuf(body: Uint8Array, nowMs: number): LogsOutcome {
  const reader = new WireReader(body)
  const state: State = { reader, nowMs, places: [], kept: 0, others: 0, withoutSpan: 0 }
  const end = reader.bytes.length
  const groups: Buffer[] = []
  let index = 0
  try {
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === delimited(1)) {
        const group = readResource(state, endOf(reader, end), [], index++)
        if (group !== null) groups.push(field(1, group))
      } else reader.skip(tag, end)
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return { ok: false, message: `${error.message} (at byte ${error.offset})` }
  }
  const { kept, others, withoutSpan, places } = state
  const pathOf = (path: string): string => pathInLogs(path, places)
  return { ok: true, request: Buffer.concat(groups), kept, leftOut: { others, withoutSpan }, pathOf }
}

interface State {
  readonly reader: WireReader
  readonly nowMs: number
  /** Of each span that was made, where its log record is: indexes of resource, scope and record. */
  readonly places: number[][]
  kept: number
  others: number
  withoutSpan: number
}

/** `place`: of what it lies in, and its `index` there. */
type ReadInner = (state: State, end: number, place: readonly number[], index: number) => Buffer | null

/**
 * Resource and scope groups have the same fields in both signals: what they hold is replaced, the rest is taken as it is. Null for one that
 * holds nothing: two bytes each, they would take a hundred times the memory of the body.
 */
function readGroup(state: State, end: number, place: readonly number[], readInner: ReadInner): Buffer | null {
  const { reader } = state
  const parts: Buffer[] = []
  let inners = 0
  let index = 0
  // Neighbours are one part, however many they are.
  let restFrom = reader.pos
  const endRest = (to: number): void => {
    if (to > restFrom) parts.push(reader.bytes.subarray(restFrom, to))
  }
  while (reader.pos < end) {
    const start = reader.pos
    const tag = reader.tag(end)
    if (tag === delimited(2)) {
      const inner = readInner(state, endOf(reader, end), place, index++)
      endRest(start)
      restFrom = reader.pos
      if (inner === null) continue
      parts.push(field(2, inner))
      inners++
    } else reader.skip(tag, end)
  }
  if (inners === 0) return null
  endRest(end)
  return Buffer.concat(parts)
}

/** Empty ones come by the million in a body of nothing else: they are to cost nothing. */
const isEmpty = ({ reader }: State, end: number): boolean => reader.pos === end

const readResource: ReadInner = (state, end, place, index) =>
  isEmpty(state, end) ? null : readGroup(state, end, [...place, index], readScope)

const readScope: ReadInner = (state, end, place, index) =>
  isEmpty(state, end) ? null : readGroup(state, end, [...place, index], readRecord)

/** A span of one event; null for a record that is left out. */
const readRecord: ReadInner = (state, end, place, index) => {
  if (isEmpty(state, end)) {
    state.others++
    return null
  }
  const { reader } = state
  const { bytes, view } = reader
  let timeNs = 0n
  let observedNs = 0n
  let name = ''
  let traceId: Buffer | null = null
  let spanId: Buffer | null = null
  const attributes: Buffer[] = []
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === fixed64(1)) timeNs = view.getBigUint64(reader.take(8, end), true)
    else if (tag === fixed64(11)) observedNs = view.getBigUint64(reader.take(8, end), true)
    else if ((tag & 7) === WIRE_DELIMITED) {
      const length = reader.length(end)
      const value = bytes.subarray(reader.pos, reader.pos + length)
      reader.take(length, end)
      if (tag === delimited(5) && attributes.length < MOST_ATTRIBUTES)
        attributes.push(Buffer.concat([field(1, BODY_BYTES), field(2, value)]))
      else if (tag === delimited(6)) {
        if (attributes.length === MOST_ATTRIBUTES)
          throw new WireError('a log record has too many attributes', reader.pos)
        attributes.push(value)
        if (name === '') name = eventNameIn(value)
      } else if (tag === delimited(9)) traceId = value
      else if (tag === delimited(10)) spanId = value
      else if (tag === delimited(12)) name = value.toString('utf8') || name
    } else reader.skip(tag, end)
  }
  if (!MESSAGE_EVENTS.has(name)) {
    state.others++
    return null
  }
  if (!isId(traceId) || !isId(spanId)) {
    state.withoutSpan++
    return null
  }
  state.kept++
  state.places.push([...place, index])
  const time = timeNs || observedNs || BigInt(state.nowMs) * 1_000_000n
  const named = Buffer.from(name)
  const event = Buffer.concat([time64(1, time), field(2, named), ...attributes.map((attribute) => field(3, attribute))])
  return Buffer.concat([
    field(1, traceId),
    field(2, spanId),
    field(5, named),
    time64(7, time),
    time64(8, time),
    field(11, event),
  ])
}

/** Of one record; each takes memory beyond its bytes. */
const MOST_ATTRIBUTES = 65_536
const BODY_BYTES = Buffer.from(BODY)

/** What an attribute says if it is the event's name; empty otherwise. Whether it is well-formed is seen where spans are. */
function eventNameIn(attribute: Buffer): string {
  if (attribute[0] !== delimited(1) || attribute[1] !== EVENT_NAME.length) return ''
  const value = 2 + EVENT_NAME.length
  if (attribute.toString('latin1', 2, value) !== EVENT_NAME) return ''
  const isText = attribute[value] === delimited(2) && attribute[value + 2] === delimited(1)
  const length = attribute[value + 3] ?? 0
  return isText && length < 128 ? attribute.toString('utf8', value + 4, value + 4 + length) : ''
}

const isId = (id: Buffer | null): id is Buffer => id?.some((byte) => byte !== 0) === true

function endOf(reader: WireReader, end: number): number {
  const length = reader.length(end)
  return reader.pos + length
}

function field(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([delimited(number), ...varint(value.length)]), asBuffer(value)])
}

function time64(number: number, ns: bigint): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = fixed64(number)
  bytes.writeBigUInt64LE(ns, 1)
  return bytes
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest & 127) | 128)
  }
}

/** A path as far as groups are in it. */
const GROUPS_OF_PATH = /^resource_spans\[(\d+)\](?:\.scope_spans\[(\d+)\](?:\.spans\[(\d+)\])?)?/

/** Groups of which nothing was kept are not in the request, so that what is left has other indexes there than in the body. */
function pathInLogs(path: string, places: readonly (readonly number[])[]): string {
  const [whole, ...at] = GROUPS_OF_PATH.exec(path) ?? []
  if (whole === undefined) return path
  const parts: string[] = []
  let within = places
  for (const [level, name] of ['resource_logs', 'scope_logs', 'log_records'].entries()) {
    const index = at[level]
    if (index === undefined) break
    const sent = [...new Set(within.map((place) => place[level]))][Number(index)]
    if (sent === undefined) return path
    parts.push(`${name}[${sent}]`)
    within = within.filter((place) => place[level] === sent)
  }
  return parts.join('.') + path.slice(whole.length)
}
