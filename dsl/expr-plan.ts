/** The expressions of a plan: of which type their values are, and which subjects and spans they look at. */

export type Subject =
  | 'trace'
  | 'session'
  | 'agent_run'
  | 'llm_call'
  | 'tool_call'
  | 'retrieval'
  | 'embedding'
  | 'guardrail'
  | 'span'

/** Units: duration integer ns; money integer micro-units of the currency; ratio a number 0..1 (95% is 0.95). */
export type ValueType =
  | { kind: 'bool' }
  | { kind: 'string' }
  | { kind: 'int' }
  | { kind: 'number' }
  | { kind: 'tokens' }
  | { kind: 'duration' }
  | { kind: 'ratio' }
  | { kind: 'money'; currency: string }
  | { kind: 'time' }
  | { kind: 'enum'; values: string[] }
  | { kind: 'list'; of: ValueType }
  | { kind: 'documents' }

export type Literal = string | number | boolean

/** A compiled regular expression, by index in `Plan.patterns`. */
export interface PatternPlan {
  /** Qualified display name: `pii.email`, `api_key`, or `/source/` for an inline one. */
  name: string
  /** RE2 syntax. */
  source: string
  caseInsensitive: boolean
  check: 'luhn' | 'iban' | null
  /** Set on patterns of the standard packs alone: reviewed, so the engine may use its fast path of gates. */
  builtin: string | null
}

export type AggregateFn = 'count' | 'any' | 'all' | 'sum' | 'mean' | 'min' | 'max' | 'p50' | 'p95' | 'p99'

export type Expr =
  | { op: 'literal'; type: ValueType; value: Literal }
  /** A field of the subject at hand, or (inside an aggregate) of the span being aggregated. */
  | { op: 'field'; path: string; type: ValueType }
  /** A trace-level field read from inside a span's scope (`trace.agent.name`). */
  | { op: 'trace_field'; path: string; type: ValueType }
  | { op: 'attr'; name: string; type: ValueType }
  | { op: 'score'; type: ValueType }
  | { op: 'and'; args: Expr[] }
  | { op: 'or'; args: Expr[] }
  | { op: 'not'; arg: Expr }
  | { op: 'compare'; cmp: '==' | '!=' | '<' | '<=' | '>' | '>='; left: Expr; right: Expr }
  | { op: 'arith'; fn: '+' | '-' | '*'; left: Expr; right: Expr; type: ValueType }
  | { op: 'in'; value: Expr; items: Expr[] }
  | { op: 'contains'; left: Expr; right: Expr }
  | { op: 'starts_with'; left: Expr; right: Expr }
  /** True when any of the patterns matches (and passes its checksum). */
  | { op: 'matches'; value: Expr; patterns: number[] }
  | { op: 'is_missing'; arg: Expr }
  | { op: 'is_present'; arg: Expr }
  /** `left ?? right`. */
  | { op: 'default'; left: Expr; right: Expr; type: ValueType }
  /** UTF-16 length of a text. */
  | { op: 'length'; arg: Expr }
  | { op: 'is_json'; arg: Expr }
  /** Over the spans of the trace. `value` is the bool of any/all, the number of sum…p99; absent for count. */
  | { op: 'aggregate'; fn: AggregateFn; over: SpanSelector; value: Expr | null; type: ValueType }
  /** Every B has an A that ended before it began. */
  | { op: 'before'; a: SpanSelector; b: SpanSelector }
  /** The most times that the same call with the same arguments occurs. */
  | { op: 'repeats'; over: SpanSelector }
  /** `fails(no_pii)` and the like, on the subject at hand. */
  | { op: 'verdict_of'; evalId: string; verdict: 'pass' | 'fail' | 'unknown' | 'error' }

export interface SpanSelector {
  subject: Exclude<Subject, 'trace' | 'session'>
  where: Expr | null
}

/** Which subjects an eval looks at: those of `subject`, in traces that satisfy `traceWhere`, that satisfy `where`. */
export interface ScopePlan {
  subject: Subject
  where: Expr | null
  traceWhere: Expr | null
}
