import { describe, expect, test } from 'vitest'
import { type Breaker, CLOSED, levelOf, permitCall, recordFailure, recordProbe } from './breaker.ts'

const T = 1_800_000_000_000

/** Each failure as seconds, or seconds and what its instance saw answered before. */
function afterFailures(...failures: (number | [number, number])[]): Breaker {
  return failures.reduce<Breaker>((breaker, failure) => {
    const [seconds, answered] = typeof failure === 'number' ? [failure, 0] : failure
    return recordFailure(breaker, { atMs: T + seconds * 1000, answered })
  }, CLOSED)
}

describe('when it opens', () => {
  test.each<[string, (number | [number, number])[], 'closed' | 'open']>([
    ['four failures', [0, 1, 2, 3], 'closed'],
    ['five at once', [0, 0, 0, 0, 0], 'open'],
    ['five within 60 s', [0, 15, 30, 45, 59.999], 'open'],
    ['five over 60 s', [0, 15, 30, 45, 60], 'closed'],
    ['five of the last 60 s, and earlier ones', [0, 15, 30, 45, 60, 61], 'open'],
    ['five, with an answer among them', [0, 1, 2, 3, [4, 1]], 'open'],
    ['five, with as many answers between', [0, [1, 2], [2, 2], [3, 1], 4], 'open'],
    ['five, with more answers between', [0, [1, 2], [2, 2], [3, 1], [4, 1]], 'closed'],
    ['a rare failure of a busy provider', Array.from({ length: 60 }, (_, i): [number, number] => [i, 100]), 'closed'],
    ['an outage after many answers', [[0, 900], 1, 2, 3, 4], 'open'],
    ['an outage as two instances see it', [[0, 900], [1, 900], 2, 3, 4, 5], 'open'],
    ['failures by clocks that disagree', [30, 0, 30, 0, 30], 'open'],
  ])('%s: %#', (_, failures, kind) => {
    expect(afterFailures(...failures).kind).toBe(kind)
  })
})

const open = afterFailures(0, 0, 0, 0, 0)

describe('what it lets through', () => {
  test.each<[string, Breaker, number, string]>([
    ['closed', CLOSED, 0, 'call'],
    ['closed with failures', afterFailures(0, 1, 2, 3), 4, 'call'],
    ['just opened', open, 0, 'refused'],
    ['nearly 30 s later', open, 29.999, 'refused'],
    ['30 s later', open, 30, 'probe'],
    ['hours later', open, 36_000, 'probe'],
    ['by a clock that is an hour behind', open, -3_600, 'probe'],
  ])('%s at %#', (_, breaker, seconds, kind) => {
    expect(permitCall(breaker, T + seconds * 1000).permit.kind).toBe(kind)
  })

  test('one probe each 10 s, whatever becomes of them', () => {
    let breaker = open
    const probes: number[] = []
    for (let seconds = 0; seconds <= 60; seconds++) {
      const { permit, next } = permitCall(breaker, T + seconds * 1000)
      if (permit.kind === 'probe') probes.push(seconds)
      breaker = next
    }
    expect(probes).toEqual([30, 40, 50, 60])
  })

  test('a refusal says since when, and when to ask again', () => {
    expect(permitCall(open, T + 5_000).permit).toEqual({
      kind: 'refused',
      sinceMs: T,
      retryAtMs: T + 30_000,
      prospect: 'out',
      failedMs: T,
    })
  })

  const answering = recordProbe(open, T, true)
  test.each<[string, Breaker, number, number | undefined, string]>([
    ['just opened', open, 5, undefined, 'out'],
    ['nobody heard of it since', open, 10, undefined, 'unknown'],
    ['a probe is on its way', open, 305, 0, 'unknown'],
    ['a probe has failed', open, 309, 301, 'out'],
    ['a probe hung until it failed', open, 332, 330, 'out'],
    ['a probe was answered', answering, 305, 0, 'answering'],
    ['a probe was answered, and one failed before', answering, 305, 290, 'answering'],
    ['answered and then failed', recordProbe(answering, T, false), 305, 304, 'out'],
    ['by a clock that is ahead', open, 305, 900, 'unknown'],
  ])('a refusal says what is known: %s', (_, breaker, seconds, failed, prospect) => {
    const { next } = permitCall(breaker, T + Math.floor(seconds / 10) * 10_000)
    const failedMs = failed === undefined ? undefined : T + failed * 1000
    const permit = permitCall(next, T + seconds * 1000, failedMs).permit
    expect(permit).toMatchObject({ kind: 'refused', prospect })
  })
})

describe('what probes change', () => {
  test.each<[string, boolean[], 'closed' | 'open']>([
    ['two answers', [true, true], 'open'],
    ['three answers', [true, true, true], 'closed'],
    ['three, with a failure among them', [true, true, false, true], 'open'],
    ['three after a failure', [false, true, true, true], 'closed'],
    ['failures', [false, false, false], 'open'],
  ])('%s', (_, probes, kind) => {
    const after = probes.reduce<Breaker>((breaker, answered) => recordProbe(breaker, T, answered), open)
    expect(after.kind).toBe(kind)
  })

  test('one of an earlier outage, and calls that were on their way, change nothing', () => {
    expect(recordProbe(open, T - 1, true)).toBe(open)
    expect(recordProbe(CLOSED, T, true)).toBe(CLOSED)
    expect(recordProbe(CLOSED, T, false)).toBe(CLOSED)
    expect(recordFailure(open, { atMs: T + 1, answered: 0 })).toBe(open)
  })
})

test.each<[Breaker, number, string]>([
  [CLOSED, 0, 'closed'],
  [afterFailures(0, 1, 2), 3, 'closed'],
  [open, 0, 'open'],
  [open, 29.999, 'open'],
  [open, 30, 'half_open'],
])('it is called by its level: %#', (breaker, seconds, level) => {
  expect(levelOf(breaker, T + seconds * 1000)).toBe(level)
})
