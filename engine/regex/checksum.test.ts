import { expect, test } from 'vitest'
import { isIban, isLuhn, passesCheck } from './checksum.ts'

test.each([
  ['4111 1111 1111 1111', true],
  ['4111-1111-1111-1112', false],
  ['378282246310005', true],
  ['79927398713', true],
  ['79927398710', false],
  ['0000 0000 0000 0000', false],
  ['0', false],
  ['', false],
  ['no digits', false],
])('Luhn of %j is %s', (text, expected) => {
  expect(isLuhn(text)).toBe(expected)
})

test.each([
  ['GB82 WEST 1234 5698 7654 32', true],
  ['GB82WEST12345698765432', true],
  ['gb82west12345698765432', true],
  ['GB82 WEST 1234 5698 7654 33', false],
  ['MT84 MALT 0110 0001 2345 MTLC AST0 01S', true],
  ['GB82', false],
  ['', false],
])('IBAN check of %j is %s', (text, expected) => {
  expect(isIban(text)).toBe(expected)
})

test('any one wrong character fails both sums', () => {
  const card = '4111111111111111'
  for (let i = 0; i < card.length; i++) {
    const wrong = String((Number(card[i]) + 1) % 10)
    expect(isLuhn(card.slice(0, i) + wrong + card.slice(i + 1))).toBe(false)
  }
  const iban = 'GB82WEST12345698765432'
  for (let i = 4; i < iban.length; i++) {
    const wrong = iban[i] === '7' ? '8' : '7'
    expect(isIban(iban.slice(0, i) + wrong + iban.slice(i + 1))).toBe(false)
  }
})

test('no check passes everything', () => {
  expect(passesCheck(null, 'x')).toBe(true)
  expect(passesCheck('luhn', '4111111111111112')).toBe(false)
  expect(passesCheck('iban', 'GB82WEST12345698765432')).toBe(true)
})
