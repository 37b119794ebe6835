import { expect, test } from 'vitest'
import { withLiterals } from './literals.ts'

test('a value is written as a literal of its type', () => {
  expect(withLiterals('{a:String} {n:Int64} {f:Float64}', { a: 'it is 2', n: 7, f: 0.5 })).toBe(
    "'it is 2' CAST(7, 'Int64') CAST(0.5, 'Float64')",
  )
  expect(withLiterals('IN {l:Array(String)}', { l: ['a', 'b'] })).toBe("IN CAST(['a','b'], 'Array(String)')")
  expect(withLiterals('IN {l:Array(UInt64)}', { l: [] })).toBe("IN CAST([], 'Array(UInt64)')")
})

test.each(["'", '\\', "\\'", '\n\n', ';', '--', '/*', '\0', '`', '$$', 'é', '{b:String}'])(
  'what could end a literal or a statement goes by its bytes: %j',
  (odd) => {
    const written = withLiterals('{a:String}', { a: `x${odd}`, b: 'of another' })
    expect(written).toMatch(/^'x(\\x[0-9a-f]{2}|[A-Za-z0-9])+'$/)
    const bytes = written.slice(1, -1).replace(/\\x(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    expect(Buffer.from(bytes, 'latin1').toString()).toBe(`x${odd}`)
  },
)

test('what was not given stays, for the engine to name, and what is no text or number is refused', () => {
  expect(withLiterals('{a:String} {toString:String}', { b: 1 })).toBe('{a:String} {toString:String}')
  for (const value of [Number.NaN, null, undefined, {}]) {
    expect(() => withLiterals('{a:Float64}', { a: value })).toThrow(TypeError)
  }
})
