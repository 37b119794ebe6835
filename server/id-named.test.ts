import { expect, test } from 'vitest'
import { idNamed } from './id-named.ts'

const IDS = ['support/long_rate', 'support/slower', 'shop/slower', 'shop/long_rate_of_all']

test.each([
  ['support/long_rate', { ok: true, id: 'support/long_rate' }],
  ['long_rate', { ok: true, id: 'support/long_rate' }],
  ['slower', { ok: false, message: 'which slower: support/slower or shop/slower?' }],
  ['lng_rate', { ok: false, message: 'there is no alert lng_rate in force, did you mean `support/long_rate`?' }],
  ['support/slwer', { ok: false, message: 'there is no alert support/slwer in force, did you mean `support/slower`?' }],
  ['other/long_rate', { ok: false, message: 'there is no alert other/long_rate in force' }],
  ['nosuch', { ok: false, message: 'there is no alert nosuch in force' }],
])('%s', (name, expected) => {
  expect(idNamed('alert', name, IDS)).toEqual(expected)
})
