/**
 * The compiled form of a package of `.eval` files: typed, serialisable JSON, schema-versioned. It is all that the engine
 * sees of the language; it travels between threads and processes as it is.
 */

import type { Expr, Literal, PatternPlan, ScopePlan, Subject, ValueType } from './expr-plan.ts'

export type {
  AggregateFn,
  Expr,
  Literal,
  PatternPlan,
  ScopePlan,
  SpanSelector,
  Subject,
  ValueType,
} from './expr-plan.ts'

/** Raised with every change of shape that an older reader would misunderstand: plans wait in the log between two versions. */
export const PLAN_VERSION = 2

export type MissingPolicy = { kind: 'unknown' } | { kind: 'fail' } | { kind: 'pass'; because: string }

interface EvalCommon {
  /** `package/name`. */
  id: string
  name: string
  package: string
  title: string | null
  owner: string | null
  mode: 'live' | 'shadow'
  /** Ids that it had before, of `was:`. */
  was: string[]
  /** sha256 hex, first 32 digits; what each covers is in `language.md`, Identity. */
  measureHash: string
  verdictHash: string
  /** Where it is declared: file and 1-based line. */
  file: string
  line: number
}

export interface OnlineEvalPlan extends EvalCommon {
  kind: 'online'
  scope: ScopePlan
  /** `arrival`: needs only the span and its resource. `settle`: needs the rest of the trace. */
  when: 'arrival' | 'settle'
  score: Expr | null
  pass: Expr
  missing: MissingPolicy | null
  /** Text fields in which this eval's patterns are masked before storage. */
  redact: { fields: string[]; patterns: number[] } | null
}

/** `fallbacks` stand in for models that cannot be reached. `take` is how several models agree; null for one. */
export interface JudgePlan {
  models: string[]
  fallbacks: string[]
  take: 'mean' | 'median' | 'majority' | null
}

export type MetricArg =
  /** Of the subject at hand. */
  | { kind: 'expr'; expr: Expr }
  /** `documents` of a retrieval; `retrieval.documents`: those of all retrievals of the trace, in order. */
  | { kind: 'documents'; path: string }
  | { kind: 'value'; value: Literal }
  | { kind: 'texts'; values: string[] }

/** One of `METRICS`, with a value for each of its parameters, in their order. */
export interface MetricPlan {
  name: string
  version: number
  args: Record<string, MetricArg>
}

/** How a subject gets its score. */
export type OfflineMethod =
  | {
      kind: 'rubric'
      judge: JudgePlan
      /** Fields shown to the judge, in order; `tool_call.name` lists over the trace's spans. */
      show: string[]
      scale: { low: number; high: number }
      rubric: string
    }
  /** Judge: null for the one of the configuration, and for metrics that ask none. */
  | { kind: 'metric'; metric: MetricPlan; judge: JudgePlan | null }

/** Micro-units of the currency; null: no bound. */
export interface BudgetPlan {
  currency: 'USD'
  perRunMicros: number | null
  perMonthMicros: number | null
  /** Asked where it does not pay for the eval's own judge; without one the sample shrinks. */
  cheaper?: string
}

/** What a person said of a subject, in a file that does not change by itself. */
export interface FileLabel {
  readonly traceId: string
  readonly spanId?: string
  readonly score?: number
  readonly verdict?: 'pass' | 'fail'
  readonly by?: string
}

export interface OfflineEvalPlan extends EvalCommon {
  kind: 'offline'
  /** A cron expression of five fields, with its IANA time zone. */
  schedule: { cron: string; timeZone: string }
  sample: {
    size: number | 'all'
    scope: ScopePlan
    overNs: number
    by: string[]
    /** Half of it is drawn where an online eval failed or a panel disagreed. */
    flagged?: 'half'
  }
  /** Which of the slots that passed while nothing ran are run: the latest unless told. */
  missed?: 'none' | 'all'
  method: OfflineMethod
  /** Its measure hash by its file alone, where the configuration adds to it: `measureHash` is then that of both. */
  writtenMeasureHash?: string
  /** Measures in place of judges that cannot be reached: outside of what is measured, for its scores are a measure of their own. */
  proxy?: MetricPlan
  /** File of human scores of some of the traces, relative to `file`. */
  labels: string | null
  /** What it holds: figures are corrected by them, and a judge is held to them again and again. Outside of what is measured. */
  anchors?: readonly FileLabel[]
  budget: BudgetPlan | null
  pass: Expr
  missing: MissingPolicy | null
}

export type EvalPlan = OnlineEvalPlan | OfflineEvalPlan

export type VerdictName = 'pass' | 'fail' | 'unknown' | 'error'

/** What an alert watches. */
export type AlertTarget =
  | { kind: 'eval'; evalId: string }
  /** The subjects of a scope themselves: their latency, errors, tokens, cost. */
  | { kind: 'scope'; scope: ScopePlan }

/** A label by which alerts and rows of scorecards are divided: of few values, known from the schema or an attribute. */
export type GroupPlan = { kind: 'field'; path: string } | { kind: 'attr'; name: string; type: ValueType }

export type Statistic = 'sum' | 'mean' | 'min' | 'max' | 'p50' | 'p95' | 'p99'

/** One number over what is in a window, in the unit of `type`. */
export type AlertMeasure =
  | { kind: 'count'; verdict: VerdictName; type: ValueType }
  /** Of pass or fail: of what was decided, pass + fail; of unknown or error: of all. `pass_rate` is that of pass. */
  | { kind: 'rate'; verdict: VerdictName; type: ValueType }
  /** (pass + fail) / all. */
  | { kind: 'coverage'; type: ValueType }
  | { kind: 'score'; fn: Statistic; type: ValueType }
  /** The rest are of a scope: how many subjects (those with `where`), which share of them, a number of each. */
  | { kind: 'subjects'; where: Expr | null; type: ValueType }
  | { kind: 'share'; where: Expr; type: ValueType }
  | { kind: 'value'; fn: Statistic; value: Expr; type: ValueType }

export type AlertWhen =
  /** `count(fail) >= 1 over 10m`; `value` is in the measure's unit, a ratio 0..1. */
  | { kind: 'threshold'; measure: AlertMeasure; cmp: '<' | '<=' | '>' | '>='; value: number; overNs: number }
  /** `mean(score) regresses by 0.3 vs 14d`: against the reference window before. */
  | {
      kind: 'regression'
      measure: AlertMeasure
      worse: 'higher' | 'lower'
      /** `relative`: a part of the reference's value. */
      by: { kind: 'absolute'; value: number } | { kind: 'relative'; ratio: number }
      referenceNs: number
      /** Of a mean: between which values the single ones lie. */
      bounds?: { low: number; high: number }
    }
  /** `p95(duration) is anomalous over 1h vs 4w`: against the same hours of the week before. */
  | { kind: 'anomaly'; measure: AlertMeasure; overNs: number; referenceNs: number }

/** `5% per 30d`: the chance of any false alarm in that time, whatever the cadence. */
export interface FalseAlarms {
  ratio: number
  perNs: number
  /** Statistical alerts of one package that live by a file's `default false_alarms:` share one budget; the rest have their own. */
  shared: boolean
}

/** Of a statistical alert that says nothing: what the detector was tuned for. */
export const USUAL_FALSE_ALARMS: FalseAlarms = { ratio: 0.05, perNs: 30 * 86_400e9, shared: false }

export type ReceiverName = 'slack' | 'pagerduty' | 'webhook' | 'teams' | 'email' | 'alertmanager'

/** `target`: a channel, a service, an address, or the name of an entry of the configuration, where the secrets are. */
export interface ReceiverPlan {
  receiver: ReceiverName
  target: string
}

export interface AlertPlan {
  kind: 'alert'
  /** `package/name`. */
  id: string
  name: string
  package: string
  title: string | null
  owner: string | null
  mode: 'live' | 'shadow'
  /** Ids that it had before, of `was:`. */
  was: string[]
  on: AlertTarget
  /** Each combination of values is an alert of its own; empty: one for all. */
  by: GroupPlan[]
  when: AlertWhen
  /** Null for thresholds, which have no such thing. */
  falseAlarms: FalseAlarms | null
  forNs: number
  severity: 'page' | 'ticket' | 'info'
  notify: ReceiverPlan[]
  noData: { kind: 'keep' } | { kind: 'ok' } | { kind: 'fire'; afterNs: number }
  /** sha256 hex, first 32 digits: of when it fires (on, by, when, false_alarms, for, no_data), not of who hears of it. */
  conditionHash: string
  file: string
  line: number
}

export type ScorecardFn =
  | 'pass_rate'
  | 'fail_rate'
  | 'unknown_rate'
  | 'error_rate'
  | 'coverage'
  | 'count'
  | 'spend'
  | 'mean'
  | 'p50'
  | 'p95'
  | 'p99'

export interface ScorecardPlan {
  kind: 'scorecard'
  /** `package/name`. */
  id: string
  name: string
  package: string
  title: string | null
  owner: string | null
  mode: 'live' | 'shadow'
  schedule: { cron: string; timeZone: string }
  overNs: number
  /** The period before it, to which it is compared; null when it is compared to nothing. */
  versusNs: number | null
  rows: { cells: { fn: ScorecardFn; evalId: string; type: ValueType }[]; by: GroupPlan[] }[]
  notify: ReceiverPlan[]
  file: string
  line: number
}

/** A fixture value of `given`: by field path; `missing` says that the sender did not send it. */
export type FixtureValue =
  | { kind: 'value'; type: ValueType; value: Literal }
  | { kind: 'missing' }
  | { kind: 'documents'; items: { id?: string; text?: string; score?: number }[] }

export interface FixtureSpan {
  subject: Exclude<Subject, 'trace' | 'session'>
  fields: Record<string, FixtureValue>
}

export interface FixtureTrace {
  /** Of `given like`: kinds of spans of which none is taken over (`tool_call: missing`). */
  without?: FixtureSpan['subject'][]
  fields: Record<string, FixtureValue>
  spans: FixtureSpan[]
}

export type TestGiven =
  | { kind: 'trace'; trace: FixtureTrace }
  /**
   * `given file "fixtures/slow.json" trace "4bf9…"`: a recorded trace, and what `given like` changes of it. `file` is a path as
   * whoever compiled found it; `traceId` is null for the only one of the file.
   */
  | { kind: 'file'; file: string; traceId: string | null; changes: FixtureTrace[] }
  /** `given … returns …`: what a judge answers in a test. */
  | { kind: 'judge'; evalId: string; returns: number | 'abstain' | 'error' }
  /** `given no_pii: pass x 9, fail x 1 each 1m`: verdicts over virtual time. */
  | {
      kind: 'verdicts'
      evalId: string
      /** Of a score, in the plan's unit, the eval's `pass:` says the verdict. */
      verdicts: ({ verdict: VerdictName; times: number } | { score: number; times: number })[]
      eachNs: number
      /** `with { agent.version: "2" }`: what the results carry, by label. */
      labels?: Record<string, string>
    }

export type TestExpect =
  /** With several subjects in the trace: `fail` if any fails, then `error`, `unknown`, else `pass`; `none` when none is in scope. */
  | {
      kind: 'verdict'
      evalId: string
      verdict: 'pass' | 'fail' | 'unknown' | 'error' | 'none'
      because: string | null
      line: number
    }
  /** `expect fast: todo`: what comes out is shown, and nothing is held against it. `target` is an eval's or alert's id. */
  | { kind: 'todo'; target: string; line: number }
  | {
      kind: 'alert'
      alertId: string
      state: 'inactive' | 'pending' | 'firing' | 'resolved'
      atNs: number | null
      /** `with { … }`: the group that is meant, by label. */
      group?: Record<string, string>
      line: number
    }

export interface TestPlan {
  name: string
  package: string
  file: string
  line: number
  /** `given like` is already merged in: one trace at the most. */
  given: TestGiven[]
  expect: TestExpect[]
  /** `expect todo "why"`: its failures are no failures yet. */
  todo?: { why: string | null }
}

export interface Plan {
  version: typeof PLAN_VERSION
  patterns: PatternPlan[]
  evals: EvalPlan[]
  alerts: AlertPlan[]
  scorecards: ScorecardPlan[]
  tests: TestPlan[]
  /** Files that it was compiled from, packs as `assay:pii`. */
  files: string[]
  /** sha256 hex of the canonical plan: the version of the definitions in force. */
  hash: string
}
