import type { Diagnostic } from '../dsl/diagnostics/diagnostic.ts'
import type { Plan } from '../dsl/plan.ts'
import type { EvalLedger } from '../engine/evaluate/evaluator.ts'
import type { PublishOutcome } from '../storage/definitions/publish.ts'
import type { PublishedPackage } from '../storage/definitions/published.ts'
import type { Log } from '../storage/log/port.ts'
import type { TracesStore } from '../storage/traces/port.ts'
import type { Health } from './schemas.ts'

export type HealthInfo = Health

export interface DefinitionsView {
  plan: Plan
  loadedAtMs: number
  /** Of the last load: warnings of what is in force, or the errors for which a newer version was refused. */
  diagnostics: readonly Pick<Diagnostic, 'severity' | 'code' | 'message' | 'file' | 'line' | 'column'>[]
}

/** `queue_unavailable`: the queue's store can't be opened or reached now; the same request may succeed later. */
export type RunOutcome =
  | { ok: true; runId: string }
  | { ok: false; code: 'unknown_eval' | 'no_provider' | 'not_supported' | 'queue_unavailable'; message: string }

/** What the routes work with. */
export interface ApiContext {
  traces: TracesStore
  status: () => Promise<HealthInfo>
  definitions: { current(): DefinitionsView }
  /** What the processor counted since it took up the definitions in force. Absent where none is asked. */
  evalLedger?: (() => Promise<readonly EvalLedger[]>) | undefined
  /** Absent where no offline worker runs. */
  runOffline?: ((evalId: string) => Promise<RunOutcome>) | undefined
  /** For the dead letters in it. Absent where stored traces are looked at without one. */
  log?: Log | undefined
  /** Absent where the definitions are files. */
  releases?: Releases | undefined
  nowMs: () => number
  tenant: string
}

/** Packages of definitions that were pushed. */
export interface Releases {
  packages(): readonly PublishedPackage[]
  push(plan: Plan, revision: string | null): Promise<PublishOutcome>
  rollBack(packageName: string): Promise<PublishOutcome>
}
