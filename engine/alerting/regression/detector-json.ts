/** A detector and a reference as JSON, for checkpoints: compact, because they are written every few seconds. */
import { z } from 'zod'
import { binsFromJson, binsToJson } from '../quantile-bins.ts'
import type { Detector } from './detector.ts'
import { lookFromJson, lookToJson, type Reference } from './reference.ts'

const bins = z.array(z.tuple([z.number(), z.number(), z.number()]))
const sums = z.record(z.string(), z.object({ n: z.number(), sum: z.number() }))
const rough = z.object({ cutoff: z.number(), strata: sums }).nullable().default(null)

export const detectorSchema = z.object({
  fit: z.number(),
  esr: z.object({ logCapital: z.array(z.number()), statistic: z.number().nullable() }),
  lookedMs: z.number().nullable(),
  open: z
    .object({
      endMs: z.number(),
      /** By part of the traffic: values and how often each was seen. */
      strata: z.array(z.tuple([z.string(), z.array(z.tuple([z.number(), z.number()]))])),
      bins: bins.nullable(),
      rough,
    })
    .nullable(),
  recent: z.array(
    z.object({
      hour: z.number(),
      n: z.number(),
      sum: z.number(),
      expected: z.number(),
      logE: z.array(z.number()),
      strata: sums,
      bins: bins.nullable(),
      rough,
    }),
  ),
  recovery: z.object({ logCapital: z.number().nullable(), level: z.number(), bet: z.number() }).nullable(),
  recovered: z.boolean(),
})

type DetectorJson = z.infer<typeof detectorSchema>

export const detectorToJson = ({ open, recent, ...rest }: Detector): DetectorJson => ({
  ...rest,
  open:
    open === null
      ? null
      : {
          endMs: open.endMs,
          strata: [...open.strata].map(([name, counts]) => [name, [...counts]]),
          bins: open.bins === null ? null : binsToJson(open.bins),
          rough: open.rough,
        },
  recent: recent.map((hour) => ({ ...hour, bins: hour.bins === null ? null : binsToJson(hour.bins) })),
})

export const detectorFromJson = ({ open, recent, ...rest }: DetectorJson): Detector => ({
  ...rest,
  open:
    open === null
      ? null
      : {
          endMs: open.endMs,
          strata: new Map(open.strata.map(([name, counts]) => [name, new Map(counts)])),
          bins: open.bins === null ? null : binsFromJson(open.bins),
          rough: open.rough,
        },
  recent: recent.map((hour) => ({ ...hour, bins: hour.bins === null ? null : binsFromJson(hour.bins) })),
})

/** Index, parts of the traffic, and of quantiles the cutoff that their sums are of. */
export const lookSchema = z.tuple(
  [z.number(), z.array(z.tuple([z.string(), z.number(), z.number(), z.number()]))],
  z.number(),
)

const stratum = z.object({ mean: z.number(), variance: z.number(), n: z.number() })

export const referenceSchema = z.object({
  measureKey: z.string(),
  ruleKey: z.string(),
  looks: z.array(lookSchema),
  days: z.array(z.tuple([z.number(), bins])),
  roughCutoff: z.number().nullable(),
  fit: z
    .object({
      number: z.number(),
      atMs: z.number(),
      partial: z.boolean(),
      baseline: z.object({
        strata: z.record(z.string(), stratum),
        phi: z.number(),
        meanPerLook: z.number(),
        alphaB: z.number(),
      }),
      value: z.number(),
      interval: z.object({ low: z.number(), high: z.number() }).nullable().default(null),
      cutoff: z.number().nullable(),
      n: z.number(),
      begun: z.number().default(0),
    })
    .nullable(),
})

type ReferenceJson = z.output<typeof referenceSchema>

export const referenceToJson = ({ looks, days, ...rest }: Reference): ReferenceJson => ({
  ...rest,
  looks: looks.map(lookToJson),
  days: days.map(({ day, bins: values }) => [day, binsToJson(values)]),
})

export const referenceFromJson = ({ looks, days, ...rest }: ReferenceJson): Reference => ({
  ...rest,
  looks: looks.map(lookFromJson),
  days: days.map(([day, values]) => ({ day, bins: binsFromJson(values) })),
})
