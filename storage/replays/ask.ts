/** What becomes of a question for a replay: which source it reads, how much that is, and whether it may. */
import type { Plan } from '../../dsl/plan.ts'
import { didYouMean } from '../../dsl/suggest.ts'
import type { Log } from '../log/port.ts'
import { AGENT_TRACES } from '../log/topics.ts'
import type { TracesStore } from '../traces/port.ts'
import type { ReplayRequest } from './replay.ts'
import { replayRunId } from './run-id.ts'

export interface ReplayAsk {
  fromMs: number
  /** Now, where it is not told. */
  toMs?: number | undefined
  /** The log where it reaches back far enough, else the store. */
  source?: 'log' | 'store' | undefined
  /** All online evals of the definitions, where none is named. */
  evalIds?: readonly string[] | undefined
  plan: Plan
  alerts?: boolean | undefined
  spansPerSecond?: number | undefined
  maxSpans?: number | undefined
}

export interface AskParts {
  log: Log
  traces: Pick<TracesStore, 'countWindow'>
  tenant: string
  nowMs: () => number
  /** Hex digits, four at least. */
  randomHex: () => string
}

export type AskOutcome =
  | { ok: true; request: ReplayRequest }
  /** `too_large`: over a bound that the asker may raise, or the period may be made shorter. */
  | { ok: false; code: 'invalid' | 'too_large'; message: string }

const DAY_MS = 24 * 3_600_000
/** Longer periods are several replays: each has an end that can be waited for. */
export const MAX_REPLAY_DAYS = 92
export const DEFAULT_MAX_SPANS = 10_000_000
/** About a third of what one thread evaluates: what is live has the rest. */
export const DEFAULT_SPANS_PER_SECOND = 5_000

/** Writes nothing. Rejects with `LogError`, or with the store's error. */
export async function planReplay(ask: ReplayAsk, parts: AskParts): Promise<AskOutcome> {
  const { log, traces, tenant, nowMs, randomHex } = parts
  const askedAtMs = nowMs()
  const { fromMs, toMs = askedAtMs, plan, maxSpans = DEFAULT_MAX_SPANS } = ask
  if (toMs > askedAtMs) return invalid('to: it lies in the future, and what comes is evaluated anyway')
  if (fromMs >= toMs) return invalid('from: it has to lie before to')
  if (toMs - fromMs > MAX_REPLAY_DAYS * DAY_MS) {
    return tooLarge(`a replay covers ${MAX_REPLAY_DAYS} days at the most: ask for a part at a time`)
  }
  const chosen = evalsOf(plan, ask.evalIds)
  if (!chosen.ok) return invalid(chosen.message)
  const reachMs = await reachOfLog(log)
  const source = ask.source ?? (reachMs <= fromMs ? 'log' : 'store')
  const window = { fromUs: fromMs * 1000, toUs: toMs * 1000 }
  const [partitions, stored] = await Promise.all([
    source === 'log' ? windowOfLog(log, fromMs, toMs) : [],
    traces.countWindow(tenant, window),
  ])
  const records = partitions.reduce((sum, { start, end }) => sum + Math.max(0, end - start), 0)
  const most = Math.max(records, stored.spans)
  if (most > maxSpans) {
    return tooLarge(
      `about ${most.toLocaleString('en-GB')} ${most === records ? 'records' : 'spans'} would be read, and ${maxSpans.toLocaleString('en-GB')} are allowed: make the period shorter, or raise the bound`,
    )
  }
  return {
    ok: true,
    request: {
      version: 1,
      tenant,
      runId: replayRunId(askedAtMs, randomHex()),
      askedAtMs,
      fromMs,
      toMs,
      source,
      evalIds: chosen.evalIds,
      planHash: plan.hash,
      alerts: ask.alerts ?? false,
      spansPerSecond: ask.spansPerSecond ?? DEFAULT_SPANS_PER_SECOND,
      partitions,
      estimate: { records, ...stored },
      notes: [...sourceNotes(ask.source, source, reachMs, fromMs), ...chosen.notes],
    },
  }
}

const invalid = (message: string): AskOutcome => ({ ok: false, code: 'invalid', message })
const tooLarge = (message: string): AskOutcome => ({ ok: false, code: 'too_large', message })

type Chosen = { ok: true; evalIds: string[]; notes: string[] } | { ok: false; message: string }

function evalsOf(plan: Plan, wanted: readonly string[] | undefined): Chosen {
  const online = plan.evals.filter((one) => one.kind === 'online').map(({ id }) => id)
  if (wanted === undefined) {
    if (online.length === 0)
      return { ok: false, message: 'the definitions have no online eval: nothing would be judged' }
    const asked = plan.evals.filter((one) => one.kind === 'offline').length
    const notes =
      asked === 0 ? [] : [`${asked} offline ${asked === 1 ? 'eval is' : 'evals are'} left out: no judge is asked`]
    return { ok: true, evalIds: online, notes }
  }
  for (const id of wanted) {
    if (online.includes(id)) continue
    if (plan.evals.some((one) => one.id === id)) {
      return { ok: false, message: `${id} is an offline eval: a replay asks no judge; assay run does, with --judge` }
    }
    const ids = plan.evals.map((one) => one.id)
    return { ok: false, message: `there is no eval ${id} in the definitions${didYouMean(id, ids)}` }
  }
  return { ok: true, evalIds: [...new Set(wanted)], notes: [] }
}

/** From when on the log has everything; -Infinity where nothing was deleted yet, Infinity where a partition has lost all it had. */
async function reachOfLog(log: Log): Promise<number> {
  let reachMs = Number.NEGATIVE_INFINITY
  for (const { partition, start, end } of await log.endOffsets(AGENT_TRACES)) {
    if (start === 0) continue
    const [first] = start < end ? await log.read(AGENT_TRACES, partition, start, 1, 1) : []
    reachMs = Math.max(reachMs, first?.appendTimeMs ?? Number.POSITIVE_INFINITY)
  }
  return reachMs
}

async function windowOfLog(log: Log, fromMs: number, toMs: number): Promise<ReplayRequest['partitions']> {
  const [starts, ends] = await Promise.all([
    log.offsetsForTime(AGENT_TRACES, fromMs),
    log.offsetsForTime(AGENT_TRACES, toMs),
  ])
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]))
  return starts.map(({ partition, offset }) => ({ partition, start: offset, end: endOf.get(partition) ?? offset }))
}

function sourceNotes(asked: ReplayAsk['source'], source: 'log' | 'store', reachMs: number, fromMs: number): string[] {
  const since = Number.isFinite(reachMs)
    ? `reaches back to ${new Date(reachMs).toISOString()} only`
    : 'holds no traces any more'
  if (source === 'log') {
    return reachMs <= fromMs
      ? ['reads the log: the records as they were sent']
      : [`reads the log, as asked, which ${since}: what is older is left out`]
  }
  if (asked === 'store') return ['reads the stored spans, as asked: texts are as redaction left them']
  return [`reads the stored spans, for the log ${since}: texts are as redaction left them`]
}
