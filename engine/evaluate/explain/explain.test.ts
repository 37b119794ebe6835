import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileProject } from '../../../dsl/project.ts'
import type { Span } from '../../model/span.ts'
import { buildTrace } from '../../testing/fixture-trace.ts'
import { anyTrace, condition, patterns } from '../arbitraries.ts'
import { buildOnlineEval, buildPlan } from '../build-plan.ts'
import { compileEvaluator } from '../evaluator.ts'
import { viewTrace } from '../trace-view.ts'
import { createExplainer } from './explain-eval.ts'
import { explanationText } from './text.ts'
import type { Explanation, TreeNode } from './tree.ts'

const TRACE = 'a'.repeat(32)

describe('a tree', () => {
  test('comes out as the evaluator does, at its root and in between', () => {
    fc.assert(
      fc.property(condition, condition, anyTrace, (pass, where, spans) => {
        const scope = { subject: 'trace', where, traceWhere: null } as const
        const plan = buildPlan({ patterns, evals: [buildOnlineEval('it', pass, { scope })] })
        const [result] = compileEvaluator(plan).onTrace({ tenant: 'default', traceId: TRACE, spans }, 1, 0)
        const explained = createExplainer(plan, 'test/it').explain(viewTrace('default', TRACE, spans), undefined)
        expect(explained.verdict).toBe(result?.verdict ?? 'none')
        expect(explained.reason).toEqual(result?.reason)
        const root = explained.clauses.at(-1)!
        if (root.clause === 'pass') expect(verdictOf(root.tree)).toBe(explained.verdict)
        for (const { tree } of explained.clauses) checkLogic(tree)
        expect(explanationText(explained)).not.toContain('undefined')
      }),
      { numRuns: 500 },
    )
  })

  test('of spans that are judged as they arrive', () => {
    fc.assert(
      fc.property(anyTrace, (spans) => {
        const { plan } = compileProject({ files: [{ path: 'it.eval', text: ON_ARRIVAL }], readImport: () => null })
        const evaluator = compileEvaluator(plan!)
        const explainer = createExplainer(plan!, 'shop/it')
        const view = viewTrace('default', TRACE, spans)
        for (const span of spans) {
          const [result] = evaluator.onSpan(span, 0)
          if (span.kind !== 'llm') continue
          const { verdict, reason, score } = explainer.explain(view, span)
          expect({ verdict, reason, score }).toEqual({
            verdict: result?.verdict ?? 'none',
            reason: result?.reason,
            score: result?.score,
          })
        }
      }),
    )
  })
})

const ON_ARRIVAL = `package shop
online eval it {
  on:      llm_call where duration < 4ms and (model is missing or model != "x")
  score:   length(output.text)
  pass:    score < 3 and not (input.text matches /a+b/)
  missing: unknown
}
`

function verdictOf({ value }: TreeNode): Explanation['verdict'] {
  if (value.kind === 'known') return value.value === true ? 'pass' : 'fail'
  return value.reason.code === 'wrong_type' ? 'error' : 'unknown'
}

/** Kleene's tables, over the values that the parts show: an account of its own beside the closures'. */
function checkLogic(node: TreeNode): void {
  for (const part of node.parts) checkLogic(part)
  for (const { tree } of node.spans) if (tree !== null) checkLogic(tree)
  const parts = node.parts.map(({ value }) => (value.kind === 'known' ? value.value : undefined))
  const own = node.value.kind === 'known' ? node.value.value : undefined
  if (/\b(true|false)\b/.test(node.expr)) return
  if (node.op === 'not') expect(own).toBe(parts[0] === undefined ? undefined : !parts[0])
  if (node.op === 'and') expect(own).toBe(parts.includes(false) ? false : parts.includes(undefined) ? undefined : true)
  if (node.op === 'or') expect(own).toBe(parts.includes(true) ? true : parts.includes(undefined) ? undefined : false)
}

/** The tests of `golden/explain.eval`, each explained: what `assay test` and `assay explain` show. */
describe('as text', () => {
  const folder = new URL('./golden/', import.meta.url)
  const text = readFileSync(new URL('explain.eval', folder), 'utf8')
  const { plan, diagnostics } = compileProject({ files: [{ path: 'explain.eval', text }], readImport: () => null })

  test('the file is without problems', () => {
    expect(diagnostics).toEqual([])
  })

  test.each((plan?.tests ?? []).map((one) => [one.name, one] as const))(
    '%s',
    async (name, { given, expect: expected }) => {
      const [first] = given
      if (first?.kind !== 'trace') throw new TypeError('a trace is to be given')
      const { spans, traceId } = buildTrace(first.trace, 0)
      const shown = expected.map((one) => {
        if (one.kind !== 'verdict') throw new TypeError('a verdict is to be expected')
        const view = viewTrace('default', traceId, spans)
        const explainer = createExplainer(plan!, one.evalId)
        const judge = given.find((other) => other.kind === 'judge' && other.evalId === one.evalId)
        const score = judge?.kind === 'judge' && typeof judge.returns === 'number' ? judge.returns : 0
        const explained = explainer.explain(view, subjectOf(one.evalId, spans), { kind: 'score', score })
        expect(explained.verdict).toBe(one.verdict)
        return explanationText(explained)
      })
      const file = new URL(`${name.replaceAll(/[^a-z]+/g, '-')}.txt`, folder)
      await expect(`${shown.join('\n\n')}\n`).toMatchFileSnapshot(file.pathname)
    },
  )

  function subjectOf(evalId: string, spans: readonly Span[]): Span | undefined {
    const own = plan?.evals.find(({ id }) => id === evalId)
    return own?.kind === 'online' && own.scope.subject === 'llm_call'
      ? spans.find(({ kind }) => kind === 'llm')
      : undefined
  }
})
