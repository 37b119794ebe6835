import { expect, test } from 'vitest'
import { OPERATIONS } from '../operations.ts'
import { ROUTES } from '../route-table.ts'
import { describeApi, type JsonSchema } from './describe-api.ts'

const api = describeApi()

test('describes every route, and nothing else', () => {
  expect(Object.keys(OPERATIONS).sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort())
  const ids = Object.values(OPERATIONS).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(Object.keys(api.paths)).toContain('/v1/traces/{traceId}')
})

test('every reference leads to a component', () => {
  const references = [...JSON.stringify(api).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  )
  expect(references.length).toBeGreaterThan(30)
  expect([...new Set(references)].filter((name) => api.components.schemas[name!] === undefined)).toEqual([])
})

test('parameters are named as they are sent, and required where they are', () => {
  const parameters = api.paths['/v1/export/traces']?.get?.parameters.map(({ name, required }) => [name, required])
  expect(parameters).toEqual([
    ['from', true],
    ['to', true],
    ['fromTrace', true],
    ['toTrace', false],
    ['fields', false],
  ])
})

test('a result is described as it is parsed', () => {
  const { properties = {}, required = [] } = api.components.schemas.Result as JsonSchema
  expect(properties.verdict).toEqual({ $ref: '#/components/schemas/Verdict' })
  expect(required).toContain('evidence')
  expect(required).not.toContain('spanId')
})

test('a run that was there already is a success of its own, in the same shape', () => {
  const responses = api.paths['/v1/evals/{package}/{name}/run']?.post?.responses ?? {}
  expect(Object.keys(responses).sort()).toEqual(['200', '202', 'default'])
  expect(responses['200']?.content).toEqual(responses['202']?.content)
})

test('a body that may be left out is not required', () => {
  const isRequired = (path: string) => api.paths[path]?.post?.requestBody?.required
  expect(isRequired('/v1/evals/{package}/{name}/run')).toBe(false)
  expect(isRequired('/v1/labels')).toBe(true)
})
