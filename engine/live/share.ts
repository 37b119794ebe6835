/** What one process saw of an agent, as a text in the state port; and the agent, of all such shares. */
import { z } from 'zod'
import { knownCost } from '../no-price.ts'
import {
  type AgentTotals,
  type AgentWindow,
  addTotals,
  emptyTotals,
  type Runs,
  type VerdictCounts,
  windowStartMs,
} from './agent-window.ts'
import { quantileOf } from './durations.ts'

const VERSION = 1

/** The log as far as a process read it, in milliseconds since the epoch. */
export interface Covered {
  readonly fromMs: number
  readonly toMs: number
}

export interface AgentShare {
  readonly agent: string
  readonly env: string | undefined
  readonly lastSeenMs: number
  readonly inFlight: number
  readonly covered: Covered
  readonly totals: AgentTotals
  /** Name and when it was last seen. */
  readonly versions: readonly (readonly [string, number])[]
  readonly models: readonly (readonly [string, number])[]
}

/** An agent as it is now: what is per minute is over the window, or as much of it as was read. */
export interface LiveAgent {
  readonly agent: string
  readonly env: string | undefined
  readonly lastSeenMs: number
  readonly inFlightTraces: number
  readonly runs: number
  readonly failedRuns: number
  readonly spans: number
  readonly failedSpans: number
  /** Null without a run. */
  readonly p95DurationNs: number | null
  readonly runsPerMinute: number
  readonly spansPerMinute: number
  readonly tokensPerMinute: number
  /** Null where no call says what it cost. */
  readonly costMicroUsdPerMinute: number | null
  readonly verdicts: ReadonlyMap<string, Readonly<VerdictCounts>>
  /** The last seen first. */
  readonly versions: readonly string[]
  readonly models: readonly string[]
}

export function shareOf(window: AgentWindow, covered: Covered, nowMs: number): AgentShare {
  return {
    agent: window.agent,
    env: window.env,
    lastSeenMs: window.lastSeenMs,
    inFlight: window.inFlight,
    covered: { fromMs: Math.max(covered.fromMs, windowStartMs(nowMs)), toMs: covered.toMs },
    totals: window.totals(nowMs),
    versions: window.versions.entries(),
    models: window.models.entries(),
  }
}

export function encodeShare({ totals, ...share }: AgentShare): string {
  const { roots, inner, verdicts, ...counts } = totals
  return JSON.stringify({
    v: VERSION,
    ...share,
    ...counts,
    roots: { ...roots, durations: [...roots.durations] },
    inner: { ...inner, durations: [...inner.durations] },
    verdicts: [...verdicts],
  })
}

const count = z.number().nonnegative()
const times = z.array(z.tuple([z.string(), z.number()]))
const runsSchema = z
  .object({ count, failed: count, durations: z.array(z.tuple([z.int().nonnegative(), count])) })
  .transform((runs): Runs => ({ ...runs, durations: new Map(runs.durations) }))
const verdictsSchema = z
  .array(z.tuple([z.string(), z.object({ pass: count, fail: count, unknown: count, error: count })]))
  .transform((verdicts) => new Map(verdicts))
const shareSchema = z
  .object({
    v: z.literal(VERSION),
    agent: z.string(),
    env: z.string().optional(),
    lastSeenMs: z.number(),
    inFlight: count,
    covered: z.object({ fromMs: z.number(), toMs: z.number() }),
    spans: count,
    failedSpans: count,
    tokens: count,
    costMicroUsd: count,
    unpriced: count.default(0),
    roots: runsSchema,
    inner: runsSchema,
    verdicts: verdictsSchema,
    versions: times,
    models: times,
  })
  .transform((raw): AgentShare => {
    const { agent, env, lastSeenMs, inFlight, covered, versions, models } = raw
    const { spans, failedSpans, tokens, costMicroUsd, unpriced, roots, inner, verdicts } = raw
    const totals = { spans, failedSpans, tokens, costMicroUsd, unpriced, roots, inner, verdicts }
    return { agent, env, lastSeenMs, inFlight, covered, totals, versions, models }
  })

/** Null for what is none, or another version's: a share is told anew within seconds. */
export function parseShare(text: string): AgentShare | null {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return null
  }
  return shareSchema.safeParse(raw).data ?? null
}

/** Less than this says nothing of what is usual in a minute. */
const MIN_COVERED_MS = 10_000

/** Of one agent, at least one. */
export function mergeShares(shares: readonly AgentShare[]): LiveAgent {
  const totals = emptyTotals()
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, 0]
  let [lastSeenMs, inFlightTraces] = [0, 0]
  for (const share of shares) {
    addTotals(totals, share.totals)
    fromMs = Math.min(fromMs, share.covered.fromMs)
    toMs = Math.max(toMs, share.covered.toMs)
    lastSeenMs = Math.max(lastSeenMs, share.lastSeenMs)
    inFlightTraces += share.inFlight
  }
  const minutes = Math.max(MIN_COVERED_MS, toMs - fromMs) / 60_000
  // An agent of its own has traces; one that only works inside others' has not.
  const runs = totals.roots.count > 0 ? totals.roots : totals.inner
  return {
    agent: shares[0]!.agent,
    env: shares.find(({ env }) => env !== undefined)?.env,
    lastSeenMs,
    inFlightTraces,
    runs: runs.count,
    failedRuns: runs.failed,
    spans: totals.spans,
    failedSpans: totals.failedSpans,
    p95DurationNs: quantileOf(runs.durations, 0.95),
    runsPerMinute: runs.count / minutes,
    spansPerMinute: totals.spans / minutes,
    tokensPerMinute: totals.tokens / minutes,
    costMicroUsdPerMinute: knownCost(totals.costMicroUsd / minutes, totals.unpriced),
    verdicts: totals.verdicts,
    versions: newestFirst(shares.flatMap(({ versions }) => versions)),
    models: newestFirst(shares.flatMap(({ models }) => models)),
  }
}

function newestFirst(seen: readonly (readonly [string, number])[]): string[] {
  return [...new Set([...seen].sort(([, a], [, b]) => b - a).map(([name]) => name))]
}

/** The agents of a tenant, of the shares of all processes; the last seen first. */
export function liveAgentsOf(shares: Iterable<AgentShare>): LiveAgent[] {
  const all = [...shares]
  const envsOf = new Map<string, Set<string>>()
  for (const { agent, env } of all) if (env !== undefined) envsOf.set(agent, (envsOf.get(agent) ?? new Set()).add(env))
  const byAgent = Map.groupBy(all, (share) => JSON.stringify([share.agent, envOf(share, envsOf.get(share.agent))]))
  return [...byAgent.values()].map(mergeShares).sort((a, b) => b.lastSeenMs - a.lastSeenMs)
}

/**
 * Some senders name the environment on a trace's root alone: what came without one and without a root is of the agent's only environment. Of
 * several nobody knows which.
 */
function envOf({ env, totals }: AgentShare, known: ReadonlySet<string> = new Set()): string | undefined {
  if (env !== undefined || known.size !== 1 || totals.roots.count > 0) return env
  return [...known][0]
}
