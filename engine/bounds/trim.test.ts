import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normaliseRecord } from '../conventions/normalise.ts'
import type { Span } from '../model/span.ts'
import { transcodeJson } from '../otlp/json.ts'
import { scanRequest } from '../otlp/scan.ts'
import { type Bounds, DEFAULT_BOUNDS, emptyTally, watchFor } from './bounds.ts'
import { cutMark, trimRecord } from './trim.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const nowNs = BigInt(nowMs) * 1_000_000n
const BOUNDS: Bounds = { ...DEFAULT_BOUNDS, maxTextBytes: 1_000, maxAttributes: 10 }
const HOUR_NS = 3_600_000_000_000n

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const spanJson = (over: object) => ({
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 'one',
  startTimeUnixNano: String(nowNs - 5_000_000n),
  endTimeUnixNano: String(nowNs),
  ...over,
})

function recordOf(span: object, resource: object = {}): Uint8Array {
  const body = { resourceSpans: [{ resource, scopeSpans: [{ spans: [spanJson(span)] }] }] }
  const outcome = transcodeJson(Buffer.from(JSON.stringify(body)))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

const isOver = (record: Uint8Array, bounds = BOUNDS): boolean => {
  const scanned = scanRequest(record, watchFor(bounds, nowMs))
  if (!scanned.ok) throw new Error(scanned.message)
  return scanned.layout.isOver
}

function trim(record: Uint8Array) {
  const tally = emptyTally()
  const trimmed = trimRecord(record, BOUNDS, nowMs, tally)
  expect(scanRequest(trimmed).ok).toBe(true)
  // What was brought within bounds stays as it is.
  if (tally.cutTexts + tally.droppedAttributes > 0) expect(isOver(record)).toBe(true)
  const [span] = normaliseRecord('t', trimmed) as [Span]
  return { span, tally, trimmed }
}

test('what is within bounds is not touched, and not looked at twice', () => {
  const record = recordOf({ attributes: [text('a', 'x'.repeat(1_000))] })
  expect(isOver(record)).toBe(false)
  expect(trimRecord(record, BOUNDS, nowMs, emptyTally())).toBe(record)
})

describe('texts', () => {
  test.each([
    ['of letters', 'x'.repeat(1_001), 1_000],
    ['of two bytes', `x${'é'.repeat(600)}`, 999],
    ['of three', `xx${'東'.repeat(600)}`, 998],
    ['of a surrogate pair in UTF-16', `xxx${'🚂'.repeat(600)}`, 999],
  ])('%s are cut between characters, with a mark', (_, sent, kept) => {
    const record = recordOf({ attributes: [text('a', sent), text('b', 'short')] })
    expect(isOver(record)).toBe(true)
    const { span, tally } = trim(record)
    const bytes = Buffer.from(sent)
    const cut = span.attributes.get('a')
    expect(cut).toBe(bytes.subarray(0, kept).toString() + cutMark(kept, bytes.length))
    expect(cut).not.toContain('�')
    expect(span.attributes.get('b')).toBe('short')
    expect(span.attributes.get('assay.limits.cut_texts')).toBe(1)
    expect(tally).toEqual({ cutTexts: 1, droppedAttributes: 0, clampedSpans: 0 })
  })

  test('wherever they stand: names, keys, lists, maps, bytes, events, links, resources', () => {
    const long = 'x'.repeat(5_000)
    const { span, tally } = trim(
      recordOf(
        {
          name: long,
          status: { code: 2, message: long },
          attributes: [
            { key: 'list', value: { arrayValue: { values: [{ stringValue: long }, { stringValue: 'short' }] } } },
            { key: 'map', value: { kvlistValue: { values: [text('inner', long)] } } },
            { key: 'bytes', value: { bytesValue: Buffer.alloc(5_000).toString('base64') } },
          ],
          events: [{ name: 'e', timeUnixNano: String(nowNs), attributes: [text('a', long)] }],
          links: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: [text('a', long)] }],
        },
        { attributes: [text('service.name', long)] },
      ),
    )
    const cut = 'x'.repeat(1_000) + cutMark(1_000, 5_000)
    expect(span).toMatchObject({ name: cut, statusMessage: cut })
    expect(span.attributes.get('list')).toEqual([cut, 'short'])
    expect(span.attributes.get('map')).toEqual(new Map([['inner', cut]]))
    expect(span.attributes.get('bytes')).toEqual({ bytes: Buffer.alloc(1_000).toString('base64') })
    expect(span.events[0]?.attributes.get('a')).toBe(cut)
    expect(span.links[0]?.attributes.get('a')).toBe(cut)
    expect(span.resource.get('service.name')).toBe(cut)
    expect(span.resource.get('assay.limits.cut_texts')).toBe(1)
    expect(span.attributes.get('assay.limits.cut_texts')).toBe(7)
    expect(tally.cutTexts).toBe(8)
  })

  test('whatever the text, it is cut to what was sent, and the rest of the record stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 0, maxLength: 800 }), fc.nat(40), (sent, pad) => {
        const whole = 'x'.repeat(pad) + sent.toWellFormed().repeat(3)
        const record = recordOf({ attributes: [text('a', whole), text('b', 'after')] })
        const { span, tally } = trim(record)
        const bytes = Buffer.from(whole)
        const value = String(span.attributes.get('a') ?? '')
        if (bytes.length <= 1_000) expect(value).toBe(whole)
        else {
          const [kept = ''] = value.split(' …[cut by Assay')
          expect(whole.startsWith(kept)).toBe(true)
          expect(Buffer.byteLength(kept)).toBeGreaterThan(996)
          expect(tally.cutTexts).toBe(1)
        }
        expect(span.attributes.get('b')).toBe('after')
      }),
    )
  })
})

describe('attributes', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => text(`key-${i}`, 'x'))

  test('beyond so many are left out, counted where OTLP counts them, and marked', () => {
    expect(isOver(recordOf({ attributes: many(9).slice(0, 5) }))).toBe(false)
    const record = recordOf({ attributes: many(25), droppedAttributesCount: 4 }, { attributes: many(12) })
    expect(isOver(record)).toBe(true)
    const { span, tally, trimmed } = trim(record)
    expect([...span.attributes.keys()]).toEqual([...many(10).map(({ key }) => key), 'assay.limits.dropped_attributes'])
    expect(span.attributes.get('assay.limits.dropped_attributes')).toBe(15)
    expect(span.resource.get('assay.limits.dropped_attributes')).toBe(2)
    // dropped_attributes_count = 19, as field 10.
    expect(Buffer.from(trimmed).includes(Buffer.from([0x50, 19]))).toBe(true)
    expect(tally).toEqual({ cutTexts: 0, droppedAttributes: 17, clampedSpans: 0 })
  })

  test('of events too', () => {
    const events = [{ name: 'e', timeUnixNano: String(nowNs), attributes: many(11) }]
    const { span, tally } = trim(recordOf({ events }))
    expect(span.events[0]?.attributes.size).toBe(10)
    expect(span.attributes.get('assay.limits.dropped_attributes')).toBe(1)
    expect(tally.droppedAttributes).toBe(1)
  })

  test('a list of many values is one attribute', () => {
    const values = Array.from({ length: 50 }, (_, i) => ({ intValue: String(i) }))
    const record = recordOf({ attributes: [{ key: 'list', value: { arrayValue: { values } } }] })
    expect(trimRecord(record, BOUNDS, nowMs, emptyTally())).toBe(record)
  })

  test('a key that is a word of JavaScript is a key', () => {
    const attributes = [text('__proto__', 'a'), text('constructor', 'b'), text('toString', 'x'.repeat(2_000))]
    const { span } = trim(recordOf({ attributes }))
    expect(span.attributes.get('__proto__')).toBe('a')
    expect(span.attributes.get('constructor')).toBe('b')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('times', () => {
  const year = 365n * 24n * HOUR_NS
  const second = 1_000_000_000n
  test.each<[string, bigint, bigint, bigint, bigint]>([
    ['two hours ahead', nowNs + 2n * HOUR_NS, nowNs + 2n * HOUR_NS + second, nowNs - second, nowNs],
    ['in 1970', second, 3n * second, nowNs - 2n * second, nowNs],
    ['in 2200', nowNs + 174n * year, nowNs + 174n * year, nowNs, nowNs],
    ['at the end of time', 2n ** 64n - 2n, 2n ** 64n - 1n, nowNs - 1n, nowNs],
    ['ten years ago', nowNs - 10n * year, nowNs - 10n * year + second, nowNs - second, nowNs],
    ['begun in 1970, ended now', second, nowNs - second, nowNs - second, nowNs - second],
    ['ended in 2200', nowNs - second, nowNs + 174n * year, nowNs - second, nowNs],
    ['of years, in the future', nowNs + year, nowNs + 3n * year, nowNs, nowNs],
    ['ended before it began, in 1970', 3n * second, second, nowNs, nowNs],
  ])('%s: clamped to when it came, and marked', (_, start, end, keptStart, keptEnd) => {
    const record = recordOf({ startTimeUnixNano: String(start), endTimeUnixNano: String(end) })
    expect(isOver(record)).toBe(true)
    const { span, tally } = trim(record)
    expect(BigInt(span.startTimeUs) * 1_000n + BigInt(span.startTimeSubUs)).toBe(keptStart)
    expect(BigInt(span.durationNs)).toBe(keptEnd - keptStart)
    expect(span.attributes.get('assay.clock.sent_start_unix_nano')).toBe(String(start))
    expect(span.attributes.get('assay.clock.sent_end_unix_nano')).toBe(String(end))
    expect(tally).toEqual({ cutTexts: 0, droppedAttributes: 0, clampedSpans: 1 })
  })

  test.each<[string, bigint, bigint]>([
    ['a little ahead', nowNs + 1_800n * second, nowNs + 1_801n * second],
    ['two years old', nowNs - 2n * year, nowNs - 2n * year + second],
    ['ended before it began', nowNs - second, nowNs - 2n * second],
  ])('%s: as it was sent', (_, start, end) => {
    const record = recordOf({ startTimeUnixNano: String(start), endTimeUnixNano: String(end) })
    expect(trimRecord(record, BOUNDS, nowMs, emptyTally())).toBe(record)
  })

  test('events move with their span', () => {
    const events = [{ name: 'e', timeUnixNano: '1500000000' }]
    const { span } = trim(recordOf({ startTimeUnixNano: '1000000000', endTimeUnixNano: '2000000000', events }))
    expect(span.events[0]?.timeUs).toBe(nowMs * 1_000 - 500_000)
  })
})
