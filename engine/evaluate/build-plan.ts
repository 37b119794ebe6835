/** Plans made by hand: for tests of the engine and for benchmarks, which need no language. */
import {
  type Expr,
  type Literal,
  type OfflineEvalPlan,
  type OfflineMethod,
  type OnlineEvalPlan,
  type PatternPlan,
  PLAN_VERSION,
  type Plan,
  type SpanSelector,
  type ValueType,
} from '../../dsl/plan.ts'

export const STRING: ValueType = { kind: 'string' }
export const INT: ValueType = { kind: 'int' }
export const BOOL: ValueType = { kind: 'bool' }
export const DURATION: ValueType = { kind: 'duration' }
export const USD: ValueType = { kind: 'money', currency: 'USD' }

type Cmp = Extract<Expr, { op: 'compare' }>['cmp']

/** Expressions, as short as the language's own. */
export const e = {
  lit: (value: Literal, type: ValueType = typeOf(value)): Expr => ({ op: 'literal', type, value }),
  field: (path: string, type: ValueType = STRING): Expr => ({ op: 'field', path, type }),
  traceField: (path: string, type: ValueType = STRING): Expr => ({ op: 'trace_field', path, type }),
  attr: (name: string, type: ValueType = STRING): Expr => ({ op: 'attr', name, type }),
  score: (type: ValueType = INT): Expr => ({ op: 'score', type }),
  and: (...args: Expr[]): Expr => ({ op: 'and', args }),
  or: (...args: Expr[]): Expr => ({ op: 'or', args }),
  not: (arg: Expr): Expr => ({ op: 'not', arg }),
  cmp: (left: Expr, cmp: Cmp, right: Expr): Expr => ({ op: 'compare', cmp, left, right }),
  arith: (left: Expr, fn: '+' | '-' | '*', right: Expr, type: ValueType = INT): Expr => ({
    op: 'arith',
    fn,
    left,
    right,
    type,
  }),
  in: (value: Expr, items: Expr[]): Expr => ({ op: 'in', value, items }),
  contains: (left: Expr, right: Expr): Expr => ({ op: 'contains', left, right }),
  startsWith: (left: Expr, right: Expr): Expr => ({ op: 'starts_with', left, right }),
  matches: (value: Expr, ...patterns: number[]): Expr => ({ op: 'matches', value, patterns }),
  isMissing: (arg: Expr): Expr => ({ op: 'is_missing', arg }),
  isPresent: (arg: Expr): Expr => ({ op: 'is_present', arg }),
  orElse: (left: Expr, right: Expr, type: ValueType = STRING): Expr => ({ op: 'default', left, right, type }),
  length: (arg: Expr): Expr => ({ op: 'length', arg }),
  isJson: (arg: Expr): Expr => ({ op: 'is_json', arg }),
  over: (
    fn: Extract<Expr, { op: 'aggregate' }>['fn'],
    over: SpanSelector,
    value: Expr | null = null,
    type: ValueType = INT,
  ): Expr => ({ op: 'aggregate', fn, over, value, type }),
  before: (a: SpanSelector, b: SpanSelector): Expr => ({ op: 'before', a, b }),
  repeats: (over: SpanSelector): Expr => ({ op: 'repeats', over }),
  verdictOf: (evalId: string, verdict: 'pass' | 'fail' | 'unknown' | 'error' = 'fail'): Expr => ({
    op: 'verdict_of',
    evalId,
    verdict,
  }),
  select: (subject: SpanSelector['subject'], where: Expr | null = null): SpanSelector => ({ subject, where }),
} as const

function typeOf(value: Literal): ValueType {
  return typeof value === 'string' ? STRING : typeof value === 'boolean' ? BOOL : INT
}

export function buildPattern(name: string, source: string, check: PatternPlan['check'] = null): PatternPlan {
  return { name, source, caseInsensitive: false, check, builtin: null }
}

const COMMON = {
  package: 'test',
  title: null,
  owner: null,
  mode: 'live',
  was: [] as string[],
  measureHash: 'm'.repeat(32),
  verdictHash: 'v'.repeat(32),
  file: 'test.eval',
  line: 1,
} as const

/** On every trace, at settle, without a `missing:` clause, unless `more` says otherwise. */
export function buildOnlineEval(name: string, pass: Expr, more: Partial<OnlineEvalPlan> = {}): OnlineEvalPlan {
  return {
    ...COMMON,
    kind: 'online',
    id: `test/${name}`,
    name,
    scope: { subject: 'trace', where: null, traceWhere: null },
    when: 'settle',
    score: null,
    pass,
    missing: null,
    redact: null,
    ...more,
  }
}

type RubricMethod = Extract<OfflineMethod, { kind: 'rubric' }>

/** One judge with a scale from 1 to 5 that sees question and answer, unless `more` says otherwise. */
export function buildRubric(more: Partial<RubricMethod> = {}): RubricMethod {
  return {
    kind: 'rubric',
    judge: { models: ['openai/gpt-5-mini'], fallbacks: [], take: null },
    show: ['input.text', 'output.text'],
    scale: { low: 1, high: 5 },
    rubric: '5 good, 1 bad',
    ...more,
  }
}

/** A judge's score from 1 to 5 of every trace of the last day, unless `more` says otherwise. */
export function buildOfflineEval(name: string, pass: Expr, more: Partial<OfflineEvalPlan> = {}): OfflineEvalPlan {
  return {
    ...COMMON,
    kind: 'offline',
    id: `test/${name}`,
    name,
    schedule: { cron: '0 6 * * *', timeZone: 'UTC' },
    sample: { size: 'all', scope: { subject: 'trace', where: null, traceWhere: null }, overNs: 86_400e9, by: [] },
    method: buildRubric(),
    labels: null,
    budget: null,
    pass,
    missing: null,
    ...more,
  }
}

export function buildPlan(parts: Partial<Plan>): Plan {
  return {
    version: PLAN_VERSION,
    patterns: [],
    evals: [],
    alerts: [],
    scorecards: [],
    tests: [],
    files: ['test.eval'],
    hash: '0'.repeat(64),
    ...parts,
  }
}
