import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTextCache } from './text-cache.ts'

test('reads what Buffer reads, whatever was read before', () => {
  const cache = createTextCache()
  const piece = fc.oneof(
    fc.constantFrom(
      'gen_ai.usage.input_tokens',
      'gen_ai.request.model',
      'llm.input_messages.0.message.role',
      'é',
      '\u0000',
    ),
    fc.string({ maxLength: 4 }),
    fc.uint8Array({ maxLength: 60 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat({ max: 3 }), (pieces, lead) => {
      const parts = pieces.map((part) => Buffer.from(part as Uint8Array))
      const bytes = Buffer.concat([Buffer.alloc(lead), ...parts])
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      let start = lead
      for (const part of parts) {
        const end = start + part.length
        for (let again = 0; again < 2; again++) {
          expect(cache.read(bytes, view, start, end)).toBe(bytes.toString('utf8', start, end))
        }
        start = end
      }
    }),
    { numRuns: 500 },
  )
})

test('keys that differ in one place are not mixed up', () => {
  const cache = createTextCache()
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5000; i++) {
      const key = `llm.input_messages.${i}.message.content`
      const bytes = Buffer.from(key)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      expect(cache.read(bytes, view, 0, bytes.length)).toBe(key)
    }
  }
})
