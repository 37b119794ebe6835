/** The sorts of values that settings have. */
import { resolve } from 'node:path'
import { z } from 'zod'
import type { Kind } from './setting.ts'

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/** What is no number stays a text, for the schema to refuse. */
const numberFrom = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text)

/** Of a setting whose default is that there is none. */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => kind

export function wholeNumber(min: number, max: number, takes = `a whole number from ${min} to ${max}`): Kind<number> {
  const error = `must be ${takes}`
  return { takes, schema: () => z.int(error).min(min, error).max(max, error), fromText: numberFrom }
}

const NO_FRACTION = 'must be a number from 0 to 1'

/** A share. */
export const fraction: Kind<number> = {
  takes: 'a number from 0 to 1',
  schema: () => z.number(NO_FRACTION).min(0, NO_FRACTION).max(1, NO_FRACTION),
  fromText: numberFrom,
}

export const port: Kind<number> = wholeNumber(0, 65_535, 'a port, between 0 and 65535')

export const boolean: Kind<boolean> = {
  takes: '`true` or `false`',
  schema: () => z.boolean('must be true or false'),
  fromText: (text) => (text === 'true' ? true : text === 'false' ? false : text),
}

export const text = (what: string): Kind<string> => ({
  takes: what,
  schema: () => z.string(`must be ${what}`).min(1, `must be ${what}`),
})

/** A path of a file is relative to it; elsewhere it stays as it is written, relative to the working directory. */
export const path = (what: string): Kind<string> => ({
  takes: what,
  schema: ({ kind, folder }) =>
    z
      .string(`must name ${what}`)
      .min(1, `must name ${what}`)
      .transform((given) =>
        kind === 'file' && given !== ':memory:' && !given.startsWith('assay:') ? resolve(folder, given) : given,
      ),
})

export const list = <T>(of: Kind<T>): Kind<readonly T[]> => ({
  takes: `a list, each ${of.takes}; with commas in a variable`,
  schema: (origin) => z.array(of.schema(origin), 'must be a list').min(1, 'must have one entry at least'),
  fromText: (given) => given.split(','),
})

export const oneOf = <const T extends string>(names: readonly T[]): Kind<T> => ({
  takes: names.map((name) => `\`${name}\``).join(', '),
  schema: () => z.enum(names, `must be one of ${names.join(', ')}`),
})

export const httpUrl = (example: string): Kind<string> => {
  const error = `must look like ${example}`
  return {
    takes: `\`${example}\``,
    schema: () => z.string(error).refine((given) => /^https?:$/.test(URL.parse(given)?.protocol ?? ''), error),
  }
}

export const size = (minBytes: number, min: string, most?: { bytes: number; text: string }): Kind<number> => {
  const error = 'must be a size, such as 20GB or 512MiB'
  return {
    takes: `bytes, or with KB, MB, GB, TB (or KiB, …); ${min} at least${most === undefined ? '' : `, ${most.text} at most`}`,
    schema: () =>
      z
        .union([z.number(), z.string()], error)
        .transform((given, context) => {
          const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*((?:[kmgt]i?b)?)$/i.exec(String(given)) ?? []
          if (amount !== undefined) return Math.floor(Number(amount) * UNITS[unit.toLowerCase()]!)
          context.addIssue({ code: 'custom', message: error })
          return z.NEVER
        })
        .pipe(
          z
            .number()
            .min(minBytes, `must be at least ${min}`)
            .max(
              most?.bytes ?? Number.MAX_SAFE_INTEGER,
              most === undefined ? 'is too large' : `must be at most ${most.text}`,
            ),
        ),
    fromText: numberFrom,
  }
}

/** Of a shape that a section describes in zod by itself; for the file alone. */
export const shape = <T>(takes: string, schema: z.ZodType<T>): Kind<T> => ({ takes, schema: () => schema })
