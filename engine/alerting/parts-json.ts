/** The parts of an alert's traffic as JSON, for checkpoints. */
import { z } from 'zod'
import type { PartCounts } from './part-counts.ts'
import type { SeenSubject } from './seen-subjects.ts'

/** Index, newest time, sum, how many; then the sum of squares, where it is not the sum itself, as of shares. */
const step = z.tuple([z.number(), z.number(), z.number(), z.number()], z.number())

/** Each: name, first and last time, steps. */
export const partCountsSchema = z
  .object({
    limit: z.string().nullable(),
    seen: z.array(z.tuple([z.string(), z.number(), z.number(), z.array(step)])),
  })
  .default({ limit: null, seen: [] })

export const partCountsToJson = ({ limit, seen }: PartCounts): z.infer<typeof partCountsSchema> => ({
  limit,
  seen: [...seen].map(([name, { firstMs, lastMs, steps }]) => [
    name,
    firstMs,
    lastMs,
    steps.map(({ index, lastMs: stepMs, n, sum, sumSquares }) => [
      index,
      stepMs,
      sum,
      n,
      ...(sumSquares === sum ? [] : [sumSquares]),
    ]),
  ]),
})

export const partCountsFromJson = ({ limit, seen }: z.infer<typeof partCountsSchema>): PartCounts => ({
  limit,
  seen: new Map(
    seen.map(([name, firstMs, lastMs, steps]) => [
      name,
      {
        firstMs,
        lastMs,
        steps: steps.map(([index, stepMs, sum, n, sumSquares = sum]) => ({
          index,
          lastMs: stepMs,
          n,
          sum,
          sumSquares,
        })),
      },
    ]),
  ),
})

const verdict = z.enum(['pass', 'fail', 'unknown', 'error'])

/** Key, revision, time, verdict, then the score, the agent's version, and the number of its stratum where there are any. */
export const seenSubjectSchema = z.tuple(
  [z.string(), z.number(), z.number(), verdict],
  z.union([z.number(), z.string(), z.tuple([z.number()])]),
)

/** `strata`: names in the order of `PartCounts`; they are many times as long as their numbers, and subjects are thousands. */
export const seenToJson =
  (strata: readonly string[]) =>
  ([key, { revision, atMs, verdict: of, score, version, stratum }]: [string, SeenSubject]): z.infer<
    typeof seenSubjectSchema
  > => {
    const number = stratum === undefined ? -1 : strata.indexOf(stratum)
    return [
      key,
      revision,
      atMs,
      of,
      ...(score === undefined ? [] : [score]),
      ...(version === undefined ? [] : [version]),
      ...(number < 0 ? [] : [[number] as [number]]),
    ]
  }

/** A score is a number, a version is a text. */
export const seenFromJson =
  (strata: readonly string[]) =>
  ([key, revision, atMs, of, ...rest]: z.infer<typeof seenSubjectSchema>): [string, SeenSubject] => {
    const score = rest.find((one) => typeof one === 'number')
    const version = rest.find((one) => typeof one === 'string')
    const number = rest.find((one) => typeof one === 'object')
    const stratum = number === undefined ? undefined : strata[number[0]]
    return [
      key,
      {
        revision,
        atMs,
        verdict: of,
        ...(score !== undefined && { score }),
        ...(version !== undefined && { version }),
        ...(stratum !== undefined && { stratum }),
      },
    ]
  }
