import { expect, test } from 'vitest'
import { sizeText, usageTable } from './usage-table.ts'

const day = { day: '2026-11-21', tenant: 'acme', spans: 1_234_567, bytes: 1_250_000_000 }

test('a line a day, tenant and agent, and their sum', () => {
  const judged = { judgeInputTokens: 90_000, judgeOutputTokens: 9_876, judgeCostUsd: 0.12345 }
  const none = { judgeInputTokens: 0, judgeOutputTokens: 0, judgeCostUsd: 0 }
  const usage = [
    { ...day, agent: 'support\u001b[31m', ...judged },
    { ...day, ...none, spans: 1, bytes: 12 },
  ]
  expect(usageTable({ from: '2026-11-01', to: '2026-11-21', usage })).toBe(
    `
DAY         TENANT  AGENT             SPANS    BYTES  JUDGE TOKENS  JUDGE COST
2026-11-21  acme    support·[31m  1,234,567  1.25 GB        99,876  0.1235 USD
2026-11-21  acme                          1     12 B             0  0.0000 USD
total                             1,234,568  1.25 GB        99,876  0.1235 USD`.slice(1),
  )
})

test('a price that nobody knows is not one of nothing, and it is said how to set one', () => {
  const asked = { ...day, judgeInputTokens: 100, judgeOutputTokens: 10 }
  const free = { ...asked, agent: 'free', judgeCostUsd: 0 }
  const unpriced = { ...asked, agent: 'asked', judgeCostUsd: null }
  const costs = (usage: (typeof free | typeof unpriced)[]): (string | undefined)[] =>
    usageTable({ from: '2026-11-01', to: '2026-11-21', usage })
      .split('\n')
      .map((line) => /110\s+(.*)|220\s+(.*)|set (cost\.prices)/.exec(line)?.slice(1).find(Boolean))
      .filter((cost) => cost !== undefined)
  expect(costs([free])).toEqual(['0.0000 USD', '0.0000 USD'])
  expect(costs([free, unpriced])).toEqual(['0.0000 USD', 'no price known', 'no price known', 'cost.prices'])
})

test('nothing is said in a line', () => {
  expect(usageTable({ from: '2026-11-01', to: '2026-11-21', usage: [] })).toBe(
    'No usage from 2026-11-01 to 2026-11-21.',
  )
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.00 kB'],
  [999_999, '1.00 MB'],
  [1.5e15, '1.50 PB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})
