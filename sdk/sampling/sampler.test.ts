import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endedSpan } from '../testing/spans.ts'
import { keepsTrace } from './head.ts'
import { Sampler, type SamplingOptions } from './sampler.ts'

describe('by the trace’s id', () => {
  const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`))

  test.each([
    ['00000000000000000000000000000000', 0.01, false],
    ['ffffffffffffffffffffffffffffffff', 0.01, true],
    ['00000000000000000080000000000000', 0.5, true],
    ['0000000000000000007fffffffffffff', 0.5, false],
    ['ffffffffffffffffff7fffffffffffff', 0.5, false],
    ['00000000000000000000000000000000', 1, true],
    ['ffffffffffffffffffffffffffffffff', 0, false],
  ])('%s at %d: %s', (traceId, rate, kept) => {
    expect(keepsTrace(traceId, rate)).toBe(kept)
  })

  test('what a rate keeps, a higher one keeps too', () => {
    fc.assert(
      fc.property(
        hex(32),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (id, a, b) => {
          const [low, high] = a < b ? [a, b] : [b, a]
          if (keepsTrace(id, low)) expect(keepsTrace(id, high)).toBe(true)
        },
      ),
    )
  })

  test('as many as the rate says', () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => ((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0'))
    const kept = ids.filter((id) => keepsTrace(`${'0'.repeat(18)}${id}${'0'.repeat(6)}`, 0.1)).length
    expect(kept).toBeGreaterThan(1_900)
    expect(kept).toBeLessThan(2_100)
  })
})

/** A span of this trace; a child unless it is the root. */
function span(
  traceId: string,
  made: { root?: boolean; remote?: boolean; error?: boolean; durationMs?: number; name?: string },
): ReadableSpan {
  const ended = endedSpan({
    ...(made.name !== undefined && { name: made.name }),
    error: made.error === true,
    durationMs: made.durationMs ?? 5,
  })
  const context = { traceId: traceId.padStart(32, '0'), spanId: '00000000000000aa', traceFlags: 1 }
  return Object.assign(Object.create(ended) as ReadableSpan, {
    spanContext: () => context,
    parentSpanContext: made.root === true ? undefined : { ...context, isRemote: made.remote === true },
  })
}

function rig(options: SamplingOptions = {}) {
  const sampler = new Sampler({ rate: 0, ...options })
  const kept: string[] = []
  return {
    sampler,
    kept,
    end: (traceId: string, made: Parameters<typeof span>[1] = {}, nowMs = 0) =>
      sampler.offer(span(traceId, made), nowMs, ({ name }) => kept.push(name)),
  }
}

describe('of the rest, what is worth it', () => {
  test('a trace with an error is kept whole: what came before, and what comes after', () => {
    const { sampler, kept, end } = rig()
    end('1', { name: 'before' })
    end('2', { name: 'other' })
    end('1', { name: 'failed', error: true })
    end('1', { name: 'after' })
    end('1', { name: 'root', root: true })
    end('2', { name: 'other root', root: true })
    expect(kept).toEqual(['before', 'failed', 'after', 'root'])
    expect([sampler.sampledOut, sampler.undecided]).toEqual([2, 0])
  })

  test('a slow one too', () => {
    const { kept, end } = rig({ keepSlowerThanMs: 1_000 })
    end('1', { name: 'quick', durationMs: 999 })
    end('1', { name: 'slow root', root: true, durationMs: 1_000 })
    expect(kept).toEqual(['quick', 'slow root'])
  })

  test('neither, if that is wished', () => {
    const { sampler, kept, end } = rig({ keepErrors: false, keepSlowerThanMs: null })
    end('1', { error: true, durationMs: 1e6 })
    end('1', { root: true })
    expect([kept, sampler.sampledOut]).toEqual([[], 2])
  })

  test('the part of a trace that another service began ends with its first span here', () => {
    const { sampler, end } = rig()
    end('1')
    end('1', { remote: true })
    expect([sampler.sampledOut, sampler.undecided]).toEqual([2, 0])
  })

  test('at a rate of 1 nothing is held back', () => {
    const { sampler, kept, end } = rig({ rate: 1 })
    end('1', { name: 'child' })
    expect([kept, sampler.undecided]).toEqual([['child'], 0])
  })

  test.each([Number.NaN, 7, -1])('a rate of %d', (rate) => {
    const { kept, end } = rig({ rate })
    end('ffffffffffffff', { name: 'x' })
    expect(kept.length).toBe(rate === -1 ? 0 : 1)
  })
})

describe('the window is bounded, and gives up the oldest', () => {
  test.each([
    ['traces', { traces: 2 }, ['3', '4']],
    ['spans', { spans: 3 }, ['2', '3', '4']],
    ['bytes', { sizeBytes: 3_500 }, ['2', '3', '4']],
  ])('%s', (_, window, held) => {
    const { sampler, kept, end } = rig({ window })
    for (const traceId of ['1', '2', '3', '4']) end(traceId, { name: traceId })
    expect(sampler.undecided + sampler.sampledOut).toBe(4)
    for (const traceId of ['1', '2', '3', '4']) end(traceId, { name: 'error', error: true })
    expect(kept.filter((name) => name !== 'error')).toEqual(held)
  })

  test('time', () => {
    const { sampler, kept, end } = rig({ window: { ageMs: 1_000 } })
    end('1', { name: 'old' }, 0)
    end('2', { name: 'new' }, 1_001)
    expect([sampler.sampledOut, sampler.undecided]).toEqual([1, 1])
    end('1', { name: 'late', error: true }, 1_002)
    expect(kept).toEqual(['late'])
  })

  test('traces that were kept are remembered, but not for ever', () => {
    const { kept, end } = rig({ window: { traces: 2 } })
    for (const traceId of ['1', '2', '3']) end(traceId, { name: 'error', error: true })
    end('1', { name: 'forgotten' })
    end('3', { name: 'remembered' })
    expect(kept).toEqual(['error', 'error', 'error', 'remembered'])
  })
})
