import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { literalValue } from './literals.ts'
import type { ValueType } from './plan.ts'
import { printable, printLiteral } from './print-literal.ts'

const whole = fc.oneof(fc.nat(1e6), fc.integer({ min: 0, max: 1e14 }))
const soundText = fc.string({ unit: 'binary' }).filter((text) => printable(text) === text)
const KINDS: [string, ValueType, fc.Arbitrary<string | number>][] = [
  ['duration', { kind: 'duration' }, whole],
  ['int', { kind: 'int' }, whole],
  ['decimal', { kind: 'number' }, fc.oneof(fc.double({ min: 1e-9, max: 1e9, noNaN: true }))],
  ['money', { kind: 'money', currency: 'USD' }, fc.integer({ min: 0, max: 1e12 })],
  ['percent', { kind: 'ratio' }, fc.integer({ min: 0, max: 10_000 }).map((n) => n / 10_000)],
  ['text', { kind: 'string' }, soundText],
]

describe('a value that is printed is read back', () => {
  test.each(KINDS)('%s', (token, type, values) => {
    fc.assert(
      fc.property(values, (value) => {
        const raw = printLiteral(value, type)
        const read = literalValue({ kind: 'literal', token: token as 'text', raw, span: { start: 0, end: 0 } })
        if (token === 'decimal') expect(read?.value).toBeCloseTo(value as number, 15)
        else expect(read?.value).toBe(value)
        expect(raw).not.toMatch(/\de[+-]?\d/)
      }),
      { numRuns: 500 },
    )
  })
})
