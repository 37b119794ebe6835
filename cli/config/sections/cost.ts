import { z } from 'zod'
import { group, setting } from '../setting.ts'
import { optional, shape } from '../values.ts'

const LETTERS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }

const TAKES = 'takes a number above 0, such as 5000, 655k, 10M or 2G'
/** `655360`, `655_360`, `655k`, `2.5G`. */
const operations = z.union([z.number(), z.string()], TAKES).transform((value, context) => {
  const match = /^(\d[\d_]*(?:\.\d+)?)([kMGT]?)$/.exec(String(value))
  const count = Number(match?.[1]?.replaceAll('_', '')) * (LETTERS[match?.[2] ?? ''] ?? Number.NaN)
  if (Number.isFinite(count) && count > 0) return count
  context.addIssue({ code: 'custom', message: TAKES })
  return z.NEVER
})

const limit = shape('operations: `5000`, `655k`, `10M`, `2.5G`', operations)
const price = z.number().nonnegative()

export const cost = group('What evals may cost, for `assay check`.', {
  perEval: setting(optional(limit), {
    about: 'no eval may cost more, in operations per subject',
    default: null,
    without: 'no limit',
  }),
  total: setting(optional(limit), { about: 'nor all of them together', default: null, without: 'no limit' }),
  prices: setting(
    shape(
      '`JUDGE: { input: USD, output: USD }`, per million tokens; JUDGE as `judge:` names it',
      z.record(z.string(), z.strictObject({ input: price, output: price })),
    ),
    { about: 'of judges', default: {}, without: 'cost is told in tokens' },
  ),
})
