/** A replay of stored spans, a page of traces at a time: each trace as it is stored, judged once. */
import type { Plan } from '../../dsl/plan.ts'
import { byStoredKey, createStoredJudge } from '../../engine/backtest/judge-stored.ts'
import { fieldsReadBy } from '../../engine/evaluate/masked.ts'
import { NO_COUNTS, type ReplayCounts, type ReplayPosition, type ReplayRequest } from '../../storage/replays/replay.ts'
import type { SpanPage, TracesStore } from '../../storage/traces/port.ts'
import type { ReplayReader } from './reader.ts'

export interface StoreReaderOptions {
  traces: Pick<TracesStore, 'spanPages' | 'readSpanPage' | 'resultsOfPage'>
  request: ReplayRequest
  /** The evals of the request, with those whose verdicts they ask for. */
  plan: Plan
  position: Extract<ReplayPosition, { kind: 'store' }> | null
  nowMs: () => number
}

/** Some 30 ms of work, and a few megabytes. */
const SPANS_PER_PAGE = 2_000

export function openStoreReader({ traces, request, plan, position, nowMs }: StoreReaderOptions): ReplayReader {
  const { tenant } = request
  const window = { fromUs: request.fromMs * 1000, toUs: request.toMs * 1000 }
  const fields = fieldsReadBy([plan])
  const judge = createStoredJudge(plan)
  const counts: ReplayCounts = { ...NO_COUNTS }
  let pages: SpanPage[] | null = null
  let nth = 0
  let first = 0
  let doneToTraceId = position?.doneToTraceId ?? null

  return {
    counts,
    next: async () => {
      if (pages === null) {
        pages = await traces.spanPages(tenant, window, SPANS_PER_PAGE)
        // What was stored since may have moved the cuts: the page in which it goes on is read from there.
        const at = doneToTraceId
        if (at !== null) while (nth < pages.length && isBefore(pages[nth]!, at)) nth++
        first = nth
      }
      const cut = pages[nth]
      if (cut === undefined) return null
      const isCutShort = nth === first && doneToTraceId !== null && doneToTraceId > cut.fromTraceId
      const page = isCutShort ? { ...cut, fromTraceId: doneToTraceId! } : cut
      const { traces: found, openTraces } = await traces.readSpanPage(tenant, { ...window, ...page, fields })
      const wanted = judge.wanted(found)
      const stored = byStoredKey(wanted.length === 0 ? [] : await traces.resultsOfPage(tenant, page, wanted))
      const evaluatedAtMs = nowMs()
      const results = found.flatMap((spans) => judge.judge(spans, stored)).map((one) => ({ ...one, evaluatedAtMs }))
      const spans = found.reduce((sum, one) => sum + one.length, 0)
      counts.spans += spans
      counts.traces += found.length
      counts.openTraces += openTraces
      counts.maskedTaken = judge.masked.taken
      counts.maskedUnknown = judge.masked.unknown
      nth++
      doneToTraceId = page.toTraceId ?? LAST
      return { results, spans }
    },
    position: () => ({ kind: 'store', doneToTraceId }),
    done: () => (pages === null ? 0 : pages.length === 0 ? 1 : nth / pages.length),
  }
}

/** Behind every trace id. */
const LAST = 'g'

const isBefore = ({ toTraceId }: SpanPage, traceId: string): boolean => (toTraceId ?? LAST) <= traceId
