/** Whether what comes by is in a scope: spans as they arrive, and what tells less than a span does, such as a verdict or an agent. */
import { someExpr } from '../../dsl/expr-walk.ts'
import type { Expr, PatternPlan, ScopePlan } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import type { SubjectKind } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { compilePatterns, type PatternSet } from '../regex/patterns.ts'
import { createCompiler } from './compile.ts'
import { createContext, type TruthFn } from './context.ts'
import { kindOf } from './subject.ts'
import { TRUE, type Truth } from './truth.ts'

/** What is known of one that is no span; what is left out is not known. */
export interface Told {
  readonly agentName?: string | undefined
  readonly agentVersion?: string | undefined
  readonly env?: string | undefined
}

export interface ScopeFilter {
  ofSpan(span: Span): boolean
  /** By what is told alone. `UNKNOWN`: it takes what only spans have. */
  ofTold(told: Told): Truth
  /** Whether subjects of the kind may be in the scope; of `span` any. */
  mayBe(subject: SubjectKind): boolean
}

const TOLD = new Set(['agent.name', 'agent.version', 'env'])
/** An attribute that nothing has. */
const NOT_KNOWN: Expr = { op: 'attr', name: '', type: { kind: 'bool' } }

/** `scope`: one that is told of spans as they arrive (`dsl/scope-text.ts`). */
export function compileScopeFilter(scope: ScopePlan, plans: readonly PatternPlan[]): ScopeFilter {
  if (scope.subject === 'trace' || scope.subject === 'session')
    throw new RangeError(`a filter is of spans, not of a ${scope.subject}`)
  const patterns = compilePatterns(plans)
  const where = bothOf(scope.traceWhere, scope.where)
  const ofSpan = where === null ? null : truthOf(where, patterns)
  const ofTold = where === null ? null : truthOf(knownOf(where), patterns)
  const kind = kindOf(scope.subject)
  const context = createContext()
  const ask = (truth: TruthFn, span: Span): Truth => {
    context.span = span
    const answer = truth(context)
    // The context must not keep the span's texts alive.
    context.span = undefined
    return answer
  }
  return {
    ofSpan: (span) => (kind === null || span.kind === kind) && (ofSpan === null || ask(ofSpan, span) === TRUE),
    ofTold: (told) => (ofTold === null ? TRUE : ask(ofTold, makeSpan(toldOf(told)))),
    mayBe: (subject) => scope.subject === 'span' || scope.subject === subject,
  }
}

const toldOf = ({ agentName, agentVersion, env }: Told): Told => ({ agentName, agentVersion, env })

function bothOf(a: Expr | null, b: Expr | null): Expr | null {
  if (a === null || b === null) return a ?? b
  return { op: 'and', args: [a, b] }
}

function truthOf(expr: Expr, patterns: PatternSet): TruthFn {
  const verdictOf = (): never => {
    throw new RangeError('a filter asks for no verdicts')
  }
  return createCompiler({ level: 'span', arrival: true, patterns, verdictOf, score: null }).truth(expr)
}

/** The same condition where all that a span alone has is not known: never what a span lacks. */
function knownOf(expr: Expr): Expr {
  switch (expr.op) {
    case 'and':
    case 'or':
      return { op: expr.op, args: expr.args.map(knownOf) }
    case 'not':
      return { op: 'not', arg: knownOf(expr.arg) }
    default:
      return someExpr([expr], isOfSpan) ? NOT_KNOWN : expr
  }
}

function isOfSpan(expr: Expr): boolean {
  return expr.op === 'attr' || (expr.op === 'field' && !TOLD.has(expr.path))
}
