/** What a change of definitions means: by the hashes that results are stored under, with the clauses that were changed. */
import { walkExpr } from './expr-walk.ts'
import { readsOnlyScore } from './hash.ts'
import type { AlertPlan, EvalPlan, Expr, PatternPlan, Plan, ScorecardPlan, TestPlan } from './plan.ts'
import { clausesOfEval, clausesOfRule, type PrintedClause } from './print-clauses.ts'
import { type PrintOptions, patternMeaning, patternName } from './print-expr.ts'

/**
 * `series`: what is measured; a new series starts, charts show the break, alerts' baselines begin anew. `verdicts`: verdicts are
 * derived again from stored scores. `redaction`: what is masked before it is stored. `mode`: live or shadow. `metadata`: all else.
 */
export type Effect = 'series' | 'verdicts' | 'redaction' | 'mode' | 'metadata'

/** Gravest first. */
export const EFFECTS: readonly Effect[] = ['series', 'verdicts', 'redaction', 'mode', 'metadata']

export interface ClauseChange {
  clause: string
  effect: Effect
  /** Null when the clause is not there. */
  before: string | null
  after: string | null
}

export interface Declared {
  /** `package/name`. */
  id: string
  file: string
  line: number
}

export type EvalDiff = Declared &
  (
    | { change: 'new'; looksLike: string | null }
    | { change: 'removed'; looksLike: string | null }
    /** `from`: its former id, when it says `was:`. */
    | { change: 'changed'; from: string | null; effects: Effect[]; changes: ClauseChange[] }
  )

export type RuleEffect = 'rule' | 'routing'

export interface RuleChange {
  clause: string
  effect: RuleEffect
  before: string | null
  after: string | null
}

/** An alert or a scorecard. `rule`: when it speaks. `routing`: to whom, and how it is called. */
export type RuleDiff = Declared & { kind: string } & (
    | { change: 'new' | 'removed' }
    /** `from`: the former id of an alert that says `was:`. */
    | { change: 'changed'; from: string | null; effects: RuleEffect[]; changes: RuleChange[] }
  )

export interface TestDiff {
  change: 'new' | 'removed' | 'changed'
  name: string
  package: string
  file: string
  line: number
}

export interface PlanDiff {
  /** By id; those that are the same are left out. */
  evals: EvalDiff[]
  rules: RuleDiff[]
  tests: TestDiff[]
}

export function isEmptyDiff({ evals, rules, tests }: PlanDiff): boolean {
  return evals.length + rules.length + tests.length === 0
}

export function diffPlans(before: Plan, after: Plan): PlanDiff {
  return { evals: diffEvals(before, after), rules: diffRules(before, after), tests: diffTests(before, after) }
}

/** One of each side that are the same eval: by id, or by what the later one `was`. */
export function pairEvals(before: Plan, after: Plan): Pair<EvalPlan>[] {
  return pairById(before.evals, after.evals)
}

export interface Pair<T> {
  from: T | null
  to: T | null
}

/** All of after in their order, then what is left of before. */
function pairById<T extends { id: string; was?: readonly string[] }>(
  before: readonly T[],
  after: readonly T[],
): Pair<T>[] {
  const left = new Map(before.map((one) => [one.id, one]))
  const newIds = new Set(after.map(({ id }) => id))
  const pairs = after.map((to): Pair<T> => {
    // What kept its name is itself, also where another claims to have been it.
    const id = left.has(to.id) ? to.id : to.was?.find((former) => left.has(former) && !newIds.has(former))
    const from = id === undefined ? null : (left.get(id) ?? null)
    if (id !== undefined) left.delete(id)
    return { from, to }
  })
  return [...pairs, ...[...left.values()].map((from): Pair<T> => ({ from, to: null }))]
}

/** Ids of before to those of after. */
function renamesOf(pairs: readonly Pair<{ id: string }>[]): Map<string, string> {
  return new Map(pairs.flatMap(({ from, to }) => (from && to ? [[from.id, to.id] as const] : [])))
}

function diffEvals(before: Plan, after: Plan): EvalDiff[] {
  const pairs = pairEvals(before, after)
  const renamed = renamesOf(pairs)
  const gone = pairs.flatMap(({ from, to }) => (to === null && from !== null ? [from] : []))
  const added = pairs.flatMap(({ from, to }) => (from === null && to !== null ? [to] : []))
  const twin = (plan: EvalPlan, others: readonly EvalPlan[]): string | null =>
    others.find(({ measureHash }) => measureHash === plan.measureHash)?.id ?? null
  const changedIds = new Set(
    pairs.flatMap(({ from, to }) => (to !== null && (from === null || hashesDiffer(from, to)) ? [to.id] : [])),
  )
  const diffs = pairs.flatMap(({ from, to }): EvalDiff[] => {
    if (to === null) return from === null ? [] : [{ ...placeOf(from), change: 'removed', looksLike: twin(from, added) }]
    if (from === null) return [{ ...placeOf(to), change: 'new', looksLike: twin(to, gone) }]
    const changes = changesOfEval(
      { plan: from, patterns: before.patterns },
      { plan: to, patterns: after.patterns },
      { renamed, changedIds },
    )
    const formerId = from.id === to.id ? null : from.id
    if (changes.length === 0 && formerId === null) return []
    const effects = EFFECTS.filter((effect) => changes.some((change) => change.effect === effect))
    return [{ ...placeOf(to), change: 'changed', from: formerId, effects, changes }]
  })
  return diffs.sort(byId)
}

function hashesDiffer(a: EvalPlan, b: EvalPlan): boolean {
  return a.measureHash !== b.measureHash || a.verdictHash !== b.verdictHash
}

interface Side {
  plan: EvalPlan
  patterns: readonly PatternPlan[]
}

interface Others {
  /** Ids of before to those of after. */
  renamed: ReadonlyMap<string, string>
  /** Ids of after whose meaning is new. */
  changedIds: ReadonlySet<string>
}

function changesOfEval(from: Side, to: Side, { renamed, changedIds }: Others): ClauseChange[] {
  const seriesBroken = from.plan.measureHash !== to.plan.measureHash
  const decisionStandsAlone = readsOnlyScore(from.plan.pass) && readsOnlyScore(to.plan.pass)
  const names = unclearNames(from.patterns, to.patterns)
  const evalName = (id: string): string => renamed.get(id) ?? id
  const changes = changedClauses(
    clausesInBoth(from.patterns, names, (options) => clausesOfEval(from.plan, { ...options, evalName })),
    clausesInBoth(to.patterns, names, (options) => clausesOfEval(to.plan, options)),
  ).map(({ measuredToo, ...change }): ClauseChange => {
    const { clause } = change
    if (clause === 'redact') return { ...change, effect: 'redaction' }
    if (clause === 'mode') return { ...change, effect: 'mode' }
    if (clause === 'pass' || clause === 'missing')
      return { ...change, effect: seriesBroken && !decisionStandsAlone ? 'series' : 'verdicts' }
    return { ...change, effect: seriesBroken && measuredToo ? 'series' : 'metadata' }
  })
  const shown = new Set(changes.map(({ effect }) => effect))
  if (seriesBroken && !shown.has('series')) changes.push(throughOthers(to.plan, 'series', changedIds))
  else if (from.plan.verdictHash !== to.plan.verdictHash && !shown.has('series') && !shown.has('verdicts'))
    changes.push(throughOthers(to.plan, 'verdicts', changedIds))
  return changes.sort((a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect))
}

/** The eval's own words are the same: what they stand for elsewhere has changed. */
function throughOthers(plan: EvalPlan, effect: Effect, changedIds: ReadonlySet<string>): ClauseChange {
  const asked = new Set<string>()
  const note = (expr: Expr | null): void => {
    if (expr !== null) walkExpr(expr, (inner) => inner.op === 'verdict_of' && asked.add(inner.evalId))
  }
  const scope = plan.kind === 'online' ? plan.scope : plan.sample.scope
  for (const expr of [scope.where, scope.traceWhere, plan.pass, plan.kind === 'online' ? plan.score : null]) note(expr)
  const changed = [...asked].filter((id) => changedIds.has(id))
  const after =
    changed.length > 0
      ? `asks for the verdict of ${changed.join(', ')}, which has changed`
      : 'its words are the same; the meaning of a field that it reads, or the words of the judge’s prompt, have changed'
  return { clause: 'reads', effect, before: null, after }
}

interface Both {
  names: PrintedClause[]
  meanings: PrintedClause[]
}

function clausesInBoth(
  patterns: readonly PatternPlan[],
  unclear: ReadonlySet<string>,
  print: (options: PrintOptions) => PrintedClause[],
): Both {
  const patternText = (pattern: PatternPlan): string =>
    unclear.has(pattern.name) ? patternMeaning(pattern) : patternName(pattern)
  return {
    names: print({ patterns, patternText }),
    meanings: print({ patterns, patternText: patternMeaning }),
  }
}

/** Names that stand for one pattern before and for another after: by name, a change of them would not show. */
function unclearNames(before: readonly PatternPlan[], after: readonly PatternPlan[]): Set<string> {
  const meanings = new Map(before.map((pattern) => [pattern.name, patternMeaning(pattern)]))
  const unclear = after
    .filter(({ name }) => meanings.has(name))
    .filter((one) => meanings.get(one.name) !== patternMeaning(one))
  return new Set(unclear.map(({ name }) => name))
}

interface Changed {
  clause: string
  before: string | null
  after: string | null
  /** Not only what stands around the measure, such as a sample's size. */
  measuredToo: boolean
}

/** Compared by meaning; told in the file's own names, where these show the difference. */
function changedClauses(from: Both, to: Both): Changed[] {
  const empty = { text: '', measured: '' }
  const find = (clauses: readonly PrintedClause[], name: string) =>
    clauses.find(({ clause }) => clause === name) ?? empty
  const order = [...new Set([...to.meanings, ...from.meanings].map(({ clause }) => clause))]
  return order.flatMap((clause) => {
    const [before, after] = [find(from.meanings, clause), find(to.meanings, clause)]
    if (before.text === after.text) return []
    const [named, renamed] = [find(from.names, clause).text, find(to.names, clause).text]
    const [left, right] = named === renamed ? [before.text, after.text] : [named, renamed]
    const orNull = (text: string): string | null => (text === '' ? null : text)
    return [{ clause, before: orNull(left), after: orNull(right), measuredToo: before.measured !== after.measured }]
  })
}

const ROUTING = new Set(['title', 'owner', 'severity', 'notify', 'mode'])

function diffRules(before: Plan, after: Plan): RuleDiff[] {
  const pairs = pairById(rulesOf(before), rulesOf(after))
  const names = unclearNames(before.patterns, after.patterns)
  const renamed = renamesOf(pairEvals(before, after))
  const evalName = (id: string): string => renamed.get(id) ?? id
  const diffs = pairs.flatMap(({ from, to }): RuleDiff[] => {
    if (from === null) return to === null ? [] : [{ ...placeOf(to), kind: to.kind, change: 'new' }]
    if (to === null) return [{ ...placeOf(from), kind: from.kind, change: 'removed' }]
    const changes = changedClauses(
      clausesInBoth(before.patterns, names, (options) => clausesOfRule(from, { ...options, evalName })),
      clausesInBoth(after.patterns, names, (options) => clausesOfRule(to, options)),
    ).map(({ measuredToo: _, ...change }): RuleChange => {
      return { ...change, effect: ROUTING.has(change.clause) ? 'routing' : 'rule' }
    })
    const formerId = from.id === to.id ? null : from.id
    if (changes.length === 0 && formerId === null) return []
    const effects = (['rule', 'routing'] as const).filter((effect) => changes.some((one) => one.effect === effect))
    return [{ ...placeOf(to), kind: to.kind, change: 'changed', from: formerId, effects, changes }]
  })
  return diffs.sort(byId)
}

function rulesOf(plan: Plan): (AlertPlan | ScorecardPlan)[] {
  return [...plan.alerts, ...plan.scorecards]
}

function diffTests(before: Plan, after: Plan): TestDiff[] {
  const [left, right] = [testsOf(before), testsOf(after)]
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key): TestDiff[] => {
    const [from, to] = [left.get(key), right.get(key)]
    const test = to ?? from
    if (test === undefined || (from !== undefined && to !== undefined && meaningOf(from) === meaningOf(to))) return []
    const { name, package: packageName, file, line } = test
    const change = from === undefined ? 'new' : to === undefined ? 'removed' : 'changed'
    return [{ change, name, package: packageName, file, line }]
  })
}

/** Names may repeat over the files of a package: the n-th of a name is compared to the n-th. */
function testsOf(plan: Plan): Map<string, TestPlan> {
  const seen = new Map<string, number>()
  const tests = new Map<string, TestPlan>()
  for (const test of plan.tests) {
    const key = `${test.package}/${test.name}`
    const nth = seen.get(key) ?? 0
    seen.set(key, nth + 1)
    tests.set(`${key}#${nth}`, test)
  }
  return tests
}

function meaningOf({ given, expect }: TestPlan): string {
  return JSON.stringify({ given, expect }, (key, value: unknown) => (key === 'line' ? undefined : value))
}

function placeOf({ id, file, line }: Declared): Declared {
  return { id, file, line }
}

function byId(a: Declared, b: Declared): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
