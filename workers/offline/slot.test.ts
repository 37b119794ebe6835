import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latestSlotMs, runIdOf, windowOf } from './slot.ts'

const utc = (text: string) => Date.parse(text)

test.each([
  ['0 6 * * *', 'UTC', '2026-11-03T06:00:00Z', '2026-11-03T06:00:00Z'],
  ['0 6 * * *', 'UTC', '2026-11-03T05:59:59Z', '2026-11-02T06:00:00Z'],
  ['0 6 * * *', 'Europe/London', '2026-07-03T12:00:00Z', '2026-07-03T05:00:00Z'],
  ['30 9 * * 1', 'Asia/Kathmandu', '2026-11-05T00:00:00Z', '2026-11-02T03:45:00Z'],
  ['*/5 * * * *', 'UTC', '2026-11-03T06:04:59.999Z', '2026-11-03T06:00:00Z'],
  ['0 0 1 * *', 'UTC', '2026-11-30T23:00:00Z', '2026-11-01T00:00:00Z'],
  ['17 */6 * * *', 'America/St_Johns', '2026-01-10T10:00:00Z', '2026-01-10T09:47:00Z'],
])('latest slot of %s in %s at %s', (cron, timeZone, now, expected) => {
  expect(new Date(latestSlotMs({ cron, timeZone }, utc(now)) ?? 0).toISOString()).toBe(new Date(expected).toISOString())
})

test('an hour that daylight saving time skips has no slot', () => {
  // On 2026-03-29 clocks in London go from 01:00 to 02:00.
  expect(latestSlotMs({ cron: '30 1 * * *', timeZone: 'Europe/London' }, utc('2026-03-29T12:00:00Z'))).toBe(
    utc('2026-03-28T01:30:00Z'),
  )
})

test('nothing within 35 days is nothing', () => {
  expect(latestSlotMs({ cron: '0 0 1 1 *', timeZone: 'UTC' }, utc('2026-06-01T00:00:00Z'))).toBeUndefined()
})

test('a slot found is one that matches, and never in the future', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 1.7e9, max: 1.8e9 }), (minute, seconds) => {
      const now = seconds * 1000
      const slot = latestSlotMs({ cron: `${minute} * * * *`, timeZone: 'Asia/Kolkata' }, now) ?? Number.NaN
      expect(slot).toBeLessThanOrEqual(now)
      expect(now - slot).toBeLessThan(3_600_000)
      expect((slot / 60_000 + 30) % 60).toBe(minute)
    }),
    { numRuns: 50 },
  )
})

test('run ids have no colon; a manual one is never a scheduled one', () => {
  const ms = utc('2026-11-03T06:00:00Z')
  expect(runIdOf('checkout/helpful', ms, 'schedule')).toBe('checkout/helpful@2026-11-03T0600Z')
  expect(runIdOf('checkout/helpful', ms, 'manual')).toBe('checkout/helpful@2026-11-03T060000.000Z')
})

test('windows of consecutive slots meet, and a scheduled one lies before its slot by what traces take to settle', () => {
  const hourNs = 3_600e9
  const first = windowOf(hourNs, { slotMs: utc('2026-11-03T06:00:00Z'), trigger: 'schedule' })
  const second = windowOf(hourNs, { slotMs: utc('2026-11-03T07:00:00Z'), trigger: 'schedule' })
  expect(first.toUs).toBe(second.fromUs)
  expect(first).toEqual({
    fromUs: utc('2026-11-03T04:58:00Z') * 1000,
    toUs: utc('2026-11-03T05:58:00Z') * 1000,
    settledBeforeMs: utc('2026-11-03T06:00:00Z'),
  })
})
