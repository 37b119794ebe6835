/** The state of one group of an alert as JSON, for checkpoints. */
import { z } from 'zod'
import { alertExampleSchema } from './example-json.ts'
import { binsFromJson, binsToJson } from './quantile-bins.ts'
import { detectorFromJson, detectorSchema, detectorToJson } from './regression/detector-json.ts'
import { type SeenSubject, SeenSubjects } from './seen-subjects.ts'
import type { AlertState, Shared } from './state.ts'

const verdict = z.enum(['pass', 'fail', 'unknown', 'error'])

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

/** Key, revision, time, verdict, and the score where there is one. */
const seenSubject = z.tuple([z.string(), z.number(), z.number(), verdict], z.number())

const counts = z.tuple([z.number(), z.number(), z.number(), z.number()])

const usual = z.object({ median: z.number(), spread: z.number(), n: z.number() })
const anomalySchema = z.object({
  cells: z.array(z.array(z.number())).length(168),
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
  seen: z.object({ older: z.array(seenSubject), recent: z.array(seenSubject) }),
  /** Step, pass, fail, unknown, error, how many scores, their sum. */
  past: z
    .array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]))
    .default([]),
  examples: z.array(z.object({ key: z.string(), atMs: z.number(), example: alertExampleSchema })),
  detector: detectorSchema.nullable().default(null),
  anomaly: anomalySchema.nullable().default(null),
})

export type GroupStateJson = z.input<typeof groupStateSchema>

const seenToJson = ([key, { revision, atMs, verdict, score }]: [string, SeenSubject]): z.infer<typeof seenSubject> =>
  score === undefined ? [key, revision, atMs, verdict] : [key, revision, atMs, verdict, score]

const seenFromJson = ([key, revision, atMs, verdict, score]: z.infer<typeof seenSubject>): [string, SeenSubject] => [
  key,
  score === undefined ? { revision, atMs, verdict } : { revision, atMs, verdict, score },
]

export function groupStateToJson(state: AlertState): GroupStateJson {
  const { window, evaluatedMs, shared: _, detector, anomaly, labels, ...rest } = state
  const { older, recent } = window.seen.generations()
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
    seen: { older: older.map(seenToJson), recent: recent.map(seenToJson) },
    past: window.past.map(({ step, counts: { pass, fail, unknown, error }, scores }) => [
      step,
      pass,
      fail,
      unknown,
      error,
      scores.count,
      scores.sum,
    ]),
    examples: window.examples.map(({ key, atMs, example }) => ({
      key,
      atMs,
      example: { ...example, evidence: [...example.evidence] },
    })),
    detector: detector === null ? null : detectorToJson(detector),
    anomaly:
      anomaly === null ? null : { cells: anomaly.series.cells, judged: anomaly.judged, endedMs: anomaly.endedMs },
  }
}

export function groupStateFromJson(json: z.output<typeof groupStateSchema>, shared: Shared): AlertState {
  const { evaluatedMs, buckets, seen, past, examples, detector, anomaly, ...rest } = json
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
      seen: new SeenSubjects(seen.older.map(seenFromJson), seen.recent.map(seenFromJson)),
      examples,
    },
    detector: detector === null ? null : detectorFromJson(detector),
    anomaly:
      anomaly === null ? null : { series: { cells: anomaly.cells }, judged: anomaly.judged, endedMs: anomaly.endedMs },
    shared,
  }
}
