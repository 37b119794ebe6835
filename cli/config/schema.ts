/** What an `assay.yaml` may hold. Every key has its default here, and is described in docs/configuration.md. */
import { z } from 'zod'

const LETTERS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/** `655360`, `655_360`, `655k`, `2.5G`. */
const operations = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = /^(\d[\d_]*(?:\.\d+)?)([kMGT]?)$/.exec(String(value))
  const count = Number(match?.[1]?.replaceAll('_', '')) * (LETTERS[match?.[2] ?? ''] ?? Number.NaN)
  if (Number.isFinite(count) && count > 0) return count
  context.addIssue({ code: 'custom', message: 'takes a number above 0, such as 5000, 655k, 10M or 2G' })
  return z.NEVER
})

const price = z.number().nonnegative()

export const configSchema = z.strictObject({
  cost: z
    .strictObject({
      /** Operations per subject of any one eval. */
      perEval: operations.nullable().default(null),
      /** Of all evals together. */
      total: operations.nullable().default(null),
      /** By judge, as in `judge:`; USD per million tokens. */
      prices: z.record(z.string(), z.strictObject({ input: price, output: price })).default({}),
    })
    .prefault({}),
})

export type AssayConfig = z.infer<typeof configSchema>
