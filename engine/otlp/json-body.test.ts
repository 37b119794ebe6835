import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJsonBody } from './json-body.ts'

const bytes = (text: string): Buffer => Buffer.from(text)
const tooMany = { ok: false, message: expect.stringContaining('too many values') }

test.each([
  ['brackets', `[${'[],'.repeat(20)}[]]`],
  ['objects', `[${'{},'.repeat(20)}{}]`],
  ['nesting', `${'['.repeat(40)}${']'.repeat(40)}`],
  ['numbers', `[${'1,'.repeat(30)}1]`],
  ['keys', `{${Array.from({ length: 20 }, (_, i) => `"k${i}":1`).join()}}`],
  ['values after a string that ends with a backslash', `["\\\\",${'[],'.repeat(20)}1]`],
  ['what never ends', '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['],
])('many %s', (_, text) => {
  expect(parseJsonBody(bytes(text), 20)).toEqual(tooMany)
  expect(parseJsonBody(bytes(text), 10_000)).not.toEqual(tooMany)
})

test('marks within strings do not count, with quotes escaped in them or not', () => {
  const text = JSON.stringify(['{[,:'.repeat(1_000), '"[{'.repeat(1_000), '\\'.repeat(1_000)])
  expect(parseJsonBody(bytes(text), 3)).toEqual({ ok: true, value: JSON.parse(text) })
})

test('as many as are allowed', () => {
  const text = `[${'1, '.repeat(500)}1]`
  expect(parseJsonBody(bytes(text), 501).ok).toBe(true)
  expect(parseJsonBody(bytes(text), 500)).toEqual(tooMany)
})

test('it is the value that was written, and what is none is told without its text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      expect(parseJsonBody(bytes(text), 1)).toEqual(
        text.length > 1 && /[[{]/.test(text[0] ?? '') && marksOf(text) > 1 ? tooMany : parseJsonBody(bytes(text)),
      )
      expect(parseJsonBody(bytes(text))).toEqual({ ok: true, value: JSON.parse(text) })
    }),
  )
  expect(parseJsonBody(bytes('{"a": secret'))).toEqual({ ok: false, message: expect.not.stringContaining('secret') })
})

function marksOf(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '').replace(/[^,:[{]/g, '').length
}
