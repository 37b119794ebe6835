import { expect, test } from 'vitest'
import { parseFaultFlags } from './flags.ts'

const parse = (...args: string[]) => parseFaultFlags(args, () => 42)

test('without flags it is the full form, with a seed of its own', () => {
  expect(parse()).toEqual({
    ok: true,
    flags: { seed: 42, spans: 1_000_000, kills: 200, seconds: 3_300, outageSeconds: 600 },
  })
  expect(parse('--help')).toEqual({ ok: true, flags: 'help' })
})

test('flags are taken, and every mistake in them is told at once', () => {
  expect(parse('--seed', '7', '--spans', '50000', '--kills=90', '--seconds', '600', '--outage', '0')).toEqual({
    ok: true,
    flags: { seed: 7, spans: 50_000, kills: 90, seconds: 600, outageSeconds: 0 },
  })
  expect(parse('--spans', '1500', '--kills', 'many')).toMatchObject({
    ok: false,
    problems: [expect.stringContaining('--spans'), expect.stringContaining('--kills')],
  })
  expect(parse('--seconds', '600')).toMatchObject({ ok: false, problems: [expect.stringContaining('--outage 600')] })
  expect(parse('--spam')).toMatchObject({ ok: false, problems: [expect.stringContaining('--spam')] })
})
