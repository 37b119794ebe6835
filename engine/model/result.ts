/** What an eval says of one subject. */
import type { Subject } from '../../dsl/plan.ts'

export type Verdict = 'pass' | 'fail' | 'unknown' | 'error'

/** Why a verdict is `unknown` or `error`; `missing` clauses that decide keep the reason beside `fail` or `pass`. */
export type Reason =
  | { code: 'not_captured'; field: string }
  | { code: 'truncated'; field?: string }
  | { code: 'refused' }
  | { code: 'abstained'; detail?: string }
  | { code: 'over_budget' }
  /** A metric is not defined of the subject: the share of failed tools that recovered, where none failed. */
  | { code: 'nothing_to_measure'; detail: string }
  | { code: 'wrong_type'; detail: string }
  | { code: 'judge_unreachable'; detail: string }
  | { code: 'judge_malformed'; detail: string }
  /** Nobody was asked: judging its batch failed too often, or killed the process each time. */
  | { code: 'given_up'; detail: string }
  | { code: 'pass_because'; detail: string }

/** One match behind a verdict. Offsets are UTF-16 code units into the field's text; `masked` never holds the secret itself. */
export interface Evidence {
  readonly field: string
  readonly start: number
  readonly end: number
  /** The pattern's qualified name (`pii.email`), or the regex's source. */
  readonly pattern: string
  readonly masked: string
  /** Where the text is another span's than the subject: a match inside an aggregate over a trace's spans. */
  readonly spanId?: string
}

/** One step behind a score: a claim, a document, a quote, a member of a panel; a call of a tool, a handoff, a task, a trace of a session. Its texts are the judge's or quote what it was shown. */
export interface Judgement {
  readonly kind:
    | 'claim'
    | 'document'
    | 'statement'
    | 'citation'
    | 'quote'
    | 'judge'
    | 'call'
    | 'handoff'
    | 'task'
    | 'trace'
  /** The claim's or statement's words; a document's id, else its number; the quote; a judge's model; a tool's name; `triage > billing`; a task; a trace's id. */
  readonly about: string
  /** `supported`, `grade 2`, `not found`. Words of ours, never of a judge. */
  readonly verdict: string
  /** A grade, or a member's score. */
  readonly value?: number
  /** What decides it, where it stands in what was shown. */
  readonly quote?: string
  /** The judge's reason. */
  readonly detail?: string
}

export type SubjectKind = Subject

export interface EvalResult {
  readonly tenant: string
  /** `package/name`. */
  readonly evalId: string
  readonly measureHash: string
  readonly verdictHash: string
  readonly mode: 'live' | 'shadow'
  readonly subjectKind: SubjectKind
  readonly traceId: string
  /** Empty for a subject that is a whole trace. */
  readonly spanId: string
  /** Start of the subject, microseconds since the epoch. */
  readonly subjectTimeUs: number
  /** When the log took the latest span that was judged, milliseconds since the epoch; undefined offline. No client's clock is in it. */
  readonly subjectArrivedAtMs: number | undefined
  /** When it was evaluated, milliseconds since the epoch. */
  readonly evaluatedAtMs: number
  /** 1 for the first settled verdict; a late span raises it. 0 for what is told of a trace that could not be known whole by then. */
  readonly revision: number
  readonly verdict: Verdict
  readonly score: number | undefined
  readonly reason: Reason | undefined
  readonly evidence: readonly Evidence[]
  /** The steps behind a judge's score. */
  readonly judgements: readonly Judgement[]
  /** A judge's explanation. */
  readonly explanation: string | undefined
  readonly agentName: string | undefined
  readonly agentVersion: string | undefined
  readonly env: string | undefined
  readonly judgeModel: string | undefined
  readonly judgeInputTokens: number | undefined
  readonly judgeOutputTokens: number | undefined
  readonly costMicroUsd: number | undefined
  /** `eval@slot` of an offline run, `replay@…` of a replay; empty online. */
  readonly runId: string
  /** Probability with which the subject was sampled; 1 online. */
  readonly inclusionProbability: number
  /** Drawn because it was flagged, and not evenly: no alert counts it. Undefined where it was drawn evenly, and online. */
  readonly drawnFor: 'flagged' | undefined
  /** What alerts are divided by besides the agent's, as the language writes it: `model`, `attr("acme.tier")`. Only where one is. */
  readonly labels: Readonly<Record<string, string>> | undefined
}
