/** Metrics of a session that are measured of each of its traces: their mean, with what each trace came to. */
import type { AskAbout, JudgedScore } from '../judge/asker.ts'
import type { Judgement, Reason } from '../model/result.ts'
import { type Context, traceAround } from './context.ts'
import type { MeasureFn } from './measured.ts'
import { CUT } from './metric-args.ts'
import { describeReason } from './reason-text.ts'
import { tracesIn } from './session-view.ts'
import type { TraceView } from './subject.ts'

/** Why a subject cannot be judged, or what to ask: all that is needed of the subject has been read by then. */
export type Inquiry = { kind: 'ask'; about: AskAbout } | { kind: 'none'; why: Reason }

export type InquireFn = (context: Context) => Inquiry

export function measureTraces(measure: MeasureFn): MeasureFn {
  return (context) => {
    if (traceAround(context).cut) return { kind: 'none', why: CUT }
    return meanOf(
      ofEachTrace(context, ({ traceId }) => {
        const { judgements = [], ...measured } = measure(context)
        return { traceId, scored: { ...measured, judgements } }
      }),
    )
  }
}

/** One trace after the other. What fails for a reason of the judge's fails the session: a mean of the rest would pass for that of all. */
export function inquireOfTraces(inquire: InquireFn): InquireFn {
  return (context) => {
    if (traceAround(context).cut) return { kind: 'none', why: CUT }
    const inquiries = ofEachTrace(context, ({ traceId }) => ({ traceId, inquiry: inquire(context) }))
    const [first] = inquiries
    if (first?.inquiry.kind === 'none' && inquiries.every(({ inquiry }) => inquiry.kind === 'none'))
      return first.inquiry
    const about: AskAbout = async (asker) => {
      const told: Told[] = []
      for (const { traceId, inquiry } of inquiries) {
        const scored: JudgedScore =
          inquiry.kind === 'none' ? { ...inquiry, judgements: [] } : await inquiry.about(asker)
        told.push({ traceId, scored })
        if (scored.kind === 'none' && !SAYS_NOTHING.has(scored.why.code)) break
      }
      return meanOf(told)
    }
    return { kind: 'ask', about }
  }
}

interface Told {
  readonly traceId: string
  readonly scored: JudgedScore
}

/** Reasons for which a trace is left out of the mean: a turn that searched for nothing, an answer without claims. */
const SAYS_NOTHING: ReadonlySet<Reason['code']> = new Set([
  'not_captured',
  'nothing_to_measure',
  'abstained',
  'refused',
])

function meanOf(told: readonly Told[]): JudgedScore {
  const judgements = told.flatMap(({ traceId, scored }) => [ofTrace(traceId, scored), ...scored.judgements])
  const whys = told.flatMap(({ scored }) => (scored.kind === 'none' ? [scored.why] : []))
  const scores = told.flatMap(({ scored }) => (scored.kind === 'score' ? [scored.score] : []))
  const why = whys.find(({ code }) => !SAYS_NOTHING.has(code)) ?? (scores.length === 0 ? whys[0] : undefined)
  if (why !== undefined) return { kind: 'none', why, judgements }
  const score = scores.reduce((sum, one) => sum + one, 0) / scores.length
  return { kind: 'score', score, explanation: `the mean of ${scores.length} of ${told.length} traces`, judgements }
}

function ofTrace(traceId: string, scored: JudgedScore): Judgement {
  return scored.kind === 'score'
    ? { kind: 'trace', about: traceId, verdict: 'scored', value: scored.score }
    : { kind: 'trace', about: traceId, verdict: 'not scored', detail: describeReason(scored.why) }
}

/** Reads with each trace of the session as the trace at hand. */
export function ofEachTrace<T>(context: Context, read: (trace: TraceView) => T): T[] {
  const session = traceAround(context)
  try {
    return tracesIn(session).map((trace) => {
      context.trace = trace
      return read(trace)
    })
  } finally {
    context.trace = session
  }
}
