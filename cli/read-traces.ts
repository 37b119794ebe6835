/** Traces from a file: OTLP as JSON, JSONL or protobuf, or normalised spans as JSON or JSONL; gzip too. Told apart by content. */

import { gunzipSync } from 'node:zlib'
import { decodeRecord } from '../engine/conventions/normalise.ts'
import { messageOf } from '../engine/message-of.ts'
import type { Span } from '../engine/model/span.ts'
import { spanFromJson } from '../engine/model/span-json.ts'
import { transcodeJson } from '../engine/otlp/json.ts'

const TENANT = 'default'

export type ReadOutcome = { ok: true; spans: Span[] } | { ok: false; message: string }

/** `message` names the line (of JSONL) and the field. */
export function readTraces(file: Uint8Array): ReadOutcome {
  let bytes = file
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes)
    } catch (error) {
      return {
        ok: false,
        message: `it begins as gzip and is none: ${messageOf(error)}`,
      }
    }
  }
  if (bytes.length === 0) return { ok: false, message: 'the file is empty' }
  return looksLikeJson(bytes) ? readJson(new TextDecoder().decode(bytes)) : readProtobuf(bytes)
}

/** A brace or a bracket after blanks. A request in protobuf begins with 0x0a, a line feed, but never with a blank and a brace. */
function looksLikeJson(bytes: Uint8Array): boolean {
  let i = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[i] === 0x20 || bytes[i] === 0x09 || bytes[i] === 0x0a || bytes[i] === 0x0d) i++
  if (bytes[i] !== 0x7b && bytes[i] !== 0x5b) return false
  // 0x0a 0x7b is also a request whose first resource takes 123 bytes: JSON goes on with text, protobuf with a tag.
  return bytes[0] !== 0x0a || !decodeRecord(TENANT, bytes).ok
}

function readProtobuf(bytes: Uint8Array): ReadOutcome {
  const outcome = decodeRecord(TENANT, bytes)
  if (outcome.ok) return outcome
  return { ok: false, message: `it is neither JSON nor an OTLP request in protobuf: ${outcome.message}` }
}

function readJson(text: string): ReadOutcome {
  const whole = parse(text)
  if (whole.ok) return readValue(whole.value, '')
  const spans: Span[] = []
  const lines = text.split('\n')
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const at = `line ${i + 1}: `
    const parsed = parse(line)
    if (!parsed.ok) {
      // Not even its first line is JSON by itself: it was meant as one document.
      const where = spans.length === 0 ? '' : at
      return { ok: false, message: `${where}not JSON: ${where === '' ? whole.message : parsed.message}` }
    }
    const read = readValue(parsed.value, at)
    if (!read.ok) return read
    for (const span of read.spans) spans.push(span)
  }
  return { ok: true, spans }
}

type Parsed = { ok: true; value: unknown } | { ok: false; message: string }

function parse(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text.replace(/^\uFEFF/, '')) }
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
}

/** An OTLP request, a span, what `GET /v1/traces/{traceId}` answers (`spans`), or a list of any of them. */
function readValue(value: unknown, at: string): ReadOutcome {
  if (Array.isArray(value)) return readList(value, at)
  if (typeof value === 'object' && value !== null) {
    if ('resourceSpans' in value || 'resource_spans' in value) return readOtlp(value, at)
    if ('spans' in value && Array.isArray(value.spans)) return readList(value.spans, at)
  }
  const outcome = spanFromJson(value, TENANT)
  if (outcome.ok) return { ok: true, spans: [outcome.span] }
  return { ok: false, message: `${at}neither an OTLP request nor a span: ${outcome.field} ${outcome.message}` }
}

function readList(items: readonly unknown[], at: string): ReadOutcome {
  const spans: Span[] = []
  for (const [i, item] of items.entries()) {
    const read = readValue(item, `${at}item ${i + 1}: `)
    if (!read.ok) return read
    for (const span of read.spans) spans.push(span)
  }
  return { ok: true, spans }
}

function readOtlp(request: object, at: string): ReadOutcome {
  const transcoded = transcodeJson(new TextEncoder().encode(JSON.stringify(request)))
  if (!transcoded.ok) return { ok: false, message: `${at}${transcoded.message}` }
  const decoded = decodeRecord(TENANT, transcoded.request)
  return decoded.ok ? decoded : { ok: false, message: `${at}${decoded.message}` }
}
