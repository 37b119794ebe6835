/** An alert's state as JSON, for checkpoints. */
import { z } from 'zod'
import { type SeenSubject, SeenSubjects } from './seen-subjects.ts'
import type { AlertState } from './step.ts'

const STATE_VERSION = 1

const verdict = z.enum(['pass', 'fail', 'unknown', 'error'])

const reason = z.discriminatedUnion('code', [
  z.object({ code: z.literal('not_captured'), field: z.string() }),
  z.object({ code: z.literal('truncated'), field: z.string().exactOptional() }),
  z.object({ code: z.literal('refused') }),
  z.object({ code: z.literal('abstained'), detail: z.string().exactOptional() }),
  z.object({ code: z.literal('over_budget') }),
  z.object({ code: z.literal('nothing_to_measure'), detail: z.string() }),
  z.object({ code: z.literal('wrong_type'), detail: z.string() }),
  z.object({ code: z.literal('judge_unreachable'), detail: z.string() }),
  z.object({ code: z.literal('judge_malformed'), detail: z.string() }),
  z.object({ code: z.literal('pass_because'), detail: z.string() }),
])

/** An `AlertExample` as JSON has it: what is undefined is left out. */
export const alertExampleSchema = z
  .object({
    subjectKind: z.enum([
      'trace',
      'session',
      'agent_run',
      'llm_call',
      'tool_call',
      'retrieval',
      'embedding',
      'guardrail',
      'span',
    ]),
    traceId: z.string(),
    spanId: z.string(),
    agentName: z.string().optional(),
    score: z.number().optional(),
    reason: reason.optional(),
    evidence: z.array(z.object({ field: z.string(), pattern: z.string(), masked: z.string() })),
  })
  .transform(({ agentName, score, reason, ...rest }) => ({ ...rest, agentName, score, reason }))

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

/** Key, revision, time, verdict, and the score where there is one. */
const seenSubject = z.tuple([z.string(), z.number(), z.number(), verdict], z.number())

const counts = z.tuple([z.number(), z.number(), z.number(), z.number()])

const stateSchema = z.object({
  version: z.literal(STATE_VERSION),
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
    }),
  ),
  seen: z.object({ older: z.array(seenSubject), recent: z.array(seenSubject) }),
  examples: z.array(z.object({ key: z.string(), atMs: z.number(), example: alertExampleSchema })),
})

export type AlertStateJson = z.input<typeof stateSchema>

const seenToJson = ([key, { revision, atMs, verdict, score }]: [string, SeenSubject]): z.infer<typeof seenSubject> =>
  score === undefined ? [key, revision, atMs, verdict] : [key, revision, atMs, verdict, score]

const seenFromJson = ([key, revision, atMs, verdict, score]: z.infer<typeof seenSubject>): [string, SeenSubject] => [
  key,
  score === undefined ? { revision, atMs, verdict } : { revision, atMs, verdict, score },
]

export function alertStateToJson(state: AlertState): AlertStateJson {
  const { window, evaluatedMs, ...rest } = state
  const { older, recent } = window.seen.generations()
  return {
    version: STATE_VERSION,
    ...rest,
    evaluatedMs: Number.isFinite(evaluatedMs) ? evaluatedMs : null,
    buckets: window.buckets.map(({ index, lastMs, counts: { pass, fail, unknown, error }, scores }) => ({
      index,
      lastMs,
      counts: [pass, fail, unknown, error],
      scores: [scores.count, scores.sum],
    })),
    seen: { older: older.map(seenToJson), recent: recent.map(seenToJson) },
    examples: window.examples.map(({ key, atMs, example }) => ({
      key,
      atMs,
      example: { ...example, evidence: [...example.evidence] },
    })),
  }
}

/** Fails on what is no state of this version; the message says why. */
export function parseAlertState(raw: unknown): { ok: true; state: AlertState } | { ok: false; message: string } {
  const parsed = stateSchema.safeParse(raw)
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error) }
  const { version: _, evaluatedMs, buckets, seen, examples, ...rest } = parsed.data
  return {
    ok: true,
    state: {
      ...rest,
      evaluatedMs: evaluatedMs ?? Number.NEGATIVE_INFINITY,
      window: {
        buckets: buckets.map(({ index, lastMs, counts: [pass, fail, unknown, error], scores: [count, sum] }) => ({
          index,
          lastMs,
          counts: { pass, fail, unknown, error },
          scores: { count, sum },
        })),
        seen: new SeenSubjects(seen.older.map(seenFromJson), seen.recent.map(seenFromJson)),
        examples,
      },
    },
  }
}
