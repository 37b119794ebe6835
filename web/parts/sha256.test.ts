import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256Hex as ofNode } from '../../dsl/sha256.ts'
import { sha256Hex } from './sha256.ts'

test('a hash is that of Node, whatever the text and its length', () => {
  for (let length = 0; length < 130; length++) {
    const text = 'é'.repeat(length)
    expect(sha256Hex(text)).toBe(ofNode(text))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(sha256Hex(text)).toBe(ofNode(text))
    }),
  )
})
