import { expect, test } from 'vitest'
import { placesOf } from './regex-size.ts'

test.each([
  ['', 0],
  ['sk-[a-z]', 4],
  ['[]a\\]]x\\/\\p{Greek}', 4],
  ['a{3}', 3],
  ['a{2,30}b', 31],
  ['a{5,}', 5],
  ['(?:ab){10}', 20],
  ['(?:(?:[ab]{0,30}c){30})d', 931],
  ['(a(b', 2],
  ['a)b', 2],
  ['{3}', 0],
])('%s has %d places', (source, places) => {
  expect(placesOf(source)).toBe(places)
})
