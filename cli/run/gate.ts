/** `--fail-under`: least pass rates and coverages, for an agent's own CI. */
import type { Plan } from '../../dsl/plan.ts'
import { didYouMean } from '../../dsl/suggest.ts'
import type { EvalLedger } from '../../engine/evaluate/evaluator.ts'

export interface Threshold {
  measure: 'pass_rate' | 'coverage'
  /** As written: `no_pii`, `support/no_pii`; null for every live eval that is not named by itself. */
  evalName: string | null
  /** 0 to 1. */
  atLeast: number
  /** As written. */
  text: string
}

export type ThresholdsOutcome = { ok: true; thresholds: Threshold[] } | { ok: false; message: string }

const FORM = /^(pass_rate|coverage)\s*(?:\(\s*([\w-]+(?:\/[\w-]+)?)\s*\))?\s*=\s*(\d{1,3}(?:\.\d{1,6})?)%$/

/** Each text holds one threshold or several, with commas between. */
export function parseThresholds(texts: readonly string[]): ThresholdsOutcome {
  const thresholds: Threshold[] = []
  for (const part of texts.flatMap((text) => text.split(',')).map((text) => text.trim())) {
    const match = FORM.exec(part)
    const percent = Number(match?.[3])
    if (match === null || percent > 100) {
      const forms = "'pass_rate=95%', 'coverage=90%' or, of one eval, 'pass_rate(no_pii)=100%'"
      return { ok: false, message: `--fail-under takes ${forms}, not ${JSON.stringify(part)}` }
    }
    const measure = match[1] === 'coverage' ? 'coverage' : 'pass_rate'
    thresholds.push({ measure, evalName: match[2] ?? null, atLeast: percent / 100, text: part })
  }
  return { ok: true, thresholds }
}

/** Names that stand for no eval, or for several, of the plan: a sentence; null when all are right. */
export function unknownName(thresholds: readonly Threshold[], plan: Plan): string | null {
  for (const { evalName } of thresholds) {
    if (evalName === null) continue
    const found = evalsNamed(evalName, plan)
    const candidates = plan.evals.flatMap(({ id, name }) => [name, id])
    if (found.length === 0)
      return `--fail-under names ${evalName}, and there is no such eval${didYouMean(evalName, candidates)}`
    if (found.length > 1)
      return `--fail-under names ${evalName}, which is ${found.join(' and ')}: write the package too`
  }
  return null
}

function evalsNamed(name: string, plan: Plan): string[] {
  return plan.evals.filter((one) => one.id === name || one.name === name).map(({ id }) => id)
}

/**
 * Lines that say which thresholds are missed; empty when none is. One without a name holds for every live eval that none of the
 * same kind names, each by itself, and leaves out those that nothing was in scope of; a named one is missed by that, since silence is no health.
 */
export function missedThresholds(
  thresholds: readonly Threshold[],
  plan: Plan,
  ledger: readonly EvalLedger[],
): string[] {
  const rows = new Map(ledger.map((row) => [row.evalId, row]))
  const named = new Map<string, Set<string>>([
    ['pass_rate', new Set()],
    ['coverage', new Set()],
  ])
  for (const { measure, evalName } of thresholds) {
    if (evalName !== null) for (const id of evalsNamed(evalName, plan)) named.get(measure)?.add(id)
  }
  return thresholds.flatMap((threshold) => {
    const { measure, evalName } = threshold
    const ids =
      evalName === null
        ? plan.evals.filter(({ id, mode }) => mode === 'live' && !named.get(measure)?.has(id)).map(({ id }) => id)
        : evalsNamed(evalName, plan)
    return ids.flatMap((id) => missed(threshold, id, rows.get(id)) ?? [])
  })
}

function missed(
  { measure, evalName, atLeast, text }: Threshold,
  id: string,
  row: EvalLedger | undefined,
): string | null {
  const { pass = 0, fail = 0, unknown = 0, error = 0 } = row ?? {}
  const decided = pass + fail
  const all = decided + unknown + error
  if (all === 0) return evalName === null ? null : `${text}: ${id} has no verdict at all`
  const [k, n] = measure === 'pass_rate' ? [pass, decided] : [decided, all]
  if (n === 0) return `${text}: ${id} decided nothing: ${unknown} unknown, ${error} errors`
  if (k / n >= atLeast) return null
  const what = measure === 'pass_rate' ? 'passed' : 'were decided'
  return `${text}: ${id} has ${percentBelow(k / n, atLeast)} (${k} of ${n} ${what})`
}

/** Never rounded up to what it misses. */
function percentBelow(rate: number, atLeast: number): string {
  for (let digits = 1; digits < 8; digits++) {
    const text = (rate * 100).toFixed(digits)
    if (Number(text) < Number((atLeast * 100).toFixed(6))) return `${text}%`
  }
  return `${rate * 100}%`
}

/** Without thresholds: whether anything that gates failed or could not be judged for an error. */
export function anyFailed(plan: Plan, ledger: readonly EvalLedger[]): boolean {
  const live = new Set(plan.evals.filter(({ mode }) => mode === 'live').map(({ id }) => id))
  return ledger.some(({ evalId, fail, error }) => live.has(evalId) && fail + error > 0)
}
