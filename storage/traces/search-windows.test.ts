import { expect, test } from 'vitest'
import { asLongAsNeeded, newestFirst, windowsOf } from './search-windows.ts'

const HOUR_US = 3_600_000_000

test.each([
  ['a week', 0, 168 * HOUR_US],
  ['a day', 0, 24 * HOUR_US],
  ['a minute', 5, 60_000_005],
])('%s is looked at whole, in few windows, the newest first', (_, fromUs, toUs) => {
  const windows = windowsOf({ fromUs, toUs, limit: 1 }, toUs)
  expect(windows.length).toBeLessThan(5)
  expect([windows[0]?.toUs, windows.at(-1)?.fromUs]).toEqual([toUs, fromUs])
  for (const [index, { toUs: end }] of windows.entries()) if (index > 0) expect(end).toBe(windows[index - 1]?.fromUs)
})

test('a page begins where the one before ended, and an empty period has no window', () => {
  const after = { startUs: 10 * HOUR_US, traceId: 'f'.repeat(32) }
  expect(windowsOf({ fromUs: 0, toUs: 24 * HOUR_US, after, limit: 1 }, 24 * HOUR_US)[0]?.toUs).toBe(10 * HOUR_US + 1)
  expect(windowsOf({ fromUs: 5, toUs: 5, limit: 1 }, 5)).toEqual([])
})

test('what lies ahead of now makes the first window no shorter of what is there', () => {
  const [first] = windowsOf({ fromUs: 0, toUs: 72 * HOUR_US, limit: 1 }, 48 * HOUR_US)
  expect(first?.toUs).toBe(72 * HOUR_US)
  expect(first?.fromUs).toBeLessThan(48 * HOUR_US)
  expect(first?.fromUs).toBeGreaterThan(44 * HOUR_US)
})

test('texts are looked at by whole days: from 12 to 36 hours at first', () => {
  const day = 24 * HOUR_US
  const beginsOf = (nowUs: number) =>
    windowsOf({ fromUs: day / 2, toUs: nowUs + day, text: 'x', limit: 1 }, nowUs).map(({ fromUs }) => fromUs / day)
  expect(beginsOf(30.6 * day)).toEqual([30, 28, 24, 16, 0.5])
  expect(beginsOf(30.4 * day)).toEqual([29, 27, 23, 15, 0.5])
  expect(beginsOf(2.6 * day)).toEqual([2, 0.5])
})

test('a window of texts is cut to the days that should have what is missing of the page', () => {
  const day = 24 * HOUR_US
  const window = { fromUs: 22 * day, toUs: 30 * day }
  const cutTo = (missing: number, known: number) => {
    const [newer, older] = asLongAsNeeded(window, { missing, known, ofUs: day / 2 })
    expect(newer.toUs).toBe(window.toUs)
    // Together the whole, without a gap.
    expect(older ?? { fromUs: 22 * day, toUs: newer.fromUs }).toEqual({ fromUs: 22 * day, toUs: newer.fromUs })
    return (30 * day - newer.fromUs) / day
  }
  expect(cutTo(10, 40)).toBe(1)
  expect(cutTo(50, 15)).toBe(3)
  expect(cutTo(50, 1)).toBe(8)
})

test.each([{ user: 'u' }, { session: 's' }])(
  'what few traces have is looked for in a day, and then in all the rest: %j',
  (of) => {
    const day = 24 * HOUR_US
    const beginsOf = (days: number) =>
      windowsOf({ fromUs: (31 - days) * day, toUs: 32 * day, ...of, limit: 1 }, 31 * day).map(
        ({ fromUs }) => fromUs / day,
      )
    expect(beginsOf(30)).toEqual([30, 1])
    expect(beginsOf(1)).toEqual([30])
    expect(beginsOf(0.1)).toEqual([30.9])
  },
)

test.each([
  ['of a week, at once', 7, 0, ['6-7', '0-6']],
  ['of a month, until it is found', 30, 27.5, ['29-30', '27-29']],
  ['of a month, at once where a week of it is left', 30, 2, ['29-30', '27-29', '23-27', '15-23', '0-15']],
  ['of twelve days, at once where a week of it is left', 12, 2, ['11-12', '9-11', '5-9', '0-5']],
])('a text that the newest day is without is looked for in the rest %s', async (_, days, foundAt, expected) => {
  const day = 24 * HOUR_US
  const asked: string[] = []
  await newestFirst({ fromUs: 0, toUs: days * day, text: 'x', limit: 1 }, days * day, async ({ fromUs, toUs }) => {
    asked.push(`${fromUs / day}-${toUs / day}`)
    const isFound = foundAt * day >= fromUs && foundAt * day < toUs
    return isFound ? [{ trace: 't', start_us: foundAt * day }] : []
  })
  expect(asked).toEqual(expected)
})
