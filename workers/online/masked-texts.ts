/**
 * What the store gives back is masked where a `redact:` clause said so: an eval that looks there for what was masked would find
 * nothing and pass. Of a trace that was completed with such texts, evals that read texts say `unknown`.
 */
import { walkExpr } from '../../dsl/expr-walk.ts'
import type { Expr, OnlineEvalPlan, Plan } from '../../dsl/plan.ts'
import { MASKABLE } from '../../engine/evaluate/masked.ts'
import { optionalFieldsOf } from '../../engine/evaluate/projection.ts'
import type { ProjectedSpan } from '../../engine/evaluate/subject.ts'
import type { EvalResult } from '../../engine/model/result.ts'

/** True if a text that evals may read has a mask in it, or what looks like one: then too much is unknown, never too little. */
export function holdsMask(span: ProjectedSpan): boolean {
  for (const field of MASKABLE) if (hasStar(span[field])) return true
  return false
}

function hasStar(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('*')
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Map) return [...value.values()].some(hasStar)
  return Object.values(value).some(hasStar)
}

const readersOf = new WeakMap<Plan, ReadonlyMap<string, string>>()

/** By eval id the text that it reads, itself or by another eval's verdict. Empty where no clause redacts. */
export function evalsThatReadTexts(plan: Plan): ReadonlyMap<string, string> {
  const known = readersOf.get(plan)
  if (known !== undefined) return known
  const readers = new Map<string, string>()
  const online = plan.evals.filter((one) => one.kind === 'online')
  if (online.some(({ redact }) => redact !== null)) {
    const byId = new Map(online.map((one) => [one.id, one]))
    for (const one of online) {
      const text = textReadBy(one, byId, new Set())
      if (text !== null) readers.set(one.id, text)
    }
  }
  readersOf.set(plan, readers)
  return readers
}

function textReadBy(one: OnlineEvalPlan, byId: ReadonlyMap<string, OnlineEvalPlan>, seen: Set<string>): string | null {
  if (seen.has(one.id)) return null
  seen.add(one.id)
  let found: string | null = null
  for (const expr of [one.scope.where, one.scope.traceWhere, one.score, one.pass]) {
    if (expr === null) continue
    walkExpr(expr, (node) => {
      found ??= textOf(node)
      const other = node.op === 'verdict_of' ? byId.get(node.evalId) : undefined
      if (other !== undefined) found ??= textReadBy(other, byId, seen)
    })
  }
  return found
}

function textOf(node: Expr): string | null {
  if (node.op === 'attr') return node.name
  if (!optionalFieldsOf(node).some((field) => MASKABLE.includes(field))) return null
  return node.op === 'field' || node.op === 'trace_field' ? node.path : 'input.text'
}

/** The result as it is where the texts were read in masked form. */
export function withMaskedTexts(result: EvalResult, plan: Plan): EvalResult {
  const field = evalsThatReadTexts(plan).get(result.evalId)
  if (field === undefined || result.verdict === 'error') return result
  return { ...result, verdict: 'unknown', score: undefined, reason: { code: 'truncated', field }, evidence: [] }
}
