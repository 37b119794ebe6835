/**
 * A plan taken apart by package, and put together again: packages are published each for itself, and a role runs all that are in
 * force. Pure; a plan's tests are not part of what is published.
 */
import { hashOfPlan } from './hash.ts'
import { type PatternPlan, PLAN_VERSION, type Plan } from './plan.ts'

/** By package name: what it declares, with the patterns that this needs and no others. */
export function splitByPackage(plan: Plan): Map<string, Plan> {
  const names = new Set([...plan.evals, ...plan.alerts, ...plan.scorecards].map((declared) => declared.package))
  return new Map([...names].sort().map((name) => [name, partOf(plan, name)]))
}

function partOf(plan: Plan, name: string): Plan {
  const patterns = new PatternList()
  const renumber = (index: number): number => patterns.add(patternAt(plan, index))
  const ofPackage = <T extends { package: string }>(declared: readonly T[]): T[] =>
    declared.filter((one) => one.package === name).map((one) => withPatterns(one, renumber))
  const evals = ofPackage(plan.evals)
  const alerts = ofPackage(plan.alerts)
  const scorecards = ofPackage(plan.scorecards)
  const files = [...new Set([...evals, ...alerts, ...scorecards].map(({ file }) => file))].sort()
  return sealed({ evals, alerts, scorecards, files, patterns: patterns.all })
}

export type Joined = { ok: true; plan: Plan } | { ok: false; problems: string[] }

/** All packages as one plan. `problems`: whose verdicts are asked for, alerted on or shown, and in no package. */
export function joinPackages(plans: readonly Plan[]): Joined {
  const patterns = new PatternList()
  const evals: Plan['evals'] = []
  const alerts: Plan['alerts'] = []
  const scorecards: Plan['scorecards'] = []
  for (const plan of plans) {
    const renumber = (index: number): number => patterns.add(patternAt(plan, index))
    evals.push(...plan.evals.map((one) => withPatterns(one, renumber)))
    alerts.push(...plan.alerts.map((one) => withPatterns(one, renumber)))
    scorecards.push(...plan.scorecards)
  }
  const known = new Set(evals.map(({ id }) => id))
  const problems = [...evals, ...alerts, ...scorecards].flatMap((declared) =>
    referencesOf(declared)
      .filter((id) => !known.has(id))
      .map((id) => `${declared.id} needs ${id}, which is in no package in force`),
  )
  if (problems.length > 0) return { ok: false, problems: [...new Set(problems)] }
  const files = [...new Set(plans.flatMap((plan) => plan.files))].sort()
  return { ok: true, plan: sealed({ evals, alerts, scorecards, files, patterns: patterns.all }) }
}

/** What came from elsewhere is a plan that this version compiled, unchanged: its version and its hash say so. */
export function isIntact(plan: unknown): plan is Plan {
  return whyNotIntact(plan) === null
}

/** What keeps this version from taking up a plan, with what to do; null when nothing does. */
export function whyNotIntact(plan: unknown): string | null {
  if (typeof plan !== 'object' || plan === null) return 'is not a plan'
  const { hash, ...rest } = plan as Plan
  const version: unknown = rest.version
  if (version !== PLAN_VERSION)
    return typeof version === 'number'
      ? `is a plan of version ${version}, and this Assay reads version ${PLAN_VERSION}: push with the same version of Assay`
      : 'is not a plan'
  return typeof hash === 'string' && hashOfPlan(rest) === hash ? null : 'is damaged: its hash is of another plan'
}

function sealed(parts: Pick<Plan, 'evals' | 'alerts' | 'scorecards' | 'files' | 'patterns'>): Plan {
  const { patterns, evals, alerts, scorecards, files } = parts
  const plan: Omit<Plan, 'hash'> = { version: PLAN_VERSION, patterns, evals, alerts, scorecards, tests: [], files }
  return { ...plan, hash: hashOfPlan(plan) }
}

class PatternList {
  readonly all: PatternPlan[] = []
  readonly #indexes = new Map<string, number>()

  add(pattern: PatternPlan): number {
    const text = JSON.stringify(pattern)
    const known = this.#indexes.get(text)
    if (known !== undefined) return known
    this.#indexes.set(text, this.all.length)
    return this.all.push(pattern) - 1
  }
}

function patternAt(plan: Plan, index: number): PatternPlan {
  const pattern = plan.patterns[index]
  if (pattern === undefined) throw new RangeError('a plan refers to a pattern that it does not have')
  return pattern
}

/** A copy in which every list under a key `patterns`, which holds indexes wherever it stands, is renumbered. */
function withPatterns<T>(value: T, renumber: (index: number) => number): T {
  return copy(value) as T
  function copy(item: unknown, key = ''): unknown {
    if (Array.isArray(item)) {
      return key === 'patterns' ? item.map((index) => renumber(Number(index))) : item.map((one) => copy(one))
    }
    if (typeof item !== 'object' || item === null) return item
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, copy(inner, name)]))
  }
}

/** Evals by id, wherever they are named. */
function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'evalId' && typeof inner === 'string' ? [inner] : referencesOf(inner),
  )
}

/** Where nothing was declared. */
export const EMPTY_PLAN: Plan = sealed({ evals: [], alerts: [], scorecards: [], files: [], patterns: [] })
