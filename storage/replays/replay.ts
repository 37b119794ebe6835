/**
 * A replay: what is kept in the log is evaluated again, into a run of its own. It lives on the compacted topic `replays` as three
 * records: what was asked for, written once; whether it is wanted to run, by the API; and how far it is, by whoever runs it.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { isIntact, whyNotIntact } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import type { LogRecord, RecordToAppend } from '../log/port.ts'

const sizeSchema = z.object({ records: z.number(), spans: z.number(), traces: z.number() })

const requestSchema = z.object({
  version: z.literal(1),
  tenant: z.string(),
  runId: z.string(),
  askedAtMs: z.number(),
  /** Of the log: what it took then. Of the store: traces that began then. The end is not in it. */
  fromMs: z.number(),
  toMs: z.number(),
  source: z.enum(['log', 'store']),
  /** Ids of the evals whose results are kept. */
  evalIds: z.array(z.string()),
  planHash: z.string(),
  /** Results go to `eval-results`, where alerts count them as news. */
  alerts: z.boolean(),
  spansPerSecond: z.number(),
  /** Partitions of `agent-traces`: offsets of the window; empty for the store. */
  partitions: z.array(z.object({ partition: z.number(), start: z.number(), end: z.number() })),
  /** About so much is read. */
  estimate: sizeSchema,
  /** What is to be known of it, a sentence each. */
  notes: z.array(z.string()),
})

export type ReplayRequest = z.infer<typeof requestSchema>

const wishSchema = z.object({ want: z.enum(['run', 'stop']), attempt: z.number() })

/** Where reading goes on: everything before has been judged, and its results are written. */
const positionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('log'), next: z.record(z.string(), z.number()), done: z.array(z.number()) }),
  /** Null before the first page. */
  z.object({ kind: z.literal('store'), doneToTraceId: z.string().nullable() }),
])

const countsSchema = sizeSchema.extend({
  results: z.number(),
  /** Records that are no traces, or that failed when they were evaluated. */
  undecodable: z.number(),
  failed: z.number(),
  /** Records that retention deleted before they were read. */
  gone: z.number(),
  /** Traces that began in the window and have not settled: left out. */
  openTraces: z.number(),
  /** Pieces of traces that could not be completed. */
  unjudgedPieces: z.number(),
  /** Traces told to be cut, because the store did not have the rest of them. */
  cutTraces: z.number().default(0),
  /** Subjects whose texts are stored masked: verdicts that were taken from the store, and unknown ones. */
  maskedTaken: z.number(),
  maskedUnknown: z.number(),
})

const progressSchema = z.object({
  state: z.enum(['running', 'done', 'failed']),
  /** Of the wish that it follows. */
  attempt: z.number(),
  /** From 0 to 1. */
  done: z.number(),
  position: positionSchema.nullable(),
  counts: countsSchema,
  atMs: z.number(),
  /** Why it failed. */
  trouble: z.string().nullable(),
})

export type ReplayWish = z.infer<typeof wishSchema>
export type ReplayPosition = z.infer<typeof positionSchema>
export type ReplayCounts = z.infer<typeof countsSchema>
export type ReplayProgress = z.infer<typeof progressSchema>
export type ReplayState = 'queued' | 'running' | 'stopped' | 'done' | 'failed'

export interface ReplayRun {
  readonly request: ReplayRequest
  readonly wish: ReplayWish
  readonly progress: ReplayProgress | null
  /** The definitions, as `planOf` reads them. */
  readonly packedPlan: string
}

export const NO_COUNTS: ReplayCounts = {
  records: 0,
  spans: 0,
  traces: 0,
  results: 0,
  undecodable: 0,
  failed: 0,
  gone: 0,
  openTraces: 0,
  unjudgedPieces: 0,
  cutTraces: 0,
  maskedTaken: 0,
  maskedUnknown: 0,
}

/** `queued`: wanted, and nobody has begun with it. What was asked to stop is stopped, though its last step may still end. */
export function stateOf({ wish, progress }: ReplayRun): ReplayState {
  if (progress?.state === 'done') return 'done'
  if (wish.want === 'stop') return 'stopped'
  if (progress?.attempt !== wish.attempt) return 'queued'
  return progress.state
}

export const isWanted = (run: ReplayRun): boolean => stateOf(run) === 'queued' || stateOf(run) === 'running'

/** Definitions compress to a tenth; a record has to stay below a broker's bound. */
export const packPlan = (plan: Plan): string => gzipSync(JSON.stringify(plan)).toString('base64')

/** Throws where the definitions cannot be used by this version. */
export function planOf({ packedPlan }: ReplayRun): Plan {
  const plan: unknown = JSON.parse(gunzipSync(Buffer.from(packedPlan, 'base64')).toString())
  if (isIntact(plan)) return plan
  throw new Error(`its definitions cannot be used: this ${whyNotIntact(plan)}`)
}

export type ReplayPart =
  | { kind: 'request'; request: ReplayRequest; packedPlan: string }
  | { kind: 'wish'; wish: ReplayWish }
  | { kind: 'progress'; progress: ReplayProgress }

const PARTITION = 0
const RUN = 'run'

export function recordOfPart(tenant: string, runId: string, part: ReplayPart): RecordToAppend {
  return {
    key: `${tenant}/${runId}/${part.kind}`,
    partition: PARTITION,
    headers: { tenant, [RUN]: runId },
    value: new TextEncoder().encode(JSON.stringify(part)),
  }
}

const partSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('request'), request: requestSchema, packedPlan: z.string() }),
  z.object({ kind: z.literal('wish'), wish: wishSchema }),
  z.object({ kind: z.literal('progress'), progress: progressSchema }),
])

/** Null for a record that this version cannot read: another version's replay is not its own to run. */
export function partOf({ headers, value }: LogRecord): { tenant: string; runId: string; part: ReplayPart } | null {
  let raw: unknown
  try {
    raw = JSON.parse(new TextDecoder().decode(value))
  } catch {
    return null
  }
  const parsed = partSchema.safeParse(raw)
  const runId = headers[RUN]
  if (!parsed.success || runId === undefined || headers.tenant === undefined) return null
  return { tenant: headers.tenant, runId, part: parsed.data }
}
