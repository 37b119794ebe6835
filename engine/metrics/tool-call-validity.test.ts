import { describe, expect, test } from 'vitest'
import { toolCallValidity } from './tool-call-validity.ts'

const of = (schema: object, args: unknown) => toolCallValidity({ schema: JSON.stringify(schema), args })

describe('schemas of strangers', () => {
  test('each by the draft that it names', () => {
    const modern = { type: 'array', prefixItems: [{ type: 'string' }] }
    expect(of({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...modern }, [1])).toEqual({
      kind: 'invalid',
      detail: '/0 must be string',
    })
    const old = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }] }
    expect(of(old, [1]).kind).toBe('invalid')
  })

  test('keywords and formats that nobody knows say nothing', () => {
    const schema = { 'x-order': 3, properties: { at: { type: 'string', format: 'email' } } }
    expect(of(schema, { at: '[EMAIL]' })).toEqual({ kind: 'valid' })
  })

  test('two with one id are two', () => {
    expect(of({ $id: 'urn:a', type: 'string' }, 1).kind).toBe('invalid')
    expect(of({ $id: 'urn:a', type: 'number' }, 1).kind).toBe('valid')
  })

  test('references inside are followed', () => {
    const schema = { properties: { a: { $ref: '#/$defs/id~1s' } }, $defs: { 'id/s': { type: 'integer' } } }
    expect(of(schema, { a: 1 })).toEqual({ kind: 'valid' })
    expect(of(schema, { a: 'b' })).toEqual({ kind: 'invalid', detail: '/a must be integer' })
  })

  test.each<[string, object]>([
    [
      'refers to itself',
      {
        $defs: { a: { anyOf: [{ items: { $ref: '#/$defs/a' } }, { items: { $ref: '#/$defs/a' } }] } },
        $ref: '#/$defs/a',
      },
    ],
    ['doubles with each reference', doubling(40)],
    ['refers to another place', { $ref: 'https://example.com/schema.json' }],
    ['nests without end', nested(20_000)],
    ['has a pattern that only backtracking matches', { type: 'string', pattern: '(a)\\1' }],
    ['is too long', { description: 'x'.repeat(70_000) }],
    ['has a type that is none', { type: 'whatever' }],
  ])('one that %s is not looked at', (_, schema) => {
    const text = JSON.stringify(schema)
    expect(toolCallValidity({ schema: text, args: [[[['a']]]] }).kind).toBe('undecided')
  })

  test('a pattern takes linear time', () => {
    const schema = { type: 'string', pattern: '^(a+)+$' }
    expect(of(schema, `${'a'.repeat(50_000)}b`).kind).toBe('invalid')
    expect(of({ anyOf: [schema, { type: 'string', pattern: '^b$' }] }, 'b').kind).toBe('valid')
  })
})

/** 2^n parts when each reference is replaced by what it stands for. */
function doubling(n: number): object {
  const $defs: Record<string, object> = { [`a${n}`]: { type: 'string' } }
  for (let i = 0; i < n; i++) $defs[`a${i}`] = { allOf: [{ $ref: `#/$defs/a${i + 1}` }, { $ref: `#/$defs/a${i + 1}` }] }
  return { $defs, $ref: '#/$defs/a0' }
}

function nested(n: number): object {
  let schema: object = { type: 'string' }
  for (let i = 0; i < n / 10; i++) schema = { not: schema }
  return schema
}
