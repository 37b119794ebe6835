import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRecord, decodeRoots, normaliseRecord } from '../conventions/normalise.ts'
import { spanToJson } from '../model/span-json.ts'
import { transcodeJson } from './json.ts'
import { splitByPartition } from './split.ts'
import { arbitraryRequest, damagedCopies, timedOnly } from './testing/otlp-json.ts'

type ResourceSpansJson = { scopeSpans?: ({ spans?: object[] | null } | null)[] | null } | null

const partitionFor = (traceId: string): number => Number.parseInt(traceId.slice(0, 4), 16) % 3

function protobufOf(request: object): Uint8Array {
  const outcome = transcodeJson(Buffer.from(JSON.stringify(request)))
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

/** What must hold of everything that the gateway accepts: the records can be read, and hold each span once where it belongs. */
function expectAccepted(bytes: Uint8Array): boolean {
  const split = splitByPartition(bytes, partitionFor)
  if (!split.ok) {
    expect(split.message).toMatch(/^(resource_spans|field \d+|.*\(at byte \d+\))/)
    return false
  }
  let count = 0
  for (const record of split.records) {
    const spans = normaliseRecord('default', record.value)
    expect(spans).toHaveLength(record.spanCount)
    const traceIds = new Set(spans.map((span) => span.traceId))
    expect(record.singleTraceId).toBe(traceIds.size === 1 ? [...traceIds][0] : null)
    for (const span of spans) {
      expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
      expect(partitionFor(span.traceId)).toBe(record.partition)
      expect(span.durationNs).toBeGreaterThanOrEqual(0)
      expect(Number.isSafeInteger(span.durationNs)).toBe(true)
      expect(span.startTimeUs).toBeGreaterThanOrEqual(0)
      JSON.stringify(spanToJson(span))
    }
    count += spans.length
  }
  expect(count).toBe(split.spanCount)
  return true
}

describe('requests of any shape', () => {
  test('a valid one is accepted, and divided without loss of any span that has its times', () => {
    fc.assert(
      fc.property(arbitraryRequest, (request) => {
        const bytes = protobufOf(request)
        expect(expectAccepted(bytes)).toBe(true)
        const split = splitByPartition(bytes, partitionFor)
        const divided = split.ok ? split.records.flatMap((record) => normaliseRecord('t', record.value)) : []
        const byContent = (spans: typeof divided): string[] =>
          spans.map((span) => JSON.stringify(spanToJson(span))).sort()
        expect(byContent(divided)).toEqual(byContent(normaliseRecord('t', protobufOf(timedOnly(request)))))
      }),
      { numRuns: 150 },
    )
  })

  test('who wants roots alone gets the same roots, at the same places', () => {
    const parents = fc.array(fc.constantFrom(undefined, '', '0000000000000000', '00000000000000aa'))
    fc.assert(
      fc.property(arbitraryRequest, parents, (request, parentOf) => {
        const body = JSON.parse(JSON.stringify(request)) as { resourceSpans?: ResourceSpansJson[] }
        const sent = (body.resourceSpans ?? [])
          .flatMap((one) => one?.scopeSpans ?? [])
          .flatMap((one) => one?.spans ?? [])
        sent.forEach((span, at) => {
          if (at < parentOf.length) Object.assign(span, { parentSpanId: parentOf[at] })
        })
        const bytes = protobufOf(body)
        const spans = normaliseRecord('t', bytes).map((span) => (span.parentSpanId === undefined ? span : null))
        expect(decodeRoots('t', bytes)).toEqual({ ok: true, spans })
      }),
      { numRuns: 150 },
    )
  })

  test('a damaged protobuf body is refused by name, or it is valid', () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(arbitraryRequest, fc.integer(), (request, seed) => {
        for (const bytes of damagedCopies(protobufOf(request), seed, 40)) {
          if (expectAccepted(bytes)) accepted++
          else refused++
        }
      }),
      { numRuns: 100 },
    )
    // Damage that never shows, or always does, would mean that nothing is checked.
    expect(Math.min(accepted, refused)).toBeGreaterThan(200)
  })

  test('a damaged JSON body is refused by name, or becomes a valid request', () => {
    fc.assert(
      fc.property(arbitraryRequest, fc.integer(), (request, seed) => {
        for (const bytes of damagedCopies(Buffer.from(JSON.stringify(request)), seed, 30)) {
          const outcome = transcodeJson(bytes)
          if (outcome.ok) expect(expectAccepted(outcome.request)).toBe(true)
          else expect(outcome.message).toMatch(/^(resourceSpans|the body)/)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('the reader of records survives what the gateway would never let in', () => {
    const expectOutcome = (bytes: Uint8Array): void => {
      for (const decode of [decodeRecord, decodeRoots]) {
        const outcome = decode('default', bytes)
        if (!outcome.ok) expect(outcome.message).toContain('at byte')
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), arbitraryRequest, fc.integer(), (garbage, request, seed) => {
        expectOutcome(garbage)
        for (const bytes of damagedCopies(protobufOf(request), seed, 30)) expectOutcome(bytes)
      }),
      { numRuns: 100 },
    )
  })
})
