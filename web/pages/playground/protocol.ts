/** What the editor asks of the worker in which the language runs, and what it is told. */
import type { Verdict } from '../../../client/api.ts'

export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: string
  readonly start: number
  readonly end: number
}

/** What one eval costs at most, told without running it. */
export interface StaticCost {
  readonly evalId: string
  readonly per: 'span' | 'trace' | 'session'
  readonly operations: number
  /** Of its judge, at most; absent where it asks none. */
  readonly judge?: {
    readonly calls: number
    readonly inputTokens: number
    readonly outputTokens: number
    readonly subjectsPerRun: number | null
  }
}

export interface Suggestion {
  readonly label: string
  readonly detail: string
  readonly doc: string
  readonly text: string
  readonly start: number
  readonly end: number
}

export interface Judged {
  readonly traceId: string
  readonly evalId: string
  readonly spanId: string
  readonly verdict: Verdict
  readonly score?: number
  readonly scoreUnit?: string
  /** In one line. */
  readonly why: string
  /** What is stored of this eval on this subject, where it is another verdict. */
  readonly was?: Verdict
}

export type Asked =
  | { readonly kind: 'check'; readonly text: string }
  | { readonly kind: 'complete'; readonly text: string; readonly offset: number }
  | { readonly kind: 'hover'; readonly text: string; readonly offset: number }
  /** Traces as the API gives them: kept for the runs that follow. */
  | { readonly kind: 'take'; readonly traces: readonly unknown[] }
  | { readonly kind: 'run'; readonly text: string }

export type Told =
  | { readonly kind: 'check'; readonly findings: readonly Finding[]; readonly costs: readonly StaticCost[] }
  | { readonly kind: 'take' }
  | { readonly kind: 'complete'; readonly suggestions: readonly Suggestion[] }
  | {
      readonly kind: 'hover'
      readonly hover: { readonly text: string; readonly start: number; readonly end: number } | null
    }
  | { readonly kind: 'run'; readonly judged: readonly Judged[]; readonly notRun: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string }

export interface Envelope<Body> {
  readonly id: number
  readonly body: Body
}
