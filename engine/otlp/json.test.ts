import { describe, expect, test } from 'vitest'
import { normaliseRecord } from '../conventions/normalise.ts'
import type { AttributeValue, Span } from '../model/span.ts'
import { transcodeJson } from './json.ts'

const ids = { traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'EEE19B7EC3C1B174' }

/** JSON text of a request with one span; `fields` is put into it as it is. */
const requestOf = (fields: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${ids.traceId}","spanId":"${ids.spanId}"${fields && `,${fields}`}}]}]}]}`

function spanOf(fields: string): Span {
  const outcome = transcodeJson(Buffer.from(requestOf(fields)))
  if (!outcome.ok) throw new Error(outcome.message)
  const [span] = normaliseRecord('t', outcome.request)
  if (span === undefined) throw new Error('no span')
  return span
}

function messageOf(json: string): string {
  const outcome = transcodeJson(Buffer.from(json))
  return outcome.ok ? 'accepted' : outcome.message
}

const attributeOf = (value: string): AttributeValue | undefined =>
  spanOf(`"attributes":[{"key":"k","value":${value}}]`).attributes.get('k')

test('ids are hex in either case', () => {
  expect(spanOf('"parentSpanId":"EEE19B7EC3C1B173"')).toMatchObject({
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    parentSpanId: 'eee19b7ec3c1b173',
  })
  expect(spanOf('"parentSpanId":""').parentSpanId).toBeUndefined()
})

test.each<[string, AttributeValue]>([
  ['{"stringValue":"café 🙂"}', 'café 🙂'],
  ['{"stringValue":""}', ''],
  ['{"intValue":"7"}', 7],
  ['{"intValue":7}', 7],
  ['{"intValue":"-7"}', -7],
  ['{"intValue":"9007199254740991"}', 2 ** 53 - 1],
  ['{"intValue":"9007199254740993"}', 9007199254740993n],
  ['{"intValue":"-9223372036854775808"}', -(2n ** 63n)],
  ['{"doubleValue":null}', Number.NaN],
  ['{"doubleValue":"NaN"}', Number.NaN],
  ['{"doubleValue":"-Infinity"}', Number.NEGATIVE_INFINITY],
  ['{"doubleValue":1e-3}', 0.001],
  ['{"doubleValue":3}', 3],
  ['{"boolValue":false}', false],
  ['{"bytesValue":"aGVsbG8="}', { bytes: 'aGVsbG8=' }],
  ['{"arrayValue":{"values":[{"intValue":1},null,{}]}}', [1, null, null]],
  ['{"arrayValue":{}}', []],
  ['{"kvlistValue":{"values":[{"key":"__proto__","value":{"stringValue":"x"}}]}}', new Map([['__proto__', 'x']])],
  ['{}', null],
  ['null', null],
  ['{"stringValue":null}', null],
  ['{"futureValue":{"a":1}}', null],
])('an attribute %s', (json, value) => {
  expect(attributeOf(json)).toEqual(value)
})

test('times as text and as numbers, flags above 255, enums by name and number, unknown fields', () => {
  const span = spanOf(
    '"startTimeUnixNano":"1544712660300000001","endTimeUnixNano":1544712661300000000,"flags":769,"kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR","message":"no"},"future":{"a":[1]},"trace_id":"ignored","__proto__":{"traceId":"x"}',
  )
  expect(span).toMatchObject({
    startTimeUs: 1544712660300000,
    startTimeSubUs: 1,
    durationNs: 999999999,
    status: 'error',
    statusMessage: 'no',
  })
  expect(spanOf('"kind":3,"status":{"code":1}').status).toBe('ok')
  expect(spanOf('"kind":null,"status":null,"attributes":null,"events":null').status).toBe('unset')
})

test('events, links, resource, scope and counts', () => {
  const json = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}],"droppedAttributesCount":1,
    "entityRefs":[{"type":"service","idKeys":["service.name"]}]},"schemaUrl":"u","scopeSpans":[{"scope":{"name":"n","version":"v"},"spans":[
    {"traceId":"${ids.traceId}","spanId":"${ids.spanId}","traceState":"a=b","droppedAttributesCount":2,"droppedEventsCount":3,"droppedLinksCount":4,
    "events":[{"name":"e","timeUnixNano":"5000","attributes":[{"key":"a","value":{"boolValue":true}}]}],
    "links":[{"traceId":"${ids.traceId}","spanId":"${ids.spanId}","flags":1}]}]}]}]}`
  const outcome = transcodeJson(Buffer.from(json))
  const [span] = outcome.ok ? normaliseRecord('t', outcome.request) : []
  expect(span).toMatchObject({
    agentName: 's',
    scopeName: 'n',
    scopeVersion: 'v',
    events: [{ name: 'e', timeUs: 5, attributes: new Map([['a', true]]) }],
    links: [{ traceId: ids.traceId.toLowerCase(), spanId: ids.spanId.toLowerCase() }],
  })
})

describe('what is wrong is named', () => {
  const span = 'resourceSpans[0].scopeSpans[0].spans[0]'
  const value = `${span}.attributes[0].value`
  test.each([
    ['"traceId":"xyz"', `${span}.traceId: is 3 characters long; it must be 32 hex digits`],
    [`"traceId":"${'g'.repeat(32)}"`, `${span}.traceId: must be 32 hex digits`],
    [`"traceId":"${'0'.repeat(32)}"`, `${span}.traceId: is all zeroes`],
    ['"traceId":null', `${span}.traceId: is missing`],
    ['"spanId":7', `${span}.spanId: must be a string`],
    ['"name":{}', `${span}.name: must be a string`],
    ['"kind":"SERVER"', `${span}.kind: must be one of 0 to 5, or its name`],
    ['"status":{"code":"BAD"}', `${span}.status.code: must be one of 0 to 2, or its name`],
    ['"startTimeUnixNano":"now"', `${span}.startTimeUnixNano: must be an integer, as a string or a number`],
    ['"startTimeUnixNano":"99999999999999999999"', `${span}.startTimeUnixNano: is out of range`],
    ['"flags":-1', `${span}.flags: is out of range`],
    ['"attributes":{"a":1}', `${span}.attributes: must be a list`],
    ['"attributes":["a"]', `${span}.attributes[0]: must be an object`],
    ['"attributes":[{"key":"a","value":"bare"}]', `${value}: must be an object`],
    [
      '"attributes":[{"key":"a","value":{"intValue":1.5}}]',
      `${value}.intValue: must be an integer, as a string or a number`,
    ],
    ['"attributes":[{"key":"a","value":{"intValue":"9223372036854775808"}}]', `${value}.intValue: is out of range`],
    ['"attributes":[{"key":"a","value":{"boolValue":"true"}}]', `${value}.boolValue: must be true or false`],
    ['"attributes":[{"key":"a","value":{"bytesValue":"***"}}]', `${value}.bytesValue: must be base64`],
    [
      '"attributes":[{"key":"a","value":{"arrayValue":{"values":[{"doubleValue":"x"}]}}}]',
      `${value}.arrayValue.values[0].doubleValue: must be a number`,
    ],
    ['"events":[{"name":1}]', `${span}.events[0].name: must be a string`],
    ['"links":[{"traceId":"ab"}]', `${span}.links[0].traceId: is 2 characters long; it must be 32 hex digits`],
  ])('%s', (fields, message) => {
    // A key that occurs twice: JSON.parse takes the last.
    expect(messageOf(requestOf(fields))).toBe(message)
  })

  test('nesting: 100 levels pass, more are refused, absurd ones do no harm', () => {
    const nested = (levels: number): string =>
      requestOf(
        `"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(levels - 1)}{"intValue":1}${']}}'.repeat(levels - 1)}}]`,
      )
    expect(messageOf(nested(100))).toBe('accepted')
    expect(messageOf(nested(101))).toMatch(/nests deeper than 100 levels$/)
    expect(messageOf(nested(50_000))).toMatch(/nests deeper than 100 levels$/)
    expect(messageOf(nested(200_000))).toContain('too many values')
    expect(messageOf('['.repeat(1_000_000))).toMatch(/^the body is not JSON/)
    expect(messageOf(`${'['.repeat(500_000)}${']'.repeat(500_000)}`)).toMatch(/^the body must be/)
  })
})

test('an expansion of broken text does not overflow the buffer', () => {
  const body = Buffer.concat([
    Buffer.from(requestOf('').slice(0, -7)),
    Buffer.from(',"name":"'),
    Buffer.alloc(100_000, 0xff),
    Buffer.from('"}]}]}]}'),
  ])
  const outcome = transcodeJson(body)
  const [span] = outcome.ok ? normaliseRecord('t', outcome.request) : []
  expect(span?.name).toBe('\ufffd'.repeat(100_000))
})

test('a key that sets no prototype', () => {
  expect(spanOf('"__proto__":{"polluted":true}').name).toBe('')
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})
