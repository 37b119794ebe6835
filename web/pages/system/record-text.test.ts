import { expect, test } from 'vitest'
import { textOfRecord } from './record-text.ts'

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')

test.each([
  ['{"a":1}', '{\n  "a": 1\n}'],
  ['no JSON ü', 'no JSON ü'],
  [Uint8Array.of(0, 1, 65, 255), `000000  ${'00 01 41 ff'.padEnd(48)} ..A.`],
])('%s', (bytes, text) => {
  expect(textOfRecord(base64(bytes))).toBe(text)
})

test('of what is long the beginning', () => {
  expect(textOfRecord(base64('a'.repeat((64 << 10) + 5)))).toMatch(/a\n… 5 bytes more$/)
})
