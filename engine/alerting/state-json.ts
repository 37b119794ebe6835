/** The state of one group of an alert as JSON, for checkpoints. */
import { z } from 'zod'
import { usualPartsFromJson, usualPartsSchema, usualPartsToJson } from './anomaly/usual-parts-json.ts'
import { alertExampleSchema } from './example-json.ts'
import {
  partCountsFromJson,
  partCountsSchema,
  partCountsToJson,
  seenFromJson,
  seenSubjectSchema,
  seenToJson,
} from './parts-json.ts'
import { binsFromJson, binsToJson } from './quantile-bins.ts'
import { detectorFromJson, detectorSchema, detectorToJson } from './regression/detector-json.ts'
import { SeenSubjects } from './seen-subjects.ts'
import type { AlertState, Shared } from './state.ts'

const phase = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('inactive') }),
  z.object({ kind: z.literal('pending'), sinceMs: z.number() }),
  z.object({
    kind: z.literal('firing'),
    sinceMs: z.number(),
    incident: z.number(),
    cause: z.enum(['condition', 'no_data']),
  }),
  z.object({ kind: z.literal('resolved'), sinceMs: z.number(), incident: z.number() }),
])

/** Index, how many, the largest. */
export const binsSchema = z.array(z.tuple([z.number(), z.number(), z.number()]))

const counts = z.tuple([z.number(), z.number(), z.number(), z.number()])

const usual = z.object({ median: z.number(), spread: z.number(), n: z.number() })
const anomalySchema = z.object({
  cells: z.array(z.array(z.number())).length(168),
  parts: usualPartsSchema,
  judged: z.object({ value: z.number().nullable(), usual, distance: z.number(), alarmFrom: z.number() }).nullable(),
  endedMs: z.number().nullable(),
})

/** What came with the second version has a default: before it an alert had one group, and no statistics. */
export const groupStateSchema = z.object({
  key: z.string().default(''),
  labels: z.record(z.string(), z.string()).default({}),
  share: z.number().default(1),
  phase,
  startedMs: z.number().nullable(),
  anewMs: z.number().nullable().default(null),
  resumedMs: z.number().nullable(),
  /** Null before the first evaluation. */
  evaluatedMs: z.number().nullable(),
  lastObservedMs: z.number().nullable(),
  incidentCount: z.number(),
  transitionCount: z.number(),
  ruleKey: z.string().nullable(),
  /** Index, newest time, then pass, fail, unknown, error; how many scores, and their sum. */
  buckets: z.array(
    z.object({
      index: z.number(),
      lastMs: z.number(),
      counts,
      scores: z.tuple([z.number(), z.number()]).default([0, 0]),
      bins: binsSchema.nullable().default(null),
    }),
  ),
  seen: z.object({ older: z.array(seenSubjectSchema), recent: z.array(seenSubjectSchema) }),
  /** Step, pass, fail, unknown, error, how many scores, their sum. */
  past: z
    .array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]))
    .default([]),
  versions: partCountsSchema,
  strata: partCountsSchema,
  examples: z.array(z.object({ key: z.string(), atMs: z.number(), example: alertExampleSchema })),
  detector: detectorSchema.nullable().default(null),
  anomaly: anomalySchema.nullable().default(null),
})

export type GroupStateJson = z.input<typeof groupStateSchema>

export function groupStateToJson(state: AlertState): GroupStateJson {
  const { window, evaluatedMs, shared: _, detector, anomaly, labels, ...rest } = state
  const { older, recent } = window.seen.generations()
  const seen = seenToJson([...window.strata.seen.keys()])
  return {
    ...rest,
    labels: { ...labels },
    evaluatedMs: Number.isFinite(evaluatedMs) ? evaluatedMs : null,
    buckets: window.buckets.map(({ index, lastMs, counts: { pass, fail, unknown, error }, scores, bins }) => ({
      index,
      lastMs,
      counts: [pass, fail, unknown, error],
      scores: [scores.count, scores.sum],
      ...(bins !== null && { bins: binsToJson(bins) }),
    })),
    seen: { older: older.map(seen), recent: recent.map(seen) },
    past: window.past.map(({ step, counts: { pass, fail, unknown, error }, scores }) => [
      step,
      pass,
      fail,
      unknown,
      error,
      scores.count,
      scores.sum,
    ]),
    versions: partCountsToJson(window.versions),
    strata: partCountsToJson(window.strata),
    examples: window.examples.map(({ key, atMs, example }) => ({
      key,
      atMs,
      example: { ...example, evidence: [...example.evidence] },
    })),
    detector: detector === null ? null : detectorToJson(detector),
    anomaly:
      anomaly === null
        ? null
        : {
            cells: anomaly.series.cells,
            parts: usualPartsToJson(anomaly.parts),
            judged: anomaly.judged,
            endedMs: anomaly.endedMs,
          },
  }
}

export function groupStateFromJson(json: z.output<typeof groupStateSchema>, shared: Shared): AlertState {
  const { evaluatedMs, buckets, seen, past, versions, strata, examples, detector, anomaly, ...rest } = json
  const seenOf = seenFromJson(strata.seen.map(([name]) => name))
  return {
    ...rest,
    evaluatedMs: evaluatedMs ?? Number.NEGATIVE_INFINITY,
    window: {
      buckets: buckets.map(({ index, lastMs, counts: [pass, fail, unknown, error], scores: [count, sum], bins }) => ({
        index,
        lastMs,
        counts: { pass, fail, unknown, error },
        scores: { count, sum },
        bins: bins === null ? null : binsFromJson(bins),
      })),
      past: past.map(([step, pass, fail, unknown, error, count, sum]) => ({
        step,
        counts: { pass, fail, unknown, error },
        scores: { count, sum },
      })),
      seen: new SeenSubjects(seen.older.map(seenOf), seen.recent.map(seenOf)),
      versions: partCountsFromJson(versions),
      strata: partCountsFromJson(strata),
      usual: null,
      examples,
    },
    detector: detector === null ? null : detectorFromJson(detector),
    anomaly:
      anomaly === null
        ? null
        : {
            series: { cells: anomaly.cells },
            parts: usualPartsFromJson(anomaly.parts),
            judged: anomaly.judged,
            endedMs: anomaly.endedMs,
          },
    shared,
  }
}
