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

/** Key, revision, time, verdict, then the score and the agent's version where there are any. */
const seenSubject = z.tuple([z.string(), z.number(), z.number(), verdict], z.union([z.number(), z.string()]))

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
  /** Each: name, first and last time; then of each step index, newest time, bad, all. */
  versions: z
    .object({
      limit: z.string().nullable(),
      seen: z.array(
        z.tuple([
          z.string(),
          z.number(),
          z.number(),
          z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
        ]),
      ),
    })
    .default({ limit: null, seen: [] }),
  examples: z.array(z.object({ key: z.string(), atMs: z.number(), example: alertExampleSchema })),
  detector: detectorSchema.nullable().default(null),
  anomaly: anomalySchema.nullable().default(null),
})

export type GroupStateJson = z.input<typeof groupStateSchema>

const seenToJson = ([key, { revision, atMs, verdict, score, version }]: [string, SeenSubject]): z.infer<
  typeof seenSubject
> => [
  key,
  revision,
  atMs,
  verdict,
  ...(score === undefined ? [] : [score]),
  ...(version === undefined ? [] : [version]),
]

/** A score is a number, a version is a text. */
const seenFromJson = ([key, revision, atMs, verdict, ...rest]: z.infer<typeof seenSubject>): [string, SeenSubject] => {
  const score = rest.find((one) => typeof one === 'number')
  const version = rest.find((one) => typeof one === 'string')
  return [
    key,
    { revision, atMs, verdict, ...(score !== undefined && { score }), ...(version !== undefined && { version }) },
  ]
}

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
    versions: {
      limit: window.versions.limit,
      seen: [...window.versions.seen].map(([name, { firstMs, lastMs, steps }]) => [
        name,
        firstMs,
        lastMs,
        steps.map((step) => [step.index, step.lastMs, step.bad, step.n]),
      ]),
    },
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
  const { evaluatedMs, buckets, seen, past, versions, examples, detector, anomaly, ...rest } = json
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
      versions: {
        limit: versions.limit,
        seen: new Map(
          versions.seen.map(([name, firstMs, lastMs, steps]) => [
            name,
            { firstMs, lastMs, steps: steps.map(([index, stepMs, bad, n]) => ({ index, lastMs: stepMs, bad, n })) },
          ]),
        ),
      },
      examples,
    },
    detector: detector === null ? null : detectorFromJson(detector),
    anomaly:
      anomaly === null ? null : { series: { cells: anomaly.cells }, judged: anomaly.judged, endedMs: anomaly.endedMs },
    shared,
  }
}
