import { expect, test } from 'vitest'
import { retryAfterMs, retryDelayMs } from './retry.ts'

const nowMs = Date.parse('2026-11-03T06:00:00Z')

test.each([
  [{}, undefined],
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': 'Tue, 03 Nov 2026 06:00:07 GMT' }, 7_000],
  [{ 'retry-after': 'Tue, 03 Nov 2026 05:00:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '9', 'retry-after-ms': '1500' }, 1_500],
])('Retry-After in %j', (headers, expected) => {
  expect(retryAfterMs(new Headers(headers), nowMs)).toBe(expected)
})

test.each([
  [1, undefined, 0, 1_000],
  [2, undefined, 0, 2_000],
  [3, undefined, 0, 4_000],
  [3, undefined, 0.999, 4_999],
  [4, undefined, 0, undefined],
  [1, 500, 0, 1_000],
  [1, 30_000, 0, 30_000],
  [1, 60_001, 0, undefined],
])('wait after try %d, asked for %s', (attempt, askedMs, random, expected) => {
  const delayMs = retryDelayMs(attempt, askedMs, random)
  expect(delayMs === undefined ? undefined : Math.floor(delayMs)).toBe(expected)
})
