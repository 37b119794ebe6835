/** What the evaluate loop is given, and what it gives. */
import type { Plan } from '../../dsl/plan.ts'
import type { EvalLedger, Evaluator, EvaluatorOptions } from '../../engine/evaluate/evaluator.ts'
import type { TenantPlans } from '../../storage/definitions/plans.ts'
import type { Erased, Tombstone } from '../../storage/erasure/tombstones.ts'
import type { Log } from '../../storage/log/port.ts'
import type { AssemblyTimes } from './assembly-times.ts'
import type { EvaluateLoopStats } from './evaluate-stats.ts'
import type { LiveAgents } from './live/live-agents.ts'
import type { ReadBackStore } from './read-back.ts'
import type { Runtime } from './runtime.ts'
import type { AssemblyBudget } from './traces-in-memory.ts'

export interface EvaluateLoopOptions {
  log: Log
  /** The plan in force of each tenant; asked for each record, and compiled when its hash is a new one. */
  definitions: Pick<TenantPlans, 'current'>
  /** What is not to be judged, although the log has it. */
  erased?: Erased
  /** Milliseconds since the epoch. */
  nowMs: () => number
  /** A line for the operator. */
  onProblem?: (text: string) => void
  /** To complete traces that were open before a restart. */
  traces?: ReadBackStore
  times?: Partial<AssemblyTimes>
  budget?: Partial<AssemblyBudget>
  groupId?: string
  /** Of the store loop: what it has not come to, the store lacks. */
  storeGroupId?: string
  /** How often a process may die with a record alone in hand before that is put aside: 3. */
  maxAttempts?: number
  /** `compileEvaluator`, or what wraps it. */
  compile?: (plan: Plan, options: EvaluatorOptions) => Evaluator
  runtime?: Runtime
  /** Hears of every span and verdict, as they come. */
  live?: LiveAgents
}

export interface EvaluateLoop {
  stats(): EvaluateLoopStats
  /** How the subjects of each eval of the tenant ended since its definitions in force were taken up. */
  ledger(tenant: string): EvalLedger[]
  /** Lets go of the traces, open or judged, with all that is known of them. */
  forget(erased: Pick<Tombstone, 'tenant' | 'traceIds'>): void
  /** Commits what is done with and leaves the group. Open traces come again. */
  drain(): Promise<void>
}
