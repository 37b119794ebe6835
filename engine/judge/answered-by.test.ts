import { expect, test } from 'vitest'
import { buildOfflineEval, buildRubric, e } from '../evaluate/build-plan.ts'
import { measureOfStandIn, proxyOf, standInAmong, standInsOf } from './answered-by.ts'

const judge = { models: ['a/x'], fallbacks: ['b/y', 'c/z'], take: null }
const panel = { models: ['a/x', 'b/y', 'c/z'], fallbacks: ['d/w'], take: 'mean' as const }
const proxy = { name: 'token_f1', version: 1, args: {} }
const budget = { currency: 'USD', perRunMicros: 1, perMonthMicros: null, cheaper: 'a/small' } as const
const one = buildOfflineEval('it', e.cmp(e.score(), '>=', e.lit(4)), { method: buildRubric({ judge }), budget, proxy })

test.each([
  ['its own judge', ['a/x'], judge, null],
  ['nobody', [], judge, null],
  ['the first behind it', ['b/y'], judge, { level: 'or_else', by: 'b/y' }],
  ['two, of two questions', ['c/z', 'a/x'], judge, { level: 'or_else', by: 'a/x+c/z' }],
  ['the cheaper one', ['a/small'], judge, { level: 'cheaper', by: 'a/small' }],
  ['a panel', ['c/z', 'a/x', 'b/y'], panel, null],
  ['a panel with another member', ['c/z', 'a/x', 'd/w'], panel, { level: 'or_else', by: 'a/x+c/z+d/w' }],
])('answered by %s', (_, answeredBy, judges, standIn) => {
  expect(standInAmong(answeredBy, judges, 'a/small')).toEqual(standIn)
})

test('each has a hash of its own, by which it is known again', () => {
  const known = standInsOf(one)
  const all = [standInAmong(['b/y'], judge, 'a/small'), standInAmong(['a/small'], judge, 'a/small'), proxyOf(proxy)]
  const hashes = all.flatMap((standIn) => (standIn === null ? [] : [measureOfStandIn(one, standIn)]))
  expect(hashes.map((hash) => known.get(hash))).toEqual(all)
  expect(new Set([...hashes, one.measureHash]).size).toBe(4)
  const otherwise = standInsOf({ ...one, proxy: { ...proxy, version: 2 } })
  expect(otherwise.has(hashes[2] ?? '')).toBe(false)
  expect(otherwise.has(hashes[0] ?? '')).toBe(true)
})
