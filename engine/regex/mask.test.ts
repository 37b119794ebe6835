import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskHint, maskRange } from './mask.ts'

test.each([
  ['pii.email', 'anna.smith@mail.example.com', 'a***@m***.com'],
  ['email', 'a@b.co', '***@***.co'],
  ['pii.card', '4111 1111 1111 1111', '**** 1111'],
  ['pii.iban', 'DE89 3704 0044 0532 0130 00', 'DE** **** 000'],
  ['pii.us_ssn', '219-09-9999', '***-**-****'],
  ['pii.phone', '+1 (415) 555-2671', '*** *** **71'],
  ['pii.ip', '185.220.101.34', '*.*.*.*'],
  ['pii.ip', '2a00:1450::200e', '****:****'],
  ['pii.api_key', 'sk-proj-abcdefghijklmnopqrstuv', 'sk-****'],
  ['pii.api_key', 'AKIAIOSFODNN7EXAMPLE', 'AKIA****'],
  ['pii.jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', 'eyJ****'],
  ['checkout.voucher', 'V-1234', '******'],
  ['/S[0-9]+/', 'S1234567890123456', '************'],
])('the hint of %s %j is %j', (pattern, matched, hint) => {
  expect(maskHint(pattern, matched)).toBe(hint)
})

test('a pattern of a user that is named like a kind of the pack but matches something short shows nothing of it', () => {
  expect(maskHint('mine.card', '1234')).toBe('****')
  expect(maskHint('mine.iban', 'X1')).toBe('**')
  expect(maskHint('mine.api_key', 'abc')).toBe('***')
  expect(maskHint('mine.email', 'secret')).toBe('******')
  expect(maskHint('mine.phone', '12')).toBe('**')
})

test('a hint shows a quarter of a secret at the most', () => {
  const kinds = ['email', 'phone', 'iban', 'us_ssn', 'card', 'ip', 'api_key', 'jwt', 'other']
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.stringMatching(/^[A-Za-z0-9]{0,40}$/), (kind, secret) => {
      const shown = maskHint(`p.${kind}`, secret)
        .replaceAll('*', '')
        .replaceAll(/[ .:@-]/g, '')
      expect(kind === 'jwt' ? 0 : shown.length).toBeLessThanOrEqual(secret.length / 4)
    }),
  )
})

test.each<[string, { start: number; end: number }[], string]>([
  ['abcdef', [{ start: 1, end: 3 }], 'a**def'],
  [
    'abcdef',
    [
      { start: 4, end: 6 },
      { start: 0, end: 1 },
    ],
    '*bcd**',
  ],
  [
    'abcdef',
    [
      { start: 1, end: 4 },
      { start: 2, end: 6 },
    ],
    'a*****',
  ],
  [
    'abcdef',
    [
      { start: 1, end: 5 },
      { start: 2, end: 3 },
    ],
    'a****f',
  ],
  ['a😀b', [{ start: 1, end: 3 }], 'a**b'],
  ['abc', [], 'abc'],
  ['abc', [{ start: 2, end: 99 }], 'ab*'],
  ['abc', [{ start: 0, end: 3 }], '***'],
])('%j masked at %j is %j', (text, ranges, expected) => {
  expect(maskRange(text, ranges)).toBe(expected)
})
