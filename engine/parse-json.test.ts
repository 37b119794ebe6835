import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonProblem, parseJson } from './parse-json.ts'

describe('parseJson', () => {
  test.each([
    ['{"a":1,"\\\\":2}', '{"a":1,"\\"":3}', '"'],
    ['{"b":1,"\\"":2}', '{"b":1,"\\\\":3}', '\\'],
    ['{"c":1,"\\\\n":2}', '{"c":1,"\\n":3}', '\n'],
    ['{"d":1,"\\\\\\\\":2}', '{"d":1,"\\\\\\"":3}', '\\"'],
  ])('after %s the key of %s is its own', (before, text, key) => {
    parseJson(before)
    expect(Object.keys(parseJson(text) as object)[1]).toBe(key)
  })

  test('a key that others have parsed before does not matter', () => {
    JSON.parse('{"z":1,"\\\\":2}')
    expect(Object.entries(parseJson('{"z":1,"\\"":{"\\"":[{"\\\\":"\\":"}]}}') as object)).toEqual([
      ['z', 1],
      ['"', { '"': [{ '\\': '":' }] }],
    ])
  })

  test('a key __proto__ is a key', () => {
    const parsed = parseJson('{"__proto__":{"x":1},"\\\\":2}') as object
    expect(Object.keys(parsed)).toEqual(['__proto__', '\\'])
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
  })

  test('an escape in a text is no reason to look at the keys', () => {
    expect(parseJson('{"a":"\\":","b":["\\\\"]}')).toEqual({ a: '":', b: ['\\'] })
  })

  test.each(['{"\\":1}', '{"\\\\":1', '{"a\\"', '\\', '"\\'])('%j is refused, as by JSON.parse', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  test('whatever is written comes back', () => {
    const key = fc.string({ unit: fc.constantFrom('a', '\\', '"', '\n', 'n', ':', '{', '\0', 'é'), maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(key, fc.jsonValue({ maxDepth: 2 })), { maxLength: 4 }), { maxLength: 5 }),
        (all) => {
          for (const entries of all) {
            const text = JSON.stringify(Object.fromEntries(entries))
            expect(JSON.stringify(parseJson(text))).toBe(text)
          }
        },
      ),
    )
  })
})

test.each([
  '{"a": anna}',
  '{"a":"anna"',
  '{"a":"an\nna"}',
  'anna',
  '{"a":1} anna',
  '{anna:1}',
  '["anna" "b"]',
  '{"anna":"\\x"}',
  '{"anna":01}',
  '{"anna":tru}',
  '"anna',
])('what is wrong with %s is told without what stands in it', (text) => {
  let told = ''
  try {
    JSON.parse(text)
  } catch (error) {
    told = jsonProblem(error)
  }
  expect(told).not.toBe('')
  expect(told).not.toMatch(/anna|tru\b/)
})
