import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latestSlotMs, runIdOf, slotsBetween, windowOf } from './slot.ts'

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

test.each([
  // On 2026-10-25 clocks in London go from 02:00 to 01:00, on 2026-11-01 in New York, on 2026-04-05 on Lord Howe Island by half an hour.
  ['30 1 * * *', 'Europe/London', '2026-10-25T00:00:00Z', ['10-25T00:30', '10-26T01:30']],
  ['30 1 * * *', 'America/New_York', '2026-11-01T00:00:00Z', ['11-01T05:30', '11-02T06:30']],
  ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00:00Z', ['04-04T14:45', '04-05T15:15']],
  ['0 */6 * * *', 'Europe/London', '2026-10-24T22:30:00Z', ['10-24T23:00', '10-25T06:00', '10-25T12:00']],
  // By the hour: one more in a day of 25 hours.
  ['30 * * * *', 'Europe/London', '2026-10-24T23:00:00Z', ['10-24T23:30', '10-25T00:30', '10-25T01:30', '10-25T02:30']],
])('a time that clocks show twice is one slot: %s in %s', (cron, timeZone, from, expected) => {
  const to = utc(from) + (cron.startsWith('30 *') ? 4 : cron.startsWith('0 */6') ? 16 : 41) * 3_600_000
  const found = slotsBetween({ cron, timeZone }, utc(from), to, 50)
  expect(found.map((ms) => new Date(ms).toISOString().slice(5, 16))).toEqual(expected)
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
