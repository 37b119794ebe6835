import type { Hono } from 'hono'
import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import type { Plan, ReceiverPlan } from '../dsl/plan.ts'
import type { EvalLedger } from '../engine/evaluate/evaluator.ts'
import type { VerifyReport } from '../engine/integrity/report.ts'
import type { JudgesInForce } from '../engine/judge/in-force.ts'
import type { Redactor } from '../engine/redact/redact.ts'
import type { PiiPatterns } from '../engine/testing/redact-text.ts'
import type { Keys } from '../storage/access/keys.ts'
import type { Principal } from '../storage/access/principal.ts'
import type { AlertStates } from '../storage/alerts/alert-states.ts'
import type { AlertControls } from '../storage/alerts/controls.ts'
import type { PublishOutcome, Push } from '../storage/definitions/publish.ts'
import type { PublishedPackage } from '../storage/definitions/published.ts'
import type { ErasureReport, Wanted } from '../storage/erasure/erase.ts'
import type { Erased } from '../storage/erasure/tombstones.ts'
import type { Log, TailedLog } from '../storage/log/port.ts'
import type { OfflineControl } from '../storage/queue/offline-control.ts'
import type { Replays } from '../storage/replays/replays.ts'
import type { PostedScorecards } from '../storage/scorecards/posted.ts'
import type { StateStore } from '../storage/state/port.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import type { MetricsSource } from './routes/metrics.ts'
import type { BackupJson, Health, JudgingResponse } from './schemas.ts'
import type { SignIn } from './sign-in/sign-in.ts'

export type HealthInfo = Health

export interface DefinitionsView {
  plan: Plan
  /** The texts of the files, by the plan's names of them. Absent where definitions were pushed compiled. */
  sources?: ReadonlyMap<string, string> | undefined
  loadedAtMs: number
  /** Of the last load: warnings of what is in force, or the errors for which a newer version was refused. */
  diagnostics: readonly Pick<Diagnostic, 'severity' | 'code' | 'message' | 'file' | 'line' | 'column'>[]
}

/** As the workers share it: `workers/offline/provider-levels.ts`. */
export interface Judging {
  readonly level: JudgingResponse['level']
  readonly shared: boolean
  readonly providers: readonly {
    readonly name: string
    readonly breaker: 'closed' | 'open' | 'half_open'
    readonly sinceMs: number | undefined
    readonly lastFailure: { readonly atMs: number; readonly detail: string } | undefined
  }[]
}

/** What the routes work with. */
export interface ApiContext {
  traces: TracesStore
  status: () => Promise<HealthInfo>
  /** Of a tenant. */
  definitions: { current(tenant: string): DefinitionsView }
  /** What the processor counted since it took up the definitions in force. Absent where none is asked. */
  evalLedger?: ((tenant: string) => Promise<readonly EvalLedger[]>) | undefined
  /** Absent where no offline worker runs. */
  offline?: OfflineControl | undefined
  /** Where the evaluators tell of live agents; rejects with `StateError`. Absent where instances share no state. */
  liveState?: (() => Promise<Pick<StateStore, 'list'>>) | undefined
  /** Who judges, as it is configured; nothing of it is told but names. Absent where nobody is. */
  judges?: JudgesInForce | undefined
  /** Which judge providers take calls. Absent where none is asked. */
  judging?: (() => Promise<Judging>) | undefined
  /** For the dead letters in it. Absent where stored traces are looked at without one. */
  log?: Log | undefined
  /** What subscriptions read, and what is done to it before it is told. Absent where stored traces are looked at without a log. */
  subscriptions?: Subscriptions | undefined
  /** What alerts are, and what people say of them. Absent where stored traces are looked at without a log. */
  alerts?: { readonly states: AlertStates; readonly controls: AlertControls } | undefined
  /** What to set before a receiver is told anything; null where it is configured. Absent where that is known elsewhere. */
  receiverLack?: ((route: ReceiverPlan) => string | null) | undefined
  /** As they were posted. Absent where stored traces are looked at without a log. */
  scorecards?: PostedScorecards | undefined
  /** Absent where the definitions are files. */
  releases?: Releases | undefined
  /** Absent where stored traces are looked at without a log. */
  keys?: Keys | undefined
  /** Absent where nothing runs them. */
  replays?: Replays | undefined
  /** Absent where stored traces are looked at without a log. */
  integrity?: Integrity | undefined
  /** Absent where backups are made from an operator's shell. */
  backups?: Backups | undefined
  /** Absent where stored traces are looked at without a process that works. */
  metrics?: MetricsSource | undefined
  /** Absent where stored traces are looked at without a log. */
  erase?: ((wanted: Wanted) => Promise<ErasureReport>) | undefined
  /** The standard pack's patterns of personal data, for traces that become tests. Absent where none are made. */
  pii?: (() => PiiPatterns) | undefined
  /** Folder of the browser's pages. Absent where none are shown. */
  web?: string | undefined
  /** Where people sign in at a provider. */
  signIn?: SignIn | null | undefined
  /** Where people reach this API; null where that is not told. */
  publicUrl?: string | null | undefined
  /** How long a browser keeps a key; as long as it is open, unless told. */
  sessionMs?: number | undefined
  nowMs: () => number
}

export interface Subscriptions {
  readonly log: TailedLog
  /** As the store redacts; throws for a tenant whose spans must not be told. */
  readonly redactorOf: (tenant: string) => Redactor
  readonly erased: Erased
}

/** Who asks is known before a route is entered. */
export interface ApiEnv {
  Variables: {
    principal: Principal
    /** Whether they would be let in now: of answers that last. */
    isAdmitted: () => boolean
  }
}
export type ApiApp = Hono<ApiEnv>

/** Checks of the store against the log, over all tenants. */
export interface Integrity {
  check(options: { fromMs: number; toMs: number; isDeep: boolean }): Promise<VerifyReport>
  /** Newest first. */
  kept(limit: number): Promise<readonly VerifyReport[]>
}

export type BackupStart = { ok: true; backup: BackupJson } | { ok: false; message: string }

/** Backups that this process makes, one at a time. */
export interface Backups {
  /** `to`: a folder of this machine. `tracesTo`: where ClickHouse itself puts the traces. */
  start(wanted: { to: string; tracesTo: string | null }): Promise<BackupStart>
  get(id: string): BackupJson | null
  /** What is written stays; the same backup goes on from there. */
  stop(id: string): BackupJson | null
}

/** Packages of definitions that were pushed. */
/** Of git. */
export type PushedFrom = Pick<Push, 'revision' | 'commit'>

export interface Releases {
  packages(tenant: string): readonly PublishedPackage[]
  push(tenant: string, plan: Plan, from: PushedFrom): Promise<PublishOutcome>
  rollBack(tenant: string, packageName: string): Promise<PublishOutcome>
}
