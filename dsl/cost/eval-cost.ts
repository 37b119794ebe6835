/** The cost of whole evals, by their terms as they are written. */
import { CAPS } from '../caps.ts'
import { findMetric } from '../metrics.ts'
import type { Module } from '../module.ts'
import type { EvalPlan, Expr, MetricPlan, OfflineEvalPlan } from '../plan.ts'
import type { Span } from '../source.ts'
import type { ClauseNode, ExprNode } from '../syntax/ast.ts'
import { type CostContext, operationsOf } from './operations.ts'

export interface CostTerm {
  /** The clause that it is written in. */
  readonly clause: string
  /** As written, on one line. */
  readonly text: string
  readonly operations: number
  readonly span: Span
}

/** Of one run of an offline eval. Repairs, retries and fallbacks come on top; most calls need none. */
export interface JudgeCost {
  /** Each is asked about each subject. */
  readonly models: readonly string[]
  /** Of each model; of a session that is judged trace by trace, about each of its traces. */
  readonly callsPerSubject: number
  /** Whether a subject is a session that is judged trace by trace: nobody knows before how many it has. */
  readonly perTraceOfSession: boolean
  /** Null: all that match. */
  readonly subjectsPerRun: number | null
  /** At most, of all calls about one subject; a token is taken for four characters. */
  readonly inputTokens: number
  /** Estimated, of all calls about one subject. */
  readonly outputTokens: number
}

export interface EvalCost {
  readonly evalId: string
  readonly file: string
  readonly line: number
  readonly per: 'span' | 'trace' | 'session'
  /** For one subject, at most. */
  readonly operations: number
  /** The costliest first. */
  readonly terms: readonly CostTerm[]
  readonly judge: JudgeCost | null
}

const UNITS_PER_TOKEN = 4
/** What the prompt says besides rubric and fields: rules, schema, delimiters. */
const PROMPT_UNITS = 4_000
/** Evidence, a few sentences, the score. */
const OUTPUT_TOKENS = 500

/** `evals` as a plan has them: one whose verdict is asked for stands before the one that asks. */
export function costsOf(evals: readonly EvalPlan[], modules: ReadonlyMap<string, Module>): EvalCost[] {
  const known = new Map<string, { operations: number; onTrace: boolean }>()
  return evals.map((plan) => {
    const { subject } = plan.kind === 'online' ? plan.scope : plan.sample.scope
    const onTrace = subject === 'trace' || subject === 'session'
    const evalCost: CostContext['evalCost'] = (evalId) => {
      const found = known.get(evalId)
      if (found === undefined) throw new Error(`the verdict of ${evalId} is asked for before it is there`)
      return found
    }
    const terms = termsOf(plan, modules.get(plan.file), { onTrace, evalCost })
    const operations = terms.reduce((sum, term) => sum + term.operations, 0)
    known.set(plan.id, { operations, onTrace })
    return {
      evalId: plan.id,
      file: plan.file,
      line: plan.line,
      per: onTrace ? subject : 'span',
      operations,
      terms: terms.filter((term) => term.operations > 0).sort((a, b) => b.operations - a.operations),
      judge: plan.kind === 'offline' ? judgeCost(plan) : null,
    }
  })
}

function termsOf(plan: EvalPlan, module: Module | undefined, context: CostContext): CostTerm[] {
  const { where, traceWhere } = plan.kind === 'online' ? plan.scope : plan.sample.scope
  const scopeKey = plan.kind === 'online' ? 'on' : 'sample'
  const inTrace = { ...context, onTrace: true }
  const written = new Written(plan, module)
  const terms = [
    written.term(scopeKey, operationsOf(where, context) + operationsOf(traceWhere, inTrace)),
    ...passTerms(plan.pass, written, context),
  ]
  if (plan.kind === 'offline') {
    if (plan.method.kind === 'metric') terms.push(written.term('metric', argumentsOf(plan.method.metric, context)))
    if (plan.proxy !== undefined) terms.push(written.term('proxy', argumentsOf(plan.proxy, context)))
    return terms
  }
  terms.push(written.term('score', operationsOf(plan.score, context)))
  const { redact } = plan
  if (redact !== null)
    terms.push(written.term('redact', redact.fields.length * redact.patterns.length * CAPS.textUnits))
  return terms
}

function argumentsOf(metric: MetricPlan, context: CostContext): number {
  return Object.values(metric.args).reduce(
    (sum, arg) => sum + (arg.kind === 'expr' ? operationsOf(arg.expr, context) : 0),
    0,
  )
}

/** The operands of `and` or `or`, when what is written has them as the plan does; else the condition as a whole. */
function passTerms(pass: Expr, written: Written, context: CostContext): CostTerm[] {
  const whole = written.term('pass', operationsOf(pass, context))
  const node = written.value('pass')
  if (node?.kind !== 'binary' || (pass.op !== 'and' && pass.op !== 'or') || node.op !== pass.op) return [whole]
  const operands = operandsOf(node, pass.op)
  if (operands.length !== pass.args.length) return [whole]
  return pass.args.map((arg, index) => ({
    ...written.part('pass', (operands[index] as ExprNode).span),
    // The operator itself goes with its right side.
    operations: operationsOf(arg, context) + (index > 0 ? 1 : 0),
  }))
}

function operandsOf(node: ExprNode, op: 'and' | 'or'): ExprNode[] {
  return node.kind === 'binary' && node.op === op
    ? [...operandsOf(node.left, op), ...operandsOf(node.right, op)]
    : [node]
}

/** Null where no judge is asked. */
function judgeCost({ method, sample }: OfflineEvalPlan): JudgeCost | null {
  const calls = method.kind === 'metric' ? (findMetric(method.metric.name)?.judgeCalls ?? 0) : 1
  if (calls === 0) return null
  const instructions = method.kind === 'metric' ? 0 : method.rubric.length
  const perCall = Math.ceil((CAPS.judgeTextUnits + instructions + PROMPT_UNITS) / UNITS_PER_TOKEN)
  return {
    // Without one of its own, a metric asks the judge of the configuration.
    models: method.judge?.models ?? ['(the judge of the configuration)'],
    subjectsPerRun: sample.size === 'all' ? null : sample.size,
    callsPerSubject: calls,
    perTraceOfSession:
      sample.scope.subject === 'session' &&
      method.kind === 'metric' &&
      findMetric(method.metric.name)?.meanOverTraces === true,
    inputTokens: perCall,
    outputTokens: OUTPUT_TOKENS,
  }
}

/** An eval as its file has it; what a file does not say in so many words stands at the eval's name. */
class Written {
  readonly #clauses: readonly ClauseNode[]
  readonly #text: string
  readonly #name: Span

  constructor(plan: EvalPlan, module: Module | undefined) {
    const decl = module?.names.rules.get(plan.name)
    this.#clauses = decl !== undefined && 'clauses' in decl ? decl.clauses : []
    this.#text = module?.reporter.source.text ?? ''
    this.#name = decl?.name.span ?? { start: 0, end: 0 }
  }

  value(key: string): ExprNode | null {
    const value = this.#clause(key)?.value
    return value?.kind === 'values' && value.items.length === 1 ? (value.items[0] as ExprNode) : null
  }

  term(key: string, operations: number): CostTerm {
    const clause = this.#clause(key)
    if (clause === undefined) return { clause: key, text: key, operations, span: this.#name }
    // Behind the key and its colon.
    const behind = this.#text.slice(clause.key.span.end, clause.span.end)
    const start = clause.key.span.end + (behind.length - behind.replace(/^\s*:\s*/, '').length)
    return { ...this.part(key, { start, end: clause.span.end }), operations }
  }

  part(clause: string, span: Span): Omit<CostTerm, 'operations'> {
    const text = this.#text
      .slice(span.start, span.end)
      .replace(/#[^\n]*\n/g, ' ')
      .replace(/\s+/g, ' ')
    return { clause, text, span }
  }

  #clause(key: string): ClauseNode | undefined {
    return this.#clauses.find((clause) => clause.key.text === key)
  }
}
