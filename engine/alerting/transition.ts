/** What the alert state machine says: phases, transitions and the numbers behind them. */
import type { AlertPlan } from '../../dsl/plan.ts'
import type { Reason, SubjectKind, Verdict } from '../model/result.ts'
import type { RunMeasure } from './run-alert.ts'
import type { AlertTrend } from './trend.ts'
import type { AlertWhy } from './why.ts'

/**
 * `condition`: the rule's comparison; `no_data`: silence for longer than `no_data: fire after`; the others end an incident, `group_gone`
 * that of a group of which nothing came for a long time, `rebaselined` those of an alert whose new level people accepted (which stands in the
 * history of one that does not fire, too).
 */
export type TransitionCause = 'condition' | 'no_data' | 'definition_changed' | 'removed' | 'group_gone' | 'rebaselined'

export type AlertPhase =
  | { kind: 'inactive' }
  | { kind: 'pending'; sinceMs: number }
  | { kind: 'firing'; sinceMs: number; incident: number; cause: 'condition' | 'no_data' }
  | { kind: 'resolved'; sinceMs: number; incident: number }

/** A subject behind a verdict, fit to be shown in a message: evidence is masked, nothing of the texts is kept. */
export interface AlertExample {
  readonly subjectKind: SubjectKind
  readonly traceId: string
  /** Empty for a subject that is a whole trace. */
  readonly spanId: string
  readonly agentName: string | undefined
  readonly score: number | undefined
  /** `ms`, `USD`, `ratio`, `tokens`; absent for plain scores and where the measure was another. */
  readonly scoreUnit?: string
  readonly reason: Reason | undefined
  readonly evidence: readonly { readonly field: string; readonly pattern: string; readonly masked: string }[]
}

/**
 * The rule and the window's content at the moment of a transition. Of a change or an anomaly `cmp` and `threshold` say where the
 * value would have to be to be well: the reference less the amount of the rule, the edge of what is usual.
 */
export interface AlertNumbers {
  readonly measure: RunMeasure
  readonly cmp: '<' | '<=' | '>' | '>='
  readonly threshold: number
  readonly windowMs: number
  /** In the measure's unit, rates as 0..1; null where there was nothing to divide by. */
  readonly value: number | null
  /** Subjects in the window that are counted: with the verdict, decided, or with a score. */
  readonly count: number
  /** What a rate divides by: pass + fail for rates of those, else all; otherwise all results in the window. */
  readonly total: number
  readonly verdicts: Readonly<Record<Verdict, number>>
}

export interface AlertTransition {
  /** Derived from the alert, the state's start and the transition's number: the same after a crash and replay. */
  readonly id: string
  readonly alertId: string
  readonly evalId: string
  /** By label, of an alert with `by`; empty for one without. */
  readonly group: Readonly<Record<string, string>>
  /** `count(fail) >= 1 over 10m`. */
  readonly rule: string
  readonly title: string | null
  readonly owner: string | null
  readonly severity: AlertPlan['severity']
  readonly mode: 'live' | 'shadow'
  readonly from: AlertPhase['kind']
  readonly to: AlertPhase['kind']
  readonly cause: TransitionCause
  /** When the condition turned, by the log's clock, milliseconds since the epoch. */
  readonly atMs: number
  /** One incident is one way from firing to resolved; undefined before the first firing and on pending transitions. */
  readonly incidentId: string | undefined
  /** When the present incident, or the wait before it, began. */
  readonly sinceMs: number
  readonly numbers: AlertNumbers
  /** Up to three, newest first. */
  readonly examples: readonly AlertExample[]
  /** Of firing and resolved transitions. */
  readonly why: AlertWhy | null
  /** Of firing and resolved transitions: how the value went. Absent where there is nothing to draw. */
  readonly trend?: AlertTrend | undefined
  /** Of those whose cause is `rebaselined`: who says so, and why. */
  readonly accepted?: { readonly by: string; readonly reason: string | null } | undefined
}
