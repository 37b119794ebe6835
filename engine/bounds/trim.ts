/**
 * Brings a record within bounds, on its bytes: texts that are too long are cut with a mark, attributes that are too many left out, and times
 * of wrong clocks moved to when the spans came. Each span (and resource, and scope) that was changed has attributes that say so. For records
 * that `scanRequest` found something in: others need no second look.
 */
import {
  EVENT,
  EXPECTED_WIRE,
  FIELDS_PER_MESSAGE,
  KEY_VALUE,
  LINK,
  MESSAGE_IN,
  MESSAGES,
  REQUEST,
  RESOURCE,
  SCOPE,
  SPAN,
} from '../otlp/schema.ts'
import { WIRE_DELIMITED, WireReader } from '../otlp/wire.ts'
import { Edits } from '../privacy/edits.ts'
import { type Bounds, type BoundsTally, CUT_TEXTS, DROPPED_ATTRIBUTES, SENT_END, SENT_START } from './bounds.ts'
import { attribute, countField, fixed64 } from './marks.ts'
import { type Clamp, clampOf } from './span-times.ts'

/** The record within bounds; the very same bytes when there is nothing to change. What was done is added to `tally`. */
export function trimRecord(record: Uint8Array, bounds: Bounds, nowMs: number, tally: BoundsTally): Uint8Array {
  const walk = new Walk(record, bounds, nowMs, tally)
  walk.message(REQUEST, walk.reader.bytes.length)
  return walk.edits.isEmpty ? record : walk.edits.applyTo(walk.reader.bytes)
}

/** Messages with attributes of their own: which field has them, and which the count of those that were left out. */
const HOLDERS: Readonly<Record<number, { attributes: number; dropped: number }>> = {
  [RESOURCE]: { attributes: 1, dropped: 2 },
  [SCOPE]: { attributes: 3, dropped: 4 },
  [SPAN]: { attributes: 9, dropped: 10 },
  [EVENT]: { attributes: 3, dropped: 4 },
  [LINK]: { attributes: 4, dropped: 5 },
}
/** Where marks are put: what is cut in a span's events and links is told on the span. */
const MARKED = new Set([RESOURCE, SCOPE, SPAN])

const START_FIELD = 7
const END_FIELD = 8
const EVENT_TIME_FIELD = 1
/** A character of UTF-8 has four bytes at the most. */
const LONGEST_TAIL = 3

class Walk {
  readonly reader: WireReader
  readonly edits = new Edits()
  private readonly bounds: Bounds
  private readonly nowMs: number
  private readonly tally: BoundsTally
  /** Of the part that has the marks. */
  private cutTexts = 0
  private droppedAttributes = 0
  private clamp: Clamp | null = null

  constructor(record: Uint8Array, bounds: Bounds, nowMs: number, tally: BoundsTally) {
    this.reader = new WireReader(record)
    this.bounds = bounds
    this.nowMs = nowMs
    this.tally = tally
  }

  message(type: number, end: number): void {
    if (!MARKED.has(type)) {
      this.fields(type, end)
      return
    }
    this.cutTexts = 0
    this.droppedAttributes = 0
    this.clamp = type === SPAN ? clampOf(this.reader, end, this.bounds, this.nowMs) : null
    this.fields(type, end)
    const { cutTexts, droppedAttributes, clamp } = this
    this.tally.cutTexts += cutTexts
    this.tally.droppedAttributes += droppedAttributes
    const field = HOLDERS[type]!.attributes
    const marks: Buffer[] = []
    if (cutTexts > 0) marks.push(attribute(field, CUT_TEXTS, cutTexts))
    if (droppedAttributes > 0) marks.push(attribute(field, DROPPED_ATTRIBUTES, droppedAttributes))
    if (clamp !== null) {
      this.tally.clampedSpans++
      marks.push(attribute(field, SENT_START, String(clamp.sentStartNs)))
      marks.push(attribute(field, SENT_END, String(clamp.sentEndNs)))
    }
    if (marks.length > 0) this.edits.replace(end, end, Buffer.concat(marks))
    this.clamp = null
  }

  private fields(type: number, end: number): void {
    const { reader, edits, bounds } = this
    const holder = HOLDERS[type]
    let attributes = 0
    let dropped = 0
    let droppedBefore = 0
    while (reader.pos < end) {
      const start = reader.pos
      const tag = reader.tag(end)
      const field = tag >>> 3
      if ((tag & 7) !== WIRE_DELIMITED) {
        if (field === holder?.dropped) droppedBefore = reader.varint(end)
        else this.number(type, field, tag, end)
        continue
      }
      const lengthAt = reader.pos
      const size = reader.length(end)
      const from = reader.pos
      const to = from + size
      const index = type * FIELDS_PER_MESSAGE + field
      const isKnown = field < FIELDS_PER_MESSAGE && EXPECTED_WIRE[index] !== 0
      const inner = isKnown ? MESSAGE_IN[index]! - 1 : -1
      if (inner === KEY_VALUE && holder !== undefined && ++attributes > bounds.maxAttributes) {
        edits.remove(start, to)
        dropped++
      } else if (inner >= 0) edits.inMessage(lengthAt, from, to, () => this.message(inner, to))
      else if (isKnown && size > bounds.maxTextBytes) this.cut(type, field, lengthAt, from, to)
      reader.pos = to
    }
    if (dropped === 0) return
    this.droppedAttributes += dropped
    // Of a field that stands twice the last one counts.
    edits.replace(end, end, countField(holder!.dropped, droppedBefore + dropped))
  }

  /** Times of a span whose clock is wrong. */
  private number(type: number, field: number, tag: number, end: number): void {
    const { reader, edits, clamp } = this
    const at = reader.pos
    reader.skip(tag, end)
    if (clamp === null) return
    if (type === SPAN && field === START_FIELD) edits.replace(at, reader.pos, fixed64(clamp.startNs))
    else if (type === SPAN && field === END_FIELD) edits.replace(at, reader.pos, fixed64(clamp.endNs))
    else if (type === EVENT && field === EVENT_TIME_FIELD && clamp.shiftNs !== 0n) {
      edits.replace(at, reader.pos, fixed64(reader.view.getBigUint64(at, true) + clamp.shiftNs))
    }
  }

  private cut(type: number, field: number, lengthAt: number, from: number, to: number): void {
    const { bytes } = this.reader
    const isText = MESSAGES[type]?.[field]?.name !== 'bytes_value'
    let kept = from + this.bounds.maxTextBytes
    // Not inside a character.
    for (let back = 0; isText && back < LONGEST_TAIL && (bytes[kept]! & 0xc0) === 0x80; back++) kept--
    const mark = isText ? Buffer.from(cutMark(kept - from, to - from)) : Buffer.alloc(0)
    this.edits.replace(lengthAt, from, kept - from + mark.length)
    this.edits.replace(kept, to, mark)
    this.cutTexts++
  }
}

/** At the end of a text that was cut. */
export const cutMark = (keptBytes: number, sentBytes: number): string =>
  ` …[cut by Assay: ${keptBytes} of ${sentBytes} bytes kept]`
