/** Arbitrary OTLP/JSON requests, for property tests. */
import fc from 'fast-check'

const hex = (digits: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: digits / 2, maxLength: digits / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .filter((text) => /[1-9a-f]/.test(text))

const traceId = fc.oneof(fc.constantFrom('1'.repeat(32), '2'.repeat(32), '3'.repeat(32)), hex(32))

const KEYS = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.usage.input_tokens',
  'gen_ai.response.finish_reasons',
  'gen_ai.tool.call.arguments',
  'gen_ai.retrieval.documents',
  'openinference.span.kind',
  'input.value',
  'llm.input_messages.0.message.role',
  'llm.input_messages.0.message.content',
  'llm.output_messages.3.message.tool_calls.1.tool_call.function.arguments',
  'llm.output_messages.99999.message.content',
  'retrieval.documents.0.document.score',
  'llm.cost.total',
  'session.id',
  '__proto__',
  'constructor',
  '',
]

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('chat', 'execute_tool', 'retrieval', 'LLM', 'TOOL', 'AGENT', 'RETRIEVER', 'EMBEDDING', 'NaN', '12'),
  fc.constantFrom(
    '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
    '[{"role":',
    '[[[]]]',
    '{"__proto__":1}',
    'null',
  ),
  fc.json({ maxDepth: 3 }),
)

const { anyValue } = fc.letrec<{ anyValue: object }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'any' },
    text.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ intValue: String(value) })),
    fc.oneof(fc.double(), fc.constant(null)).map((doubleValue) => ({ doubleValue })),
    fc.base64String({ maxLength: 12 }).map((bytesValue) => ({ bytesValue })),
    fc.constant({}),
    fc.array(tie('anyValue'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc
      .array(fc.record({ key: fc.constantFrom(...KEYS), value: tie('anyValue') }), { maxLength: 3 })
      .map((values) => ({ kvlistValue: { values } })),
  ),
}))

const attributes = fc.array(fc.record({ key: fc.oneof(fc.constantFrom(...KEYS), fc.string()), value: anyValue }), {
  maxLength: 6,
})
const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)

const span = fc.record(
  {
    traceId,
    spanId: hex(16),
    parentSpanId: fc.oneof(hex(16), fc.constant('')),
    name: text,
    kind: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('SPAN_KIND_CLIENT')),
    flags: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    startTimeUnixNano: time,
    endTimeUnixNano: time,
    attributes,
    status: fc.record({ code: fc.integer({ min: 0, max: 2 }), message: text }, { requiredKeys: [] }),
    events: fc.array(
      fc.record({ name: fc.constantFrom('exception', 'gen_ai.choice', 'x'), timeUnixNano: time, attributes }),
      {
        maxLength: 2,
      },
    ),
    links: fc.array(fc.record({ traceId, spanId: hex(16), attributes }), { maxLength: 2 }),
  },
  { requiredKeys: ['traceId', 'spanId'] },
)

/** Requests that are valid, with odd attributes. */
export const arbitraryRequest: fc.Arbitrary<object> = fc.record({
  resourceSpans: fc.array(
    fc.record(
      {
        resource: fc.record({ attributes }),
        schemaUrl: fc.string(),
        scopeSpans: fc.array(
          fc.record(
            {
              scope: fc.record({ name: text, version: text, attributes }),
              spans: fc.array(span, { maxLength: 5 }),
              schemaUrl: fc.string(),
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 3 },
  ),
})

interface SpansJson {
  resourceSpans?: { scopeSpans?: { spans?: { startTimeUnixNano?: string; endTimeUnixNano?: string }[] }[] }[]
}

/** The request without the spans that lack a start or an end, which are refused one by one. */
export function timedOnly(request: SpansJson): SpansJson {
  const isThere = (time: string | undefined): boolean => time !== undefined && time !== '0'
  return {
    ...request,
    resourceSpans: (request.resourceSpans ?? []).map((group) => ({
      ...group,
      scopeSpans: (group.scopeSpans ?? []).map((scope) => ({
        ...scope,
        spans: (scope.spans ?? []).filter((each) => isThere(each.startTimeUnixNano) && isThere(each.endTimeUnixNano)),
      })),
    })),
  }
}

/** Damaged copies of the bytes, the same for the same seed: bits flipped, bytes set, removed, inserted, ends cut off. */
export function* damagedCopies(bytes: Uint8Array, seed: number, count: number): Generator<Uint8Array<ArrayBuffer>> {
  const random = mulberry32(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  for (let copy = 0; copy < count; copy++) {
    let damaged = Uint8Array.from(bytes)
    for (let left = 1 + below(4); left > 0 && damaged.length > 0; left--) {
      const at = below(damaged.length)
      const byte = below(256)
      switch (below(5)) {
        case 0:
          damaged[at] = damaged[at]! ^ (1 << (byte & 7))
          break
        case 1:
          damaged[at] = byte
          break
        case 2:
          damaged.copyWithin(at, at + 1)
          damaged = damaged.slice(0, -1)
          break
        case 3: {
          const longer = new Uint8Array(damaged.length + 1)
          longer.set(damaged)
          longer.copyWithin(at + 1, at)
          longer[at] = byte
          damaged = longer
          break
        }
        default:
          damaged = damaged.slice(0, at)
      }
    }
    yield damaged
  }
}

/** A small seeded generator (Tommy Ettinger's mulberry32), 0 ≤ x < 1. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
