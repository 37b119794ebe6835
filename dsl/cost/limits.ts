/** A project's own limits of cost, from its configuration. */
import type { Module } from '../module.ts'
import type { CostTerm, EvalCost } from './eval-cost.ts'
import { shortNumber } from './short-number.ts'

export interface CostLimits {
  /** Operations per subject of any one eval; null: no limit. */
  readonly perEval: number | null
  /** Of all evals together. */
  readonly total: number | null
}

/** Tells of each eval that costs more than one may, and of all together, at the costliest term. */
export function reportLimits(
  costs: readonly EvalCost[],
  limits: CostLimits,
  modules: ReadonlyMap<string, Module>,
): void {
  const { perEval, total } = limits
  const dear = costs.filter((cost) => perEval !== null && cost.operations > perEval)
  for (const cost of dear) {
    const message = `\`${nameOf(cost)}\` costs up to ${amount(cost.operations)} per ${cost.per}, and one eval may cost ${shortNumber(perEval ?? 0)}`
    report('E0701', cost, message, modules)
  }
  // What one of them costs too much is told already, and may well be all of it.
  if (dear.length > 0) return
  const sum = costs.reduce((all, cost) => all + cost.operations, 0)
  const costliest = [...costs].sort((a, b) => b.operations - a.operations)[0]
  if (total === null || sum <= total || costliest === undefined) return
  const message = `all evals together cost up to ${amount(sum)}, and may cost ${shortNumber(total)}`
  report('E0702', costliest, message, modules)
}

function report(code: 'E0701' | 'E0702', cost: EvalCost, message: string, modules: ReadonlyMap<string, Module>): void {
  const term: CostTerm | undefined = cost.terms[0]
  const reporter = modules.get(cost.file)?.reporter
  if (term === undefined || reporter === undefined) return
  const share = Math.round((term.operations / cost.operations) * 100)
  reporter.report(code, term.span, message, {
    label: `the costliest term of \`${nameOf(cost)}\`: ${amount(term.operations)}, ${share}% of it`,
    notes: ['the limit stands in assay.yaml, under `cost:`; `assay check --cost` lists every term'],
  })
}

function nameOf(cost: EvalCost): string {
  return cost.evalId.slice(cost.evalId.indexOf('/') + 1)
}

function amount(operations: number): string {
  return `${shortNumber(operations)} operations`
}
