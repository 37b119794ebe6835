import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endedSpan } from '../testing/spans.ts'
import { PRIORITIES, type Priority } from './priority.ts'
import { SpanRing } from './span-ring.ts'

const span = (name: string) => endedSpan({ name })
const rank = (priority: Priority): number => PRIORITIES.indexOf(priority)
const namesOf = (ring: SpanRing, count = 100): string[] => ring.take(count, 1e9).spans.map(({ name }) => name)

describe('what goes when there is no room', () => {
  test.each<[string, [string, Priority][], string[]]>([
    [
      'the oldest',
      [
        ['a', 'normal'],
        ['b', 'normal'],
        ['c', 'normal'],
        ['d', 'normal'],
      ],
      ['b', 'c', 'd'],
    ],
    [
      'not an error',
      [
        ['a', 'critical'],
        ['b', 'normal'],
        ['c', 'normal'],
        ['d', 'normal'],
      ],
      ['a', 'c', 'd'],
    ],
    [
      'not a root',
      [
        ['a', 'high'],
        ['b', 'normal'],
        ['c', 'normal'],
        ['d', 'high'],
      ],
      ['a', 'c', 'd'],
    ],
    [
      'a root before an error',
      [
        ['a', 'critical'],
        ['b', 'high'],
        ['c', 'critical'],
        ['d', 'critical'],
      ],
      ['a', 'c', 'd'],
    ],
    [
      'the low first',
      [
        ['a', 'normal'],
        ['b', 'normal'],
        ['c', 'low'],
        ['d', 'normal'],
      ],
      ['a', 'b', 'd'],
    ],
    [
      'the new one, if all others matter more',
      [
        ['a', 'high'],
        ['b', 'high'],
        ['c', 'high'],
        ['d', 'normal'],
      ],
      ['a', 'b', 'c'],
    ],
    [
      'the oldest error among errors',
      [
        ['a', 'critical'],
        ['b', 'critical'],
        ['c', 'critical'],
        ['d', 'critical'],
      ],
      ['b', 'c', 'd'],
    ],
  ])('%s', (_, spans, left) => {
    const ring = new SpanRing(3, 1e6)
    const dropped = spans.map(([name, priority]) => ring.add(span(name), rank(priority), 10))
    expect(dropped).toEqual([0, 0, 0, 1])
    expect(namesOf(ring)).toEqual(left)
  })

  test('as many as a large one needs', () => {
    const ring = new SpanRing(10, 100)
    for (const name of ['a', 'b', 'c', 'd']) ring.add(span(name), rank('normal'), 25)
    expect(ring.add(span('large'), rank('normal'), 60)).toBe(3)
    expect(namesOf(ring)).toEqual(['d', 'large'])
  })

  test('none in vain: a span that could not get in even so leaves the others', () => {
    const ring = new SpanRing(10, 100)
    ring.add(span('root'), rank('high'), 80)
    ring.add(span('child'), rank('normal'), 20)
    expect(ring.add(span('large child'), rank('normal'), 50)).toBe(1)
    expect(namesOf(ring)).toEqual(['root', 'child'])
  })

  test('what was taken counts until it is released', () => {
    const ring = new SpanRing(2, 1e6)
    ring.add(span('a'), rank('normal'), 10)
    ring.add(span('b'), rank('normal'), 10)
    const taken = ring.take(2, 1e6)
    expect(ring.add(span('c'), rank('critical'), 10)).toBe(1)
    ring.release(taken.spans.length, taken.sizeBytes)
    expect(ring.add(span('d'), rank('normal'), 10)).toBe(0)
    expect(namesOf(ring)).toEqual(['d'])
  })
})

test('spans leave in the order in which they came, whatever they matter', () => {
  const ring = new SpanRing(10, 1e6)
  const priorities: Priority[] = ['normal', 'critical', 'low', 'high', 'normal']
  for (const [i, priority] of priorities.entries()) ring.add(span(`${i}`), rank(priority), 10)
  expect([ring.oldest, ring.newest]).toEqual([1, 5])
  expect(ring.take(10, 25).spans.map(({ name }) => name)).toEqual(['0', '1'])
  expect(ring.oldest).toBe(3)
  expect(namesOf(ring, 2)).toEqual(['2', '3'])
  expect(namesOf(ring)).toEqual(['4'])
})

test('whatever happens: within both bounds, and every span is counted once', () => {
  const one = span('x')
  const act = fc.oneof(
    { weight: 5, arbitrary: fc.record({ rank: fc.nat(3), sizeBytes: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 5 }) }) },
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const ring = new SpanRing(8, 200)
      const held: { spans: unknown[]; sizeBytes: number }[] = []
      let added = 0
      let dropped = 0
      let left = 0
      for (const item of acts) {
        if ('take' in item) {
          const before = held.shift()
          if (before !== undefined) ring.release(before.spans.length, before.sizeBytes)
          const taken = ring.take(item.take, 100)
          left += taken.spans.length
          held.push(taken)
        } else {
          added++
          dropped += ring.add(one, item.rank, item.sizeBytes)
        }
        expect(ring.totalCount).toBeLessThanOrEqual(8)
        expect(ring.totalBytes).toBeLessThanOrEqual(200)
        expect(added).toBe(dropped + left + ring.count)
      }
    }),
    { numRuns: 200 },
  )
})
