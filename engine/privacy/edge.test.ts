import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PatternPlan } from '../../dsl/plan.ts'
import { transcodeJson } from '../otlp/json.ts'
import { scanRequest } from '../otlp/scan.ts'
import { arbitraryRequest, damagedCopies } from '../otlp/testing/otlp-json.ts'
import { REVIEWED_PATTERNS } from '../regex/reviewed-matcher.ts'
import { compileEdge } from './edge.ts'
import { isMatch } from './names.ts'
import { type NameRule, NO_RULES, type PrivacyRules, parseNameRules } from './policy.ts'
import { createTokeniser } from './tokens.ts'

const KEY = 'a key of the tests, long enough for it'
const token = createTokeniser(KEY, 'acme')

const pattern = (source: string): PatternPlan => ({
  name: `/${source}/`,
  source,
  caseInsensitive: false,
  check: null,
  builtin: null,
})
const rules = (given: { drop?: string[]; tokenise?: string[]; mask?: PatternPlan[] }): PrivacyRules => ({
  drop: (given.drop ?? []).flatMap(parseNameRules),
  tokenise: (given.tokenise ?? []).flatMap(parseNameRules),
  mask: given.mask ?? [],
})
const edgeOf = (given: PrivacyRules) =>
  compileEdge({ key: KEY, everyone: NO_RULES, tenants: new Map([['acme', given]]) }, 'acme')

function bytesOf(request: object): Buffer {
  const transcoded = transcodeJson(Buffer.from(JSON.stringify(request)))
  if (!transcoded.ok) throw new Error(transcoded.message)
  return Buffer.from(transcoded.request)
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

const traceId = '1'.repeat(32)
const spanId = '2'.repeat(16)
const text = (key: string, stringValue: string): JsonObject => ({ key, value: { stringValue } })
const requestOf = (span: JsonObject, resource: JsonObject = {}, scope: JsonObject = {}): JsonObject => ({
  resourceSpans: [
    {
      resource,
      scopeSpans: [{ scope, spans: [{ traceId, spanId, startTimeUnixNano: '1', endTimeUnixNano: '2', ...span }] }],
    },
  ],
})
const within = (given: PrivacyRules, request: JsonObject): Buffer => {
  const edge = edgeOf(given)
  if (edge === null) throw new Error('there is no policy')
  return Buffer.from(edge(bytesOf(request)))
}

test('a tenant without rules has no policy', () => {
  expect(edgeOf(rules({}))).toBeNull()
  const settings = { key: null, everyone: rules({ drop: ['a'] }), tenants: new Map([['acme', NO_RULES]]) }
  expect(compileEdge(settings, 'acme')).not.toBeNull()
})

test('nothing changed: the very same bytes', () => {
  const bytes = bytesOf(requestOf({ name: 'chat', attributes: [text('a', 'nothing'), text('n', '2024-08-06 12:00')] }))
  const edge = edgeOf(rules({ drop: ['b.*'], tokenise: ['user'], mask: [...REVIEWED_PATTERNS.values()] }))
  expect(edge?.(bytes)).toBe(bytes)
})

const MAIL = 'anna@example.com'
const STARS = '*'.repeat(MAIL.length)
const mail = REVIEWED_PATTERNS.get('pii.email')!
const everywhere = (value: string, bytes: JsonObject): JsonObject =>
  requestOf(
    {
      name: `ask ${value}`,
      traceState: `v=${value}`,
      status: { code: 2, message: `no ${value}` },
      attributes: [
        text('plain', `to ${value}, please`),
        text(`key ${value}`, 'x'),
        text('json', JSON.stringify({ to: [value], [value]: 1 })),
        text('escaped', `{"to":"${value.replace('@', '\\u0040')}"}`),
        text('twice', JSON.stringify(`{"to":"${value.replace('@', '\\u0040')}"}`)),
        { key: 'list', value: { arrayValue: { values: [{ stringValue: value }, { intValue: 3 }] } } },
        {
          key: 'map',
          value: { kvlistValue: { values: [{ key: value, value: { kvlistValue: { values: [text('in', value)] } } }] } },
        },
        { key: 'bytes', value: bytes },
      ],
      events: [{ timeUnixNano: '1', name: value, attributes: [text('exception.message', value)] }],
      links: [{ traceId, spanId, traceState: value, attributes: [text('why', value)] }],
    },
    { attributes: [text('process.owner', value)], entityRefs: [{ type: value, idKeys: [value] }] },
    { name: value, version: value, attributes: [text('lib', value)] },
  )

test('a pattern masks in every text of a request', () => {
  // Where JSON wrote the character by its number, one `*` stands for that.
  const masked = within(rules({ mask: [mail] }), everywhere(MAIL, { bytesValue: btoa(MAIL) }))
  expect(masked.toString('latin1')).toBe(bytesOf(everywhere(STARS, { stringValue: STARS })).toString('latin1'))
})

test('numbers of seven digits and more are looked at as texts', () => {
  const number = (value: JsonObject): JsonObject => requestOf({ attributes: [{ key: 'n', value }] })
  const seven = rules({ mask: [pattern('^[0-9]{7}$'), pattern('^[0-9]{3}$')] })
  expect(within(seven, number({ intValue: 1234567 }))).toEqual(bytesOf(number({ stringValue: '*******' })))
  expect(within(seven, number({ doubleValue: 1234567 }))).toEqual(bytesOf(number({ stringValue: '*******' })))
  expect(within(seven, number({ intValue: 123 }))).toEqual(bytesOf(number({ intValue: 123 })))
})

test('users and sessions have one token, whichever convention names them', () => {
  const named = (user: string, session: string): JsonObject =>
    requestOf(
      {
        attributes: [
          text('user.id', user),
          text('langfuse.user.id', user),
          text('ai.telemetry.metadata.userId', user),
          text('traceloop.association.properties.user_id', user),
          text('langsmith.metadata.user_id', user),
          text('gen_ai.conversation.id', session),
          text('langsmith.metadata.thread_id', session),
          text('other', 'anna'),
        ],
      },
      { attributes: [text('enduser.id', user), text('session.id', session)] },
    )
  expect(within(rules({ tokenise: ['user', 'session'] }), named('anna', 's-1'))).toEqual(
    bytesOf(named(token('anna'), token('s-1'))),
  )
  expect(token('anna')).toMatch(/^tok_[\w-]{22}$/)
  expect(createTokeniser(KEY, 'other')('anna')).not.toBe(token('anna'))
})

test('an identifier of any type is a token of its text', () => {
  const of = (value: JsonObject): JsonObject => requestOf({ attributes: [{ key: 'user.id', value }] })
  const tokenised = (value: JsonObject): Buffer => within(rules({ tokenise: ['user'] }), of(value))
  expect(tokenised({ intValue: 4711 })).toEqual(bytesOf(of({ stringValue: token('4711') })))
  expect(tokenised({ doubleValue: 4711 })).toEqual(bytesOf(of({ stringValue: token('4711') })))
  expect(tokenised({ arrayValue: { values: [{ stringValue: 'a' }] } })).toEqual(
    bytesOf(of({ arrayValue: { values: [{ stringValue: token('a') }] } })),
  )
  expect(tokenised({ kvlistValue: { values: [text('id', 'a')] } })).toEqual(
    bytesOf(of({ kvlistValue: { values: [text('id', token('a'))] } })),
  )
  expect(tokenised({ stringValue: '' })).toEqual(bytesOf(of({ stringValue: '' })))
})

test('attributes are dropped by name and place', () => {
  const before = requestOf(
    {
      attributes: [text('http.header.cookie', 'x'), text('keep', 'x'), text('user', 'x')],
      events: [{ timeUnixNano: '1', name: 'e', attributes: [text('exception.stacktrace', 'x'), text('keep', 'x')] }],
    },
    { attributes: [text('process.command_line', 'x'), text('http.header.cookie', 'x')] },
  )
  const after = requestOf(
    {
      attributes: [text('keep', 'x')],
      events: [{ timeUnixNano: '1', name: 'e', attributes: [text('keep', 'x')] }],
    },
    { attributes: [text('http.header.cookie', 'x')] },
  )
  const given = rules({ drop: ['span:http.header.*', 'resource:process.*', 'exception.stacktrace', 'span:user'] })
  expect(within(given, before)).toEqual(bytesOf(after))
})

test('rules reach into maps by path', () => {
  const of = (...values: JsonObject[]): JsonObject =>
    requestOf({ attributes: [{ key: 'metadata', value: { kvlistValue: { values } } }] })
  const list = (...values: JsonObject[]): JsonObject => ({ key: 'all', value: { arrayValue: { values } } })
  const map = (...values: JsonObject[]): JsonObject => ({ kvlistValue: { values } })
  const given = rules({ drop: ['metadata.mail', 'metadata.all.mail'], tokenise: ['metadata.customer'] })
  expect(
    within(given, of(text('mail', 'x'), text('customer', 'c'), text('keep', 'x'), list(map(text('mail', 'x'))))),
  ).toEqual(bytesOf(of(text('customer', token('c')), text('keep', 'x'), list(map()))))
})

test.each([
  ['a.b', 'a.b', true],
  ['a.b', 'a.bc', false],
  ['a.*', 'a.b.c', true],
  ['a.*', 'a', false],
  ['*.id', 'x.y.id', true],
  ['*', '', true],
  ['a*b*c', 'aXbXbXc', true],
  ['a*b*c', 'aXbXb', false],
  ['', '', true],
])('%s and %s: %s', (given, name, expected) => {
  expect(isMatch(given, name)).toBe(expected)
})

const field = (number: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const head = number < 16 ? [number * 8 + 2] : [((number * 8 + 2) & 127) | 128, (number * 8 + 2) >> 7]
  return Buffer.concat([Buffer.from([...head, body.length]), body])
}
const time = (number: number): Buffer => Buffer.from([number * 8 + 1, 1, 0, 0, 0, 0, 0, 0, 0])
const requestOfBytes = (...parts: readonly Uint8Array[]): Buffer =>
  field(1, field(2, field(2, field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2)), time(7), time(8), ...parts)))

test('fields that nobody knows go with what is masked around them', () => {
  const hidden = field(30, Buffer.from(MAIL))
  const value = field(2, field(1, Buffer.from('x')), hidden)
  const attribute = (...parts: readonly Uint8Array[]): Buffer => field(9, field(1, Buffer.from('k')), ...parts)
  const edge = edgeOf(rules({ mask: [mail] }))!
  const request = Buffer.concat([requestOfBytes(attribute(value, hidden), hidden), hidden])
  expect(scanRequest(request).ok).toBe(true)
  expect(Buffer.from(edge(request))).toEqual(requestOfBytes(attribute(field(2, field(1, Buffer.from('x'))))))
  const clean = requestOfBytes(field(30, Buffer.from('nothing')))
  expect(edge(clean)).toBe(clean)
})

test('a key behind its value, or sent twice, is found', () => {
  const key = (name: string): Buffer => field(1, Buffer.from(name))
  const value = field(2, field(1, Buffer.from('anna')))
  const edge = edgeOf(rules({ drop: ['user.id'] }))!
  for (const parts of [
    [value, key('user.id')],
    [key('other'), value, key('user.id')],
  ]) {
    expect(Buffer.from(edge(requestOfBytes(field(9, ...parts))))).toEqual(requestOfBytes())
  }
})

const mask = (found: string): string => found.replaceAll(/ai|hi|LL/g, '**')

/** The same rules on OTLP/JSON, as plainly as can be. */
function model(value: Json, given: PrivacyRules, place: string, path: string): Json {
  const matches = (list: readonly NameRule[], name: string): boolean =>
    list.some((rule) => (rule.place === null || rule.place === place) && isMatch(rule.pattern, name))
  const PLACES: Readonly<Record<string, string>> = {
    resource: 'resource',
    scope: 'scope',
    spans: 'span',
    events: 'event',
    links: 'link',
  }
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? mask(value) : value
  if (Array.isArray(value)) {
    return value.flatMap((item: Json) => {
      const name = isPair(item) ? path + item.key : ''
      return isPair(item) && matches(given.drop, name) ? [] : [model(item, given, place, path)]
    })
  }
  if (isPair(value)) {
    const name = path + value.key
    const masked = matches(given.tokenise, name)
      ? tokenised(value.value ?? {})
      : model(value.value ?? {}, given, place, `${name}.`)
    return { key: mask(value.key), ...('value' in value && { value: masked }) }
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (/Id$|UnixNano$/.test(key)) return [key, item]
      if (key === 'intValue' || key === 'doubleValue') return [key, item]
      return [key, model(item, given, PLACES[key] ?? place, path)]
    }),
  )
}

const isPair = (value: Json): value is { key: string; value?: JsonObject } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && typeof (value as JsonObject).key === 'string'

function tokenised(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.map((item: Json) =>
      isPair(item)
        ? { ...item, key: mask(item.key), ...(item.value && { value: tokenised(item.value) }) }
        : tokenised(item),
    )
  const { stringValue, intValue, doubleValue, boolValue, bytesValue, arrayValue, kvlistValue } = value as JsonObject
  if (arrayValue !== undefined) return { arrayValue: { values: tokenised((arrayValue as JsonObject).values ?? []) } }
  if (kvlistValue !== undefined) return { kvlistValue: { values: tokenised((kvlistValue as JsonObject).values ?? []) } }
  if (bytesValue !== undefined) {
    const shown = Buffer.from(String(bytesValue), 'base64').toString('utf8')
    return shown === '' ? value : { stringValue: token(shown) }
  }
  const scalar = stringValue ?? intValue ?? boolValue ?? (doubleValue === null ? Number.NaN : doubleValue)
  return scalar === undefined || scalar === '' ? value : { stringValue: token(String(scalar)) }
}

const arbitraryRules = fc
  .record({
    drop: fc.subarray(['input.*', 'event:gen_ai.*', 'llm.input_messages.0.message.role', 'gen_ai.*.session.id', '*5*']),
    tokenise: fc.subarray(['session', 'span:retrieval.*', '*.model']),
  })
  .map(rules)

test('what the bytes become is what a plain reading of the rules makes of the JSON', () => {
  fc.assert(
    fc.property(arbitraryRequest, arbitraryRules, (request, names) => {
      const given = { ...names, mask: [pattern('ai'), pattern('hi|LL')] }
      // Bytes that match become a text, which the model leaves out.
      const json = JSON.parse(JSON.stringify(request).replaceAll('bytesValue', 'unknownValue')) as Json
      const done = within(given, json as JsonObject)
      expect(done.toString('latin1')).toBe(bytesOf(model(json, given, '', '') as JsonObject).toString('latin1'))
    }),
    { numRuns: 300 },
  )
})

test('whatever passes the check comes out whole', () => {
  const given = rules({
    drop: ['gen_ai.*'],
    tokenise: ['user', 'session'],
    mask: [...REVIEWED_PATTERNS.values(), pattern('[0-9]')],
  })
  const edge = edgeOf(given)!
  fc.assert(
    fc.property(arbitraryRequest, fc.integer(), (request, seed) => {
      for (const bytes of damagedCopies(bytesOf(request), seed, 20)) {
        if (!scanRequest(bytes).ok) continue
        const scanned = scanRequest(edge(bytes))
        expect(scanned.ok ? 'whole' : scanned.message).toBe('whole')
      }
    }),
    { numRuns: 100 },
  )
})
