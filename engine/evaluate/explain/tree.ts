/** Why a verdict came out as it did: the expression with the value of each of its parts. */
import type { Expr, Subject } from '../../../dsl/plan.ts'
import type { Evidence, Reason, Verdict } from '../../model/result.ts'

/** JSON's view of a value, texts cut and masked; or why there is none. */
export type NodeValue =
  | { kind: 'known'; value: string | number | boolean; text: string }
  | { kind: 'missing'; reason: Reason; text: string }

/** A span that a part of the expression looked at. */
export interface SpanNode {
  readonly spanId: string
  readonly subject: Subject
  readonly name: string
  /** What was taken of it: its element, when it began, … ; null where it only counts. */
  readonly text: string | null
  /** Whether the part took it in; those that it left out are shown only where it took none. */
  readonly taken: boolean
  readonly tree: TreeNode | null
}

export interface TreeNode {
  readonly op: Expr['op']
  /** As the language writes it; constants, named scopes and definitions stand for their values. */
  readonly expr: string
  readonly value: NodeValue
  /** What the value alone doesn't tell: how many were looked at, what decided in spite of what is missing. */
  readonly note: string | null
  /** The first few. */
  readonly spans: readonly SpanNode[]
  /** Masked as evidence is; the first few. */
  readonly matches: readonly Evidence[]
  readonly parts: readonly TreeNode[]
}

export interface ClauseTree {
  readonly clause: 'on' | 'score' | 'pass'
  readonly tree: TreeNode
}

export interface Explanation {
  readonly evalId: string
  readonly subject: Subject
  readonly traceId: string
  /** Empty where the subject is a whole trace. */
  readonly spanId: string
  readonly name: string
  /** `none`: it is not in the eval's scope. */
  readonly verdict: Verdict | 'none'
  readonly reason?: Reason
  /** In the unit of results. */
  readonly score?: number
  readonly clauses: readonly ClauseTree[]
}
