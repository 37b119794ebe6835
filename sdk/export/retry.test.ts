import { expect, test } from 'vitest'
import { nextBatchSize } from './batch-size.ts'
import { parseRetryAfterMs, retryDelayMs } from './retry.ts'

test.each([
  [1, null, 1, 1_000],
  [1, null, 0, 0],
  [3, null, 0.5, 2_000],
  [6, null, 1, 30_000],
  [1_000, null, 1, 30_000],
  [1, 7_000, 0, 7_000],
  [6, 7_000, 1, 8_000],
  [1, 1e12, 0, 300_000],
])('after %d failures, Retry-After %s and chance %d it waits %d ms', (failures, afterMs, random, delayMs) => {
  expect(retryDelayMs(failures, afterMs, () => random)).toBe(delayMs)
})

const nowMs = Date.parse('2026-11-21T12:00:00Z')
test.each([
  [undefined, null],
  ['5', 5_000],
  [' 0 ', 0],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
  ['99999999999999999999', 300_000],
  ['soon', null],
  ['-1', null],
  ['1.5', null],
  ['', null],
])('Retry-After: %s is %s ms', (header, delayMs) => {
  expect(parseRetryAfterMs(header, nowMs)).toBe(delayMs)
})

test.each([
  ['grows while all is well', 512, { ok: true, encodeMs: 2, sendMs: 50 }, 576],
  ['up to the largest', 2_000, { ok: true, encodeMs: 2, sendMs: 50 }, 2_048],
  ['halves when encoding holds the thread', 512, { ok: true, encodeMs: 30, sendMs: 50 }, 256],
  ['halves when the answer takes long', 512, { ok: true, encodeMs: 2, sendMs: 5_000 }, 256],
  ['halves on failure', 512, { ok: false, encodeMs: 2, sendMs: 5 }, 256],
  ['not below the smallest', 130, { ok: false, encodeMs: 2, sendMs: 5 }, 128],
])('a batch %s', (_, current, outcome, next) => {
  expect(nextBatchSize(current, 2_048, outcome)).toBe(next)
})
