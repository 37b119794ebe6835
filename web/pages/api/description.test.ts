/** On the API's own description. */
import { expect, test } from 'vitest'
import { describeApi } from '../../../server/openapi/describe-api.ts'
import { addressOf, curlOf, type Description, groupsOf, operationsOf, sampleOf, shapeOf } from './description.ts'

const api = describeApi() as unknown as Description
const operations = operationsOf(api)
const { schemas } = api.components
const one = (id: string) => operations.find((operation) => operation.id === id)!

test('every operation says what it takes to be let in, and is found by its words', () => {
  expect(operations.length).toBeGreaterThan(50)
  for (const { permission } of operations)
    expect(['public', 'read', 'push', 'edit', 'administer', 'operate']).toContain(permission)
  expect([...groupsOf(operations, 'silence').keys()]).toContain('silences')
  expect(groupsOf(operations, 'no such words').size).toBe(0)
})

test('a body begins with what must be there', () => {
  expect(sampleOf(one('createSilence').body!, schemas)).toMatchObject({ matchers: expect.anything() })
  expect(sampleOf(one('signIn').body!, schemas)).toEqual({ key: '' })
})

test('an answer is shown as a shape', () => {
  expect(shapeOf(one('searchTraces').answer!, schemas)).toMatch(/^\{\n {2}traces: \{\n {4}traceId: string\n/)
})

test('an address has what was filled in, and there is none without its parts', () => {
  const series = one('getSeries')
  expect(addressOf(series, { package: 'shop' })).toBeNull()
  expect(addressOf(series, { package: 'shop', name: 'a/b', since: ' 7d ', by: '' })).toBe(
    '/v1/evals/shop/a%2Fb/series?since=7d',
  )
})

test('a shell takes it as it is', () => {
  expect(curlOf('POST', 'https://a.test/v1/x', `{"why":"it's"}`)).toBe(
    `curl -sS -X POST -H "Authorization: Bearer $ASSAY_KEY" -H 'content-type: application/json' -d '{"why":"it'\\''s"}' 'https://a.test/v1/x'`,
  )
})
