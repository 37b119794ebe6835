import { expect, test } from 'vitest'
import { planOf } from '../dsl/testing.ts'
import { runAlertsOf } from '../engine/alerting/run-alert.ts'
import { changesBetween, lately } from './definition-changes.ts'

const COMMIT = { revision: 'r2', author: 'Ana', subject: 'shop' }

const alertIn = (over: { limit?: string; score?: string; count?: string; title?: string }) =>
  runAlertsOf(
    planOf(`package shop
online eval fast { on: trace  score: ${over.score ?? 'duration'}  pass: score <= ${over.limit ?? '8s'} }
alert slow { title: "${over.title ?? 'Slow'}"  on: fast  when: count(fail) >= ${over.count ?? '3'} over 1h  severity: page }
`),
  )[0]!

test.each([
  [{}, []],
  [{ title: 'Slower' }, []],
  [{ count: '5' }, ['the rule of shop/slow changed']],
  [{ limit: '9s' }, ['what passes of shop/fast changed']],
  [{ score: 'duration * 2' }, ['what shop/fast measures changed']],
  [{ score: 'duration * 2', count: '5' }, ['the rule of shop/slow changed', 'what shop/fast measures changed']],
])('%j: %j', (over, expected) => {
  const changes = changesBetween(alertIn({}), alertIn(over), 5, (name) => ({ ...COMMIT, subject: name }))
  expect(changes).toEqual(expected.map((what) => ({ atMs: 5, ...COMMIT, what })))
})

test('what is of another week is not lately', () => {
  const at = (atMs: number) => ({ atMs, revision: null, author: null, subject: null, what: 'x' })
  const day = 24 * 3_600_000
  expect(lately([at(0), at(2 * day), at(8 * day)], 8.5 * day)).toEqual([at(2 * day), at(8 * day)])
})
