/** What is asked of stored traces to find some of them, and how evals went over time. */

import type { Verdict } from '../../engine/model/result.ts'
import type { WeightedTally } from '../../engine/scorecard/weighted.ts'

export interface TraceSearch {
  /** Traces that began in [fromUs, toUs). */
  fromUs: number
  toUs: number
  /** Each of some span of the trace; several need not be of the same one. */
  agent?: string
  version?: string
  env?: string
  session?: string
  user?: string
  model?: string
  tool?: string
  /** `error`: some span failed; `ok`: none did. */
  status?: 'ok' | 'error'
  minDurationMs?: number
  maxDurationMs?: number
  minCostMicroUsd?: number
  /** With a verdict: of this eval, or of any. */
  evalId?: string
  verdict?: Verdict
  /** In an input or output, in a tool's arguments or result, or in a span's name; whatever the case. */
  text?: string
  /** Those behind this one, in the order of the answer. */
  after?: TraceCursor
  limit: number
}

export interface TraceCursor {
  startUs: number
  traceId: string
}

export type VerdictCounts = Record<Verdict, number>

export interface TraceSummary {
  traceId: string
  startUs: number
  durationMs: number
  /** Of the root. */
  name: string
  spans: number
  failedSpans: number
  llmCalls: number
  toolCalls: number
  agentName: string | undefined
  agentVersion: string | undefined
  env: string | undefined
  sessionId: string | undefined
  userId: string | undefined
  models: readonly string[]
  inputTokens: number
  outputTokens: number
  /** Of the calls that say what they cost; null where none does. */
  costMicroUsd: number | null
  /** The beginnings of what the root was asked and what it answered. */
  input: string | undefined
  output: string | undefined
  verdicts: VerdictCounts
  /** Evals with a failing verdict. */
  failedEvals: readonly string[]
}

export interface SessionSearch {
  fromUs: number
  toUs: number
  /** That one alone. */
  session?: string
  user?: string
  agent?: string
  /** Those behind this one, in the order of the answer. */
  after?: SessionCursor
  limit: number
}

export interface SessionCursor {
  lastUs: number
  sessionId: string
}

export interface SessionSummary {
  sessionId: string
  firstUs: number
  lastUs: number
  traces: number
  failedSpans: number
  userId: string | undefined
  agentName: string | undefined
  inputTokens: number
  outputTokens: number
  /** Of the calls that say what they cost; null where none does. */
  costMicroUsd: number | null
}

export const SERIES_LABELS = ['agent', 'version', 'env', 'model'] as const
export type SeriesLabel = (typeof SERIES_LABELS)[number]

export interface SeriesQuery {
  evalId: string
  /** By when subjects began. */
  fromMs: number
  toMs: number
  stepMs: number
  by?: SeriesLabel
}

/** Latest revisions of the subjects of one step, by measure and label. */
export interface SeriesRow {
  startMs: number
  measureHash: string
  /** Empty where no label was asked for, or the subject has none. */
  label: string
  counts: VerdictCounts
  /** How many have one. */
  scores: number
  /** By the inverse of each subject's probability. */
  weighted: WeightedTally
}

export interface TrendQuery {
  /** By when subjects began. */
  fromMs: number
  toMs: number
  stepMs: number
}

/** Latest revisions of the subjects of one step, by eval and measure. */
export interface TrendRow {
  evalId: string
  measureHash: string
  startMs: number
  counts: VerdictCounts
}

export interface FlipQuery {
  evalId: string
  /** The later verdict came at or after. */
  sinceMs: number
  limit: number
}

/** One of the verdicts on a subject. */
export interface Said {
  atMs: number
  verdict: Verdict
  revision: number
  measureHash: string
  verdictHash: string
  runId: string
}

/** A subject on which an eval said one thing and then another. */
export interface EvalFlip {
  traceId: string
  /** Empty for a subject that is a whole trace. */
  spanId: string
  before: Said
  now: Said
}
