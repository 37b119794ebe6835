/** `budget: 3 USD per run, 60 USD per month or else "openai/gpt-5-nano"`. */
import type { Clauses } from './clauses.ts'
import { literalValue } from './literals.ts'
import type { Module } from './module.ts'
import type { BudgetPlan } from './plan.ts'
import { didYouMean } from './suggest.ts'

/** `provider/model`. */
export const isModelName = (name: string): boolean => /^[^/\s]+\/\S+$/.test(name)

const PERIODS = ['run', 'month'] as const

/** Null when there is none, or it is in error (told). */
export function compileBudget(clauses: Clauses, module: Module): BudgetPlan | null {
  const node = clauses.value('budget', 'budget')?.node
  if (node === undefined) return null
  const { reporter } = module
  const errorsBefore = reporter.diagnostics.length
  const found = new Map<(typeof PERIODS)[number], number>()
  for (const { amount, per } of node.parts) {
    const period = PERIODS.find((known) => known === per.text)
    if (amount.kind === 'error' || per.text === '') return null
    const value = amount.kind === 'literal' && amount.token === 'money' ? literalValue(amount) : null
    const currency = value?.type.kind === 'money' ? value.type.currency : null
    if (typeof value?.value !== 'number' || currency === null)
      reporter.report('E0423', amount.span, 'a budget is an amount of money', { label: 'such as `3 USD per run`' })
    else if (currency !== 'USD')
      reporter.report('E0423', amount.span, `what judges cost is counted in USD, not in ${currency}`, {
        label: 'nothing here knows an exchange rate',
      })
    else if (value.value === 0)
      reporter.report('E0423', amount.span, 'nothing can be judged for nothing', { label: 'more than 0 is needed' })
    else if (period === undefined)
      reporter.report('E0423', per.span, `there is no budget per \`${per.text}\`${didYouMean(per.text, PERIODS)}`, {
        label: 'per `run` or per `month`',
      })
    else if (found.has(period))
      reporter.report('E0423', per.span, `the budget per ${period} is said twice`, { label: 'again' })
    else found.set(period, value.value)
  }
  const [perRun, perMonth] = [found.get('run') ?? null, found.get('month') ?? null]
  if (perRun !== null && perMonth !== null && perRun > perMonth)
    reporter.report('E0423', node.span, 'a run may cost more than the month that it is in', {
      label: 'per month is less than per run',
    })
  if (node.cheaper !== null && node.cheaper.value !== '' && !isModelName(node.cheaper.value))
    reporter.report('E0407', node.cheaper.span, `"${node.cheaper.value}" names no model`, {
      label: 'write "provider/model", such as "openai/gpt-5-nano"',
    })
  if (reporter.diagnostics.length > errorsBefore) return null
  const cheaper = node.cheaper?.value
  return {
    currency: 'USD',
    perRunMicros: perRun,
    perMonthMicros: perMonth,
    ...(cheaper !== undefined && cheaper !== '' && { cheaper }),
  }
}
