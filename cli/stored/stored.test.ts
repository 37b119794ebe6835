import { describe, expect, test } from 'vitest'
import type { SpanPage } from '../../storage/traces/port.ts'
import { readPages } from './read-pages.ts'
import { SourceError, type TraceSource } from './source.ts'
import { untilInterrupted } from './until-interrupted.ts'
import { windowOf } from './window.ts'

const window = { fromUs: 0, toUs: 1 }

/** A source of so many empty pages, which tells how far it was read. */
function sourceOf(pageCount: number, failAt = -1): { source: TraceSource; read: string[] } {
  const pages = Array.from(
    { length: pageCount },
    (_, index): SpanPage => ({ fromTraceId: String(index), toTraceId: null }),
  )
  const read: string[] = []
  const source: TraceSource = {
    shown: 'a test',
    plan: async () => null,
    pages: async () => pages,
    read: async (_, { fromTraceId }) => {
      read.push(fromTraceId)
      if (fromTraceId === String(failAt)) throw new SourceError('gone')
      return { traces: [], openTraces: 1 }
    },
    results: async () => [],
    trace: async () => [],
    close: async () => {},
  }
  return { source, read }
}

describe('pages', () => {
  test('come one after another, the next one read ahead and no more', async () => {
    const { source, read } = sourceOf(4)
    const seen: [string, number][] = []
    for await (const { page, nth } of readPages(source, window, [], new AbortController().signal)) {
      seen.push([page.fromTraceId, read.length])
      expect(nth).toBe(seen.length)
    }
    expect(seen).toEqual([
      ['0', 2],
      ['1', 3],
      ['2', 4],
      ['3', 4],
    ])
  })

  test('end between two when they are interrupted', async () => {
    const controller = new AbortController()
    const { source, read } = sourceOf(10)
    let count = 0
    for await (const _ of readPages(source, window, [], controller.signal)) if (++count === 2) controller.abort()
    expect(count).toBe(2)
    expect(read).toHaveLength(3)
  })

  test('end with the error of the source', async () => {
    const { source } = sourceOf(5, 2)
    const reading = Array.fromAsync(readPages(source, window, [], new AbortController().signal))
    await expect(reading).rejects.toThrow('gone')
  })

  test('are none where nothing is stored', async () => {
    expect(await Array.fromAsync(readPages(sourceOf(0).source, window, [], new AbortController().signal))).toEqual([])
  })
})

test('Ctrl-C aborts the work once; afterwards it ends the process as ever', async () => {
  const before = process.listenerCount('SIGINT')
  const outcome = await untilInterrupted(async (signal) => {
    expect(signal.aborted).toBe(false)
    process.emit('SIGINT')
    // Taken once: a second one is left to the system, which ends the process.
    expect(process.listenerCount('SIGINT')).toBe(before)
    return signal.aborted ? 'stopped' : 'went on'
  })
  expect(outcome).toBe('stopped')
  await expect(untilInterrupted(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(process.listenerCount('SIGINT')).toBe(before)
  expect(process.listenerCount('SIGTERM')).toBe(0)
})

describe('periods', () => {
  const nowMs = Date.UTC(2026, 5, 8)
  test.each([
    ['7d', undefined, Date.UTC(2026, 5, 1), nowMs],
    ['7d', '1d', Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 7)],
    ['2026-06-02T00:00:00Z', '2026-06-03T02:00:00+02:00', Date.UTC(2026, 5, 2), Date.UTC(2026, 5, 3)],
  ])('%s to %s', (since, until, fromMs, toMs) => {
    expect(windowOf(since, until, nowMs)).toMatchObject({
      ok: true,
      window: { fromUs: fromMs * 1000, toUs: toMs * 1000 },
    })
  })

  test.each([
    ['soon', undefined],
    ['1d', 'soon'],
    ['1d', '1d'],
    ['1d', '2d'],
    ['', undefined],
  ])('%j to %j is none', (since, until) => {
    expect(windowOf(since, until, nowMs)).toMatchObject({ ok: false })
  })
})
