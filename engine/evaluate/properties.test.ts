import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Expr } from '../../dsl/plan.ts'
import { makeSpan } from '../model/make-span.ts'
import type { Span } from '../model/span.ts'
import { anyTrace, condition, optionalText, patterns } from './arbitraries.ts'
import { buildOnlineEval, buildPlan, e } from './build-plan.ts'
import { compileEvaluator } from './evaluator.ts'

function judge(pass: Expr, spans: readonly Span[], projected = false) {
  const evaluator = compileEvaluator(buildPlan({ patterns, evals: [buildOnlineEval('it', pass)] }))
  const seen = projected ? spans.map(evaluator.project) : spans
  const [result] = evaluator.onTrace({ tenant: 'default', traceId: 'a'.repeat(32), spans: seen }, 1, 0)
  const { verdict, reason, evidence } = result!
  return { verdict, reason, evidence }
}

const outcome = (pass: Expr, spans: readonly Span[]) => {
  const { verdict, reason } = judge(pass, spans)
  return { verdict, reason }
}

/** Every `and`, `or` and `==` with its operands the other way round. */
function reversed(expr: Expr): Expr {
  switch (expr.op) {
    case 'and':
    case 'or':
      return { ...expr, args: [...expr.args].reverse().map(reversed) }
    case 'not':
      return { ...expr, arg: reversed(expr.arg) }
    case 'compare': {
      const mirrored = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const
      return { ...expr, cmp: mirrored[expr.cmp], left: reversed(expr.right), right: reversed(expr.left) }
    }
    case 'arith':
      return expr.fn === '-' ? expr : { ...expr, left: reversed(expr.right), right: reversed(expr.left) }
    case 'in':
      return { ...expr, items: [...expr.items].reverse() }
    default:
      return expr
  }
}

const runs = { numRuns: 500 }

test('the order of operands changes neither verdict nor reason', () => {
  fc.assert(
    fc.property(condition, anyTrace, (expr, trace) => {
      expect(outcome(reversed(expr), trace)).toEqual(outcome(expr, trace))
    }),
    runs,
  )
})

test('the order in which spans came changes neither verdict nor reason', () => {
  fc.assert(
    fc.property(condition, anyTrace, (expr, trace) => {
      expect(outcome(expr, [...trace].reverse())).toEqual(outcome(expr, trace))
    }),
    runs,
  )
})

test('not not x is x, and de Morgan holds with missing operands', () => {
  fc.assert(
    fc.property(condition, condition, anyTrace, (a, b, trace) => {
      expect(outcome(e.not(e.not(a)), trace)).toEqual(outcome(a, trace))
      expect(outcome(e.not(e.and(a, b)), trace)).toEqual(outcome(e.or(e.not(a), e.not(b)), trace))
    }),
    runs,
  )
})

test('what is kept of spans is enough: verdict, reason and evidence are those of the whole spans', () => {
  fc.assert(
    fc.property(condition, anyTrace, (expr, trace) => {
      expect(judge(expr, trace, true)).toEqual(judge(expr, trace))
    }),
    runs,
  )
})

test('what is decided with a field missing stays decided whatever it turns out to be', () => {
  fc.assert(
    fc.property(condition, anyTrace, optionalText, fc.integer({ min: 0, max: 9 }), (expr, trace, text, tokens) => {
      fc.pre(!JSON.stringify(expr).match(/is_missing|default|"count"/))
      const before = outcome(expr, trace)
      fc.pre(before.verdict === 'pass' || before.verdict === 'fail')
      // The root's text outranks its agent's: it may only be filled where nobody had one.
      const noOutput = trace.every((span) => span.outputText === undefined)
      const filled = trace.map((span) =>
        makeSpan({
          ...span,
          tokensInput: span.tokensInput ?? tokens,
          toolArguments: span.toolArguments ?? text,
          outputText: noOutput ? text : span.outputText,
        }),
      )
      const after = outcome(expr, filled)
      expect(after.verdict).toBe(before.verdict)
    }),
    runs,
  )
})
