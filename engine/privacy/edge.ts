/**
 * A tenant's policy on the bytes of a request that has been checked, before anything of it is written. Bytes stay as they are but where a
 * rule changes something, and most of them are not made into strings at all.
 */

import {
  ANY_VALUE,
  EVENT,
  EXPECTED_WIRE,
  FIELDS_PER_MESSAGE,
  KEY_VALUE,
  LINK,
  MESSAGE_IN,
  MESSAGES,
  REQUEST,
  RESOURCE,
  RESOURCE_SPANS,
  SCOPE,
  SCOPE_SPANS,
  SPAN,
} from '../otlp/schema.ts'
import { createTextCache } from '../otlp/text-cache.ts'
import { WIRE_DELIMITED, WireReader } from '../otlp/wire.ts'
import { Edits } from './edits.ts'
import { BELOW, compileNames, DROP, type NameRules, TOKENISE } from './names.ts'
import { type Place, type PrivacySettings, rulesFor } from './policy.ts'
import { compileTextMask, type TextMask } from './text-mask.ts'
import { createTokeniser } from './tokens.ts'
import { encodeText, type MaskText, maskScalar, scalarText } from './values.ts'

/** The request as it may be kept: the very same bytes when the policy changes nothing. */
export type Edge = (request: Uint8Array) => Uint8Array

/** Null when nothing is asked for of this tenant. */
export function compileEdge(settings: PrivacySettings, tenant: string): Edge | null {
  const { drop, tokenise, mask } = rulesFor(settings, tenant)
  const names = compileNames(drop, tokenise)
  const texts = compileTextMask(mask)
  if (names.isEmpty && texts === null) return null
  if (tokenise.length > 0 && settings.key === null) throw new Error('identifiers cannot be tokenised without a key')
  const rules: Rules = { names, texts, token: createTokeniser(settings.key ?? '', tenant) }
  return (request) => {
    const walk = new Walk(request, rules)
    walk.message(REQUEST, walk.reader.bytes.length)
    return walk.edits.isEmpty ? request : walk.edits.applyTo(walk.reader.bytes)
  }
}

interface Rules {
  readonly names: NameRules
  readonly texts: TextMask | null
  readonly token: (value: string) => string
}

const keys = createTextCache()

/** Parts whose texts are looked through together. */
const REGIONS = new Set([RESOURCE, SCOPE, SPAN])
const PLACE_OF: Readonly<Record<number, Place>> = {
  [RESOURCE]: 'resource',
  [SCOPE]: 'scope',
  [SPAN]: 'span',
  [EVENT]: 'event',
  [LINK]: 'link',
}
/** Of messages around regions: their own texts are few. */
const AROUND = new Set([REQUEST, RESOURCE_SPANS, SCOPE_SPANS])
const isText = (message: number, field: number): boolean => {
  const known = MESSAGES[message]?.[field]
  return known !== undefined && known.message === undefined && !known.name.endsWith('_id')
}

const KEY_TAG = 8 + WIRE_DELIMITED
const VALUE_TAG = 16 + WIRE_DELIMITED

class Walk {
  readonly reader: WireReader
  readonly edits = new Edits()
  private readonly rules: Rules
  /** Of the region that is looked at; null where no text of it can match. */
  private mask: MaskText | null = null
  private place: Place = 'resource'

  constructor(request: Uint8Array, rules: Rules) {
    this.reader = new WireReader(request)
    this.rules = rules
  }

  /** Goes through a message's fields up to `end`. */
  message(type: number, end: number): void {
    const { reader, edits } = this
    const isRegion = REGIONS.has(type)
    if (isRegion) this.mask = this.maskFor(reader.pos, end)
    else if (AROUND.has(type)) this.mask = this.rules.texts?.forSpan() ?? null
    if (isRegion && this.mask === null && this.rules.names.isEmpty) {
      reader.pos = end
      return
    }
    const place = PLACE_OF[type]
    while (reader.pos < end) {
      const start = reader.pos
      const tag = reader.tag(end)
      const field = tag >>> 3
      const index = type * FIELDS_PER_MESSAGE + field
      if (field >= FIELDS_PER_MESSAGE || EXPECTED_WIRE[index] === 0) {
        reader.skip(tag, end)
        // Nobody knows what it holds.
        if (this.mask !== null) edits.remove(start, reader.pos)
        continue
      }
      if ((tag & 7) !== WIRE_DELIMITED) {
        reader.skip(tag, end)
        continue
      }
      const lengthAt = reader.pos
      const size = reader.length(end)
      const from = reader.pos
      const inner = MESSAGE_IN[index]! - 1
      if (inner === KEY_VALUE) {
        if (place !== undefined) this.place = place
        this.keyValue(start, lengthAt, from + size, BELOW, '')
      } else if (inner >= 0) {
        const outerMask = this.mask
        edits.inMessage(lengthAt, from, from + size, () => this.message(inner, from + size))
        this.mask = outerMask
      } else if (this.mask !== null && isText(type, field)) this.text(lengthAt, from, from + size)
      reader.pos = from + size
    }
  }

  private maskFor(start: number, end: number): MaskText | null {
    const { texts } = this.rules
    if (texts === null) return null
    return texts.mayMatchBytes(this.reader.bytes.toString('latin1', start, end)) ? texts.forSpan() : null
  }

  private text(lengthAt: number, start: number, end: number): void {
    const text = this.reader.bytes.toString('utf8', start, end)
    const masked = this.mask === null ? text : this.mask(text)
    if (masked !== text) this.edits.replaceText(lengthAt, start, end, masked)
  }

  /**
   * An attribute, or a member of a map at `path`, which stands in what has the verdict `holds`. The cursor is behind its length.
   */
  private keyValue(tagAt: number, lengthAt: number, end: number, holds: number, path: string): void {
    const { reader, edits, rules } = this
    const start = reader.pos
    const name = rules.names.isEmpty || holds !== BELOW ? '' : path + this.keyOf(end)
    const verdict = rules.names.isEmpty || holds !== BELOW ? holds & TOKENISE : rules.names.verdict(this.place, name)
    if (verdict === DROP) {
      edits.remove(tagAt, end)
      return
    }
    if (this.mask === null && verdict === 0) return
    reader.pos = start
    edits.inMessage(lengthAt, start, end, () => {
      while (reader.pos < end) {
        const fieldAt = reader.pos
        const tag = reader.tag(end)
        const isKnown = tag === KEY_TAG || tag === VALUE_TAG
        if (!isKnown) {
          reader.skip(tag, end)
          if (this.mask !== null) edits.remove(fieldAt, reader.pos)
          continue
        }
        const sizeAt = reader.pos
        const size = reader.length(end)
        const from = reader.pos
        if (tag === KEY_TAG) this.text(sizeAt, from, from + size)
        else edits.inMessage(sizeAt, from, from + size, () => this.anyValue(from + size, verdict, name))
        reader.pos = from + size
      }
    })
  }

  /** The key of the KeyValue at the cursor. */
  private keyOf(end: number): string {
    const { reader } = this
    let key = ''
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === KEY_TAG) {
        const from = reader.take(reader.length(end), end)
        key = keys.read(reader.bytes, reader.view, from, reader.pos)
      } else reader.skip(tag, end)
    }
    return key
  }

  private anyValue(end: number, verdict: number, path: string): void {
    const { reader, edits } = this
    while (reader.pos < end) {
      const tagAt = reader.pos
      const tag = reader.tag(end)
      const field = tag >>> 3
      const lengthAt = reader.pos
      if (field === 5 || field === 6) {
        const size = reader.length(end)
        const from = reader.pos
        edits.inMessage(lengthAt, from, from + size, () => this.values(field, from + size, verdict, path))
        reader.pos = from + size
        continue
      }
      const isUnknown = field >= FIELDS_PER_MESSAGE || EXPECTED_WIRE[ANY_VALUE * FIELDS_PER_MESSAGE + field] === 0
      if (isUnknown) {
        reader.skip(tag, end)
        if (this.mask !== null || verdict === TOKENISE) edits.remove(tagAt, reader.pos)
        continue
      }
      const value = scalarText(reader, tag, end)
      if (verdict === TOKENISE) {
        if (value !== '') edits.replace(tagAt, reader.pos, encodeText(this.rules.token(value)))
      } else if (this.mask !== null) {
        const masked = maskScalar(field, value, this.mask)
        if (masked !== value) edits.replace(tagAt, reader.pos, encodeText(masked))
      }
    }
  }

  /** Of a list (5) or a map (6). Places in a list add nothing to the path. */
  private values(field: number, end: number, verdict: number, path: string): void {
    const { reader, edits } = this
    while (reader.pos < end) {
      const tagAt = reader.pos
      const tag = reader.tag(end)
      if (tag !== KEY_TAG) {
        reader.skip(tag, end)
        if (this.mask !== null || verdict === TOKENISE) edits.remove(tagAt, reader.pos)
        continue
      }
      const lengthAt = reader.pos
      const size = reader.length(end)
      const from = reader.pos
      if (field === 6) this.keyValue(tagAt, lengthAt, from + size, verdict, `${path}.`)
      else edits.inMessage(lengthAt, from, from + size, () => this.anyValue(from + size, verdict, path))
      reader.pos = from + size
    }
  }
}
