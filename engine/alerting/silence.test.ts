import { describe, expect, test } from 'vitest'
import { matches, matchesText } from './silence.ts'
import { isWithin, parseWeeklyWindow } from './weekly-window.ts'

test.each([
  ['shop/*', 'shop/leak', true],
  ['shop/*', 'shops/leak', false],
  ['*', '', true],
  ['*leak', 'shop/leak', true],
  ['s*p/l*k', 'shop/leak', true],
  ['s*p*p/leak', 'shop/leak', false],
  ['aa*aa', 'aaa', false],
  ['shop/leak', 'shop/leaks', false],
])('%s on %s: %s', (pattern, text, expected) => {
  expect(matchesText(pattern, text)).toBe(expected)
})

test('all that is given has to match', () => {
  const alert = {
    alertId: 'shop/leak',
    evalId: 'shop/pii',
    severity: 'page',
    owner: null,
    group: { env: 'prod' },
  } as const
  expect(matches({ alert: 'shop/*', labels: { env: 'pr*' } }, alert)).toBe(true)
  expect(matches({ alert: 'shop/*', labels: { env: 'dev' } }, alert)).toBe(false)
  expect(matches({ severity: 'ticket', labels: {} }, alert)).toBe(false)
  expect(matches({ owner: '@shop', labels: {} }, alert)).toBe(false)
})

describe('hours of the week', () => {
  test.each([
    ['saturday 22:00-06:00', '2026-11-21T23:00Z', true],
    ['saturday 22:00-06:00', '2026-11-22T05:59Z', true],
    ['saturday 22:00-06:00', '2026-11-22T06:00Z', false],
    ['saturday 22:00-06:00', '2026-11-21T21:59Z', false],
    ['weekdays 09:00-17:00 Europe/London', '2026-07-01T08:30Z', true],
    ['weekdays 09:00-17:00 Europe/London', '2026-12-01T08:30Z', false],
    ['daily 00:00-24:00', '2026-11-21T12:00Z', true],
    ['sat,sun 10:00-11:00 Asia/Tokyo', '2026-11-21T01:30Z', true],
  ])('%s at %s: %s', (text, at, expected) => {
    const parsed = parseWeeklyWindow(text)
    expect(parsed.ok && isWithin(parsed.window, Date.parse(at))).toBe(expected)
  })

  test.each([
    '',
    'someday 10:00-11:00',
    'monday 10-11',
    'monday 25:00-26:00',
    'monday 10:00-11:00 Mars/Base',
    'm 10:00-11:00',
  ])('%s is none', (text) => {
    expect(parseWeeklyWindow(text).ok).toBe(false)
  })
})
