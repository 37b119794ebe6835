/**
 * The syntax tree: what was written, with places, before anything is known of its meaning. `error` nodes stand where the
 * parser recovered; whatever sees one stays silent, as the error has been told already.
 */
import type { Span } from '../source.ts'

export interface Ident {
  readonly text: string
  readonly span: Span
}

/** A text in quotes, unescaped. */
export interface StringNode {
  readonly value: string
  readonly span: Span
}

export type BinaryOp =
  | 'and'
  | 'or'
  | '+'
  | '-'
  | '*'
  | '??'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'contains'
  | 'starts with'

export type ExprNode =
  | { kind: 'literal'; token: LiteralKind; raw: string; span: Span }
  | { kind: 'regex'; raw: string; span: Span }
  | { kind: 'path'; path: string; span: Span }
  | { kind: 'call'; name: Ident; args: ArgNode[]; span: Span }
  | { kind: 'list'; items: ExprNode[]; span: Span }
  | { kind: 'record'; fields: FieldNode[]; span: Span }
  | { kind: 'not'; arg: ExprNode; span: Span }
  | { kind: 'negate'; arg: ExprNode; span: Span }
  | { kind: 'binary'; op: BinaryOp; opSpan: Span; left: ExprNode; right: ExprNode; span: Span }
  | { kind: 'in'; value: ExprNode; items: ExprNode; span: Span }
  | { kind: 'matches'; value: ExprNode; any: boolean; patterns: ExprNode; span: Span }
  | { kind: 'is'; value: ExprNode; negated: boolean; what: Ident; span: Span }
  | { kind: 'error'; span: Span }

export type LiteralKind = 'text' | 'block' | 'time' | 'money' | 'duration' | 'points' | 'percent' | 'decimal' | 'int'

/** An argument of a call: `limit: 2s`, or `tool_call where name == "x"`. */
export interface ArgNode {
  readonly key: Ident | null
  readonly value: ExprNode
  readonly where: ExprNode | null
  readonly span: Span
}

/** `llm_call in checkout where …` and the like; `by` groups. */
export interface ScopeNode {
  readonly base: Ident
  readonly within: Ident | null
  readonly where: ExprNode | null
  readonly by: ExprNode[]
  readonly span: Span
}

export interface ScheduleNode {
  /** `day`, `hour`, `monday`, `cron`, … */
  readonly unit: Ident
  /** The text after `cron`. */
  readonly cron: StringNode | null
  readonly at: Ident | null
  readonly zone: StringNode | null
  readonly span: Span
}

export interface SampleNode {
  readonly size: Ident
  readonly scope: ScopeNode
  readonly over: Ident
  /** `half flagged`; null for a word that is not there. */
  readonly lean: { readonly part: Ident; readonly what: Ident | null } | null
  readonly span: Span
}

export interface JudgeNode {
  readonly models: StringNode[]
  readonly fallbacks: StringNode[]
  readonly take: Ident | null
  readonly span: Span
}

/** `3 USD per run, 60 USD per month`. */
export interface BudgetNode {
  readonly parts: { readonly amount: ExprNode; readonly per: Ident }[]
  /** `or else "provider/model"`. */
  readonly cheaper: StringNode | null
  readonly span: Span
}

export interface WhenNode {
  /** `count(fail) >= 1`, `mean(score)` in front of a change, `mean(score) is anomalous`. */
  readonly condition: ExprNode
  /** `regresses by 0.3`, `rises by …`, `falls by …`. */
  readonly change: { readonly word: Ident; readonly by: ExprNode | null } | null
  /** The lengths after `over` and `vs`, each as often as it is written. */
  readonly over: Ident[]
  readonly vs: Ident[]
  /** The first word of what belongs to no form. */
  readonly surplus: Ident | null
  readonly span: Span
}

/** `5% per 30d`. */
export interface FalseAlarmsNode {
  readonly ratio: ExprNode
  readonly per: Ident
  readonly span: Span
}

/** `pass_rate(fast), mean(helpful) by agent.version`. */
export interface RowNode {
  readonly cells: ExprNode[]
  readonly by: ExprNode[]
  readonly span: Span
}

/** `unknown`, `pass because "…"`, `fire after 30m`. */
export interface PolicyNode {
  readonly word: Ident
  readonly because: ExprNode | null
  readonly after: ExprNode | null
  readonly span: Span
}

export type ClauseValue =
  | { kind: 'scope'; node: ScopeNode }
  | { kind: 'schedule'; node: ScheduleNode }
  | { kind: 'sample'; node: SampleNode }
  | { kind: 'judge'; node: JudgeNode }
  | { kind: 'budget'; node: BudgetNode }
  | { kind: 'scale'; low: ExprNode; high: ExprNode }
  | { kind: 'when'; node: WhenNode }
  | { kind: 'policy'; node: PolicyNode }
  | { kind: 'false_alarms'; node: FalseAlarmsNode }
  | { kind: 'period'; over: Ident; vs: Ident | null }
  | { kind: 'row'; node: RowNode }
  | { kind: 'values'; items: ExprNode[] }
  /** Of a key that the grammar doesn't know: the checker says what to do about it. */
  | { kind: 'skipped' }
  | { kind: 'error' }

export interface ClauseNode {
  readonly key: Ident
  readonly value: ClauseValue
  readonly span: Span
}

/** `name: value` of a fixture. */
export interface FieldNode {
  readonly key: Ident
  readonly value: ExprNode
}

export interface FixtureNode {
  readonly fields: FieldNode[]
  readonly spans: { subject: Ident; fixture: FixtureNode }[]
  readonly span: Span
}

export type GivenNode =
  | { kind: 'trace'; fixture: FixtureNode; span: Span }
  | { kind: 'like'; test: StringNode; fixture: FixtureNode | null; span: Span }
  | { kind: 'file'; path: StringNode; trace: StringNode | null; span: Span }
  | { kind: 'judge'; evalName: Ident; returns: ExprNode; span: Span }
  | {
      kind: 'verdicts'
      evalName: Ident
      /** `pass x 9`, `score 4 x 20`. */
      runs: { verdict: Ident; score: ExprNode | null; times: Ident | null }[]
      each: Ident | null
      /** `with { agent.version: "2" }`: what the results carry. */
      labels: FieldNode[]
      span: Span
    }

export interface ExpectNode {
  readonly kind: 'expect'
  readonly name: Ident
  readonly outcome: Ident
  readonly because: ExprNode | null
  readonly at: Ident | null
  /** `with { agent.version: "2" }`: of which group of an alert. */
  readonly labels: FieldNode[]
  readonly span: Span
}

/** `expect todo "why"`: the test is not to be counted yet. */
export interface TodoNode {
  readonly kind: 'todo'
  readonly why: StringNode | null
  readonly span: Span
}

/** `limit: duration = 2s` of a template. */
export interface ParamNode {
  readonly name: Ident
  readonly type: Ident
  readonly fallback: ExprNode | null
  readonly span: Span
}

/** `latency.first_token(on: checkout, limit: 1500ms)`: what an eval is made of. */
export interface UseNode {
  readonly template: Ident
  readonly args: ArgNode[]
  readonly span: Span
}

interface Common {
  readonly span: Span
  /** Something in it could not be read (told): its name counts, and its content is not looked at. */
  readonly damaged?: boolean
}

export type DeclNode =
  | ({ kind: 'package'; name: Ident } & Common)
  | ({ kind: 'import'; alias: Ident; specifier: StringNode } & Common)
  | ({ kind: 'const'; name: Ident; type: Ident | null; value: ExprNode } & Common)
  | ({ kind: 'pattern'; name: Ident; regex: ExprNode; check: Ident | null } & Common)
  | ({ kind: 'scope'; name: Ident; scope: ScopeNode } & Common)
  | ({ kind: 'default'; key: Ident; policy: PolicyNode | null; falseAlarms: FalseAlarmsNode | null } & Common)
  | ({ kind: 'define'; name: Ident; value: ExprNode } & Common)
  /** `use`: the template that it is made from; its clauses are then those of the block behind, if any. */
  | ({ kind: 'eval'; mode: 'online' | 'offline'; name: Ident; use: UseNode | null; clauses: ClauseNode[] } & Common)
  | ({
      kind: 'template'
      mode: 'online' | 'offline'
      name: Ident
      params: ParamNode[]
      clauses: ClauseNode[]
    } & Common)
  | ({ kind: 'alert'; name: Ident; clauses: ClauseNode[] } & Common)
  | ({ kind: 'scorecard'; name: Ident; clauses: ClauseNode[] } & Common)
  | ({ kind: 'test'; name: StringNode; given: GivenNode[]; expect: ExpectNode[]; todo: TodoNode | null } & Common)

export type BlockDecl = Extract<DeclNode, { kind: 'eval' | 'alert' | 'scorecard' | 'template' }>

/** A file's declarations in order. */
export interface FileNode {
  readonly declarations: DeclNode[]
  /** False when a declaration could not be read at all: a name that is not found may be one of these. */
  readonly complete: boolean
}
