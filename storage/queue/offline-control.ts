/** What people do with runs of offline evals, and what they see of them: of whoever keeps the queue, for whoever is asked. */
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import type { OfflineJob, RunsAsked } from './port.ts'
import type { RunRecord } from './run-record.ts'

/** `by_proxy`: no judge can be asked, and its proxy measures in its place. `no_worker`: nobody has told lately whether it can be judged. */
export type Readiness = {
  state: 'ready' | 'by_proxy' | 'no_provider' | 'no_price' | 'not_supported' | 'no_worker'
  detail: string | undefined
}

export interface OfflineEvalStatus {
  tenant: string
  evalId: string
  state: Readiness['state']
  /** What to do about a state other than `ready`. */
  detail: string | undefined
  schedule: OfflineEvalPlan['schedule']
  nextSlotMs: number | undefined
  pausedSinceMs: number | null
  /** The one that was enqueued last. */
  lastRun: RunView | null
  nextRun: ExpectedRun
}

/** What a run would draw and cost, as far as that is known before its sample is drawn. */
export interface ExpectedRun {
  /** Null: all that match. */
  maxSubjects: number | null
  /** Who is asked about each subject; empty where nobody is. */
  judges: readonly string[]
  /** Null for no bound. */
  budget: { perRunMicroUsd: number | null; perMonthMicroUsd: number | null }
  /** By what the last run that drew a sample was estimated at; null where none has. `microUsd`: null where no price is known. */
  estimate: { subjects: number; microUsd: number | null } | null
}

/** `cancelled`: since when; what had begun by then is in its outcome. */
export type RunView = RunRecord & { cancelledSinceMs: number | null }

export type Refusal =
  | 'unknown_eval'
  | 'unknown_run'
  | 'no_provider'
  /** A budget cannot be kept. */
  | 'no_price'
  | 'not_supported'
  | 'no_slot'
  | 'run_ended'
  | 'queue_unavailable'

export type Refused = { ok: false; code: Refusal; message: string }
export type RunNowOutcome = { ok: true; runId: string; isKnown: boolean } | Refused
export type ControlOutcome = { ok: true } | Refused

export interface RunRequest {
  /** `now`: over what has arrived by now; it begins 5 s later, when that has settled. `slot`: the latest slot of the schedule, once. */
  at: 'now' | 'slot'
  /** The traces to look at, instead of those that the eval's sample names. */
  window?: OfflineJob['window']
}

export interface OfflineControl {
  /** Enqueues a run. One of a slot that is on the queue already is known, and nothing is added. */
  runNow(tenant: string, evalId: string, request?: RunRequest): Promise<RunNowOutcome>
  pause(tenant: string, evalId: string): Promise<ControlOutcome>
  resume(tenant: string, evalId: string): Promise<ControlOutcome>
  /** What of the run has not begun is left alone. */
  cancel(tenant: string, runId: string): Promise<ControlOutcome>
  /** A row for each offline eval of the tenant in force. Rejects with `QueueError`. */
  status(tenant: string): Promise<OfflineEvalStatus[]>
  /** Newest first. Rejects with `QueueError`. */
  runs(tenant: string, options: RunsAsked): Promise<RunView[]>
  /** Null where there is no such run. Rejects with `QueueError`. */
  run(tenant: string, runId: string): Promise<RunView | null>
}
