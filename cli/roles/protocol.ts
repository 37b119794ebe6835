/** Messages between the main thread and a role's thread. Everything in them passes by structured clone. */
import type { Plan } from '../../dsl/plan.ts'
import type { TracingSettings } from '../../storage/tracing/open-tracing.ts'

/** What a thread starts with. */
export interface ThreadData {
  /** Of its role. */
  data: unknown
  tracing: TracingSettings | null
}

export type ToRole =
  | { kind: 'definitions'; plan: Plan }
  | { kind: 'call'; id: number; method: string; argument: unknown }
  | { kind: 'drain' }

export type FromRole =
  | { kind: 'ready'; info: unknown }
  /** The role could not start, by something the user can mend. */
  | { kind: 'refused'; message: string }
  | { kind: 'reply'; id: number; ok: true; value: unknown }
  | { kind: 'reply'; id: number; ok: false; message: string }
  /** A line for the person who watches the terminal. */
  | { kind: 'notice'; text: string }
  /** Something that does not go as it should, while the rest goes on. */
  | { kind: 'problem'; text: string }
  /** Something is otherwise from now on. */
  | { kind: 'change'; text: string }
  | { kind: 'drained' }
