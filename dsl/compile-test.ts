import { MAX_CHAIN, reportLongChain } from './chains.ts'
import { reportWord } from './clauses.ts'
import type { EvalOf } from './compile-alert.ts'
import { compileChanges, compileFixture } from './compile-fixture.ts'
import { compileFile } from './compile-given-file.ts'
import { compileVerdicts } from './compile-given-verdicts.ts'
import { compileGroupOf } from './compile-labels.ts'
import type { Fix } from './diagnostics/diagnostic.ts'
import type { Project } from './elaborate/context.ts'
import { warnOfGivenFamily } from './judge-family.ts'
import { durationNs, literalValue } from './literals.ts'
import { renaming, replacement } from './machine-fix.ts'
import { mergeFixtures } from './merge-fixtures.ts'
import { findMetric } from './metrics.ts'
import { type AlertDecl, type EvalDecl, type Found, lookup, type Module, namesIn, type TestDecl } from './module.ts'
import type { AlertPlan, EvalPlan, FixtureTrace, OfflineEvalPlan, TestExpect, TestGiven, TestPlan } from './plan.ts'
import { REASONS } from './reasons.ts'
import type { ReadTraces } from './resolve.ts'
import { fieldOf, findField, isSubject } from './schema.ts'
import type { Span } from './source.ts'
import { didYouMean, soleNearest } from './suggest.ts'
import type { ExpectNode, ExprNode, GivenNode, Ident, LiteralKind } from './syntax/ast.ts'

const VERDICTS = ['pass', 'fail', 'unknown', 'error'] as const
const OUTCOMES = [...VERDICTS, 'none'] as const
const STATES = ['inactive', 'pending', 'firing', 'resolved'] as const

/** Evals and alerts by name; null when they are in error (told). */
export interface Rules {
  evalOf: EvalOf
  alertOf: (module: Module, name: string) => AlertPlan | null
  readTraces: ReadTraces
  /** Ids of evals whose judge was said to be of the family of what a test gives it: once is enough. */
  familyTold: Set<string>
}

/** Null when it is in error (told). */
export function compileTest(decl: TestDecl, module: Module, project: Project, rules: Rules): TestPlan | null {
  if (decl.damaged) return null
  const { reporter } = module
  const errorsBefore = reporter.errorCount
  const given = givenOf(decl, module, project, rules, [])
  const expect = decl.expect.flatMap((node) => compileExpect(node, module, rules, given) ?? [])
  if (decl.name.value === '') return null
  if (decl.given.length === 0 && decl.todo === null)
    reporter.report('E0416', decl.name.span, 'this test gives nothing', { label: 'add `given trace { … }`' })
  if (decl.expect.length === 0 && decl.todo === null)
    reporter.report('E0416', decl.name.span, 'this test expects nothing', { label: 'add `expect NAME: pass`' })
  if (reporter.errorCount > errorsBefore) return null
  const { line } = reporter.source.position(decl.span.start)
  const todo = decl.todo === null ? null : { why: decl.todo.why?.value ?? null }
  const { path: file, packageName } = module
  return { name: decl.name.value, package: packageName, file, line, given, expect, ...(todo !== null && { todo }) }
}

/** All that a test gives, what it takes from other tests included. `path` are the tests on the way here. */
function givenOf(
  decl: TestDecl,
  module: Module,
  project: Project,
  rules: Rules,
  path: readonly TestDecl[],
): TestGiven[] {
  let trace: TraceGiven | null = null
  const others = new Map<string, TestGiven>()
  const take = (given: TestGiven): void => {
    if (given.kind === 'trace') trace = trace === null ? given : changed(trace, given.trace)
    else if (given.kind === 'file') trace = given
    else others.set(`${given.kind} ${given.evalId}`, given)
  }
  const isSecond = (span: Span): boolean => {
    if (trace !== null) module.reporter.report('E0416', span, 'a test gives one trace', { label: 'a second one' })
    return trace !== null
  }
  for (const node of decl.given) {
    switch (node.kind) {
      case 'trace':
        isSecond(node.span)
        take({ kind: 'trace', trace: compileFixture(node.fixture, module, project) })
        break
      case 'file': {
        const given = isSecond(node.span) ? null : compileFile(node, module, rules.readTraces)
        if (given !== null) take(given)
        break
      }
      case 'like':
        for (const given of likeOf(node, module, project, rules, [...path, decl])) take(given)
        if (node.fixture !== null) take({ kind: 'trace', trace: compileChanges(node.fixture, module, project) })
        break
      case 'judge': {
        const given = compileJudged(node, module, rules)
        if (given !== null) take(given)
        break
      }
      case 'verdicts': {
        const plan = evalNamed(node.evalName, module, rules)
        const given = compileVerdicts(node, plan, module, project)
        if (given !== null) take(given)
        break
      }
    }
  }
  return [...(trace === null ? [] : [trace]), ...others.values()]
}

type TraceGiven = Extract<TestGiven, { kind: 'trace' | 'file' }>

function changed(given: TraceGiven, changes: FixtureTrace): TraceGiven {
  if (given.kind === 'trace') return { kind: 'trace', trace: mergeFixtures(given.trace, changes) }
  return { ...given, changes: [...given.changes, changes] }
}

const testsByName = new WeakMap<Module, ReadonlyMap<string, TestDecl>>()

/** The first of its name. */
function testNamed(name: string, module: Module): TestDecl | undefined {
  let byName = testsByName.get(module)
  if (byName === undefined) {
    byName = new Map([...module.tests].reverse().map((test) => [test.name.value, test]))
    testsByName.set(module, byName)
  }
  return byName.get(name)
}

function likeFix({ value, span }: { value: string; span: Span }, names: readonly string[]): { fix?: Fix } {
  const meant = soleNearest(value, names)
  return meant === null ? {} : { fix: replacement(span, JSON.stringify(meant)) }
}

function likeOf(
  node: Extract<GivenNode, { kind: 'like' }>,
  module: Module,
  project: Project,
  rules: Rules,
  path: readonly TestDecl[],
): TestGiven[] {
  if (node.test.value === '') return []
  const other = testNamed(node.test.value, module)
  if (other === undefined) {
    if (!module.file.complete) return []
    const names = module.tests.map((test) => test.name.value)
    module.reporter.report(
      'E0411',
      node.test.span,
      `there is no test "${node.test.value}" in this file${didYouMean(node.test.value, names)}`,
      { label: 'like which?', ...likeFix(node.test, names) },
    )
    return []
  }
  if (other.damaged) return []
  if (path.length >= MAX_CHAIN) {
    reportLongChain(`test "${other.name.value}"`, node.test.span, module.reporter)
    return []
  }
  if (path.includes(other)) {
    module.reporter.report('E0412', node.test.span, 'tests cannot be like each other in a circle', {
      label: 'closes the circle',
    })
    return []
  }
  return givenOf(other, module, project, rules, path)
}

function evalNamed(name: Ident, module: Module, rules: Rules): EvalPlan | null {
  const found = lookup(module, 'rules', name.text)
  if (found.kind === 'broken' || name.text === '') return null
  if (found.kind === 'absent') {
    module.reporter.report(
      'E0414',
      name.span,
      `there is no eval \`${name.text}\`${didYouMean(name.text, namesIn(module, 'rules'))}`,
      { label: 'unknown', ...renaming(name.span, name.text, namesIn(module, 'rules')) },
    )
    return null
  }
  const { decl, module: home } = found.found
  if (decl.kind === 'eval') return rules.evalOf(home, decl)
  const kind = decl.kind === 'alert' ? 'an alert' : 'a scorecard'
  module.reporter.report('E0414', name.span, `\`${name.text}\` is ${kind}, and an eval is needed`, {
    label: 'not an eval',
  })
  return null
}

function compileJudged(node: Extract<GivenNode, { kind: 'judge' }>, module: Module, rules: Rules): TestGiven | null {
  const plan = evalNamed(node.evalName, module, rules)
  if (plan === null) return null
  if (plan.kind !== 'offline') {
    module.reporter.report('E0417', node.evalName.span, `\`${node.evalName.text}\` has no judge`, {
      label: 'an online eval',
    })
    return null
  }
  const returns = node.returns
  if (returns.kind === 'path' && (returns.path === 'abstain' || returns.path === 'error'))
    return { kind: 'judge', evalId: plan.id, returns: returns.path }
  const negative = returns.kind === 'negate'
  const inner = negative ? returns.arg : returns
  const { tokens, label, low, high, shown } = scoresOf(plan)
  const value = inner.kind === 'literal' && tokens.includes(inner.token) ? literalValue(inner)?.value : undefined
  if (typeof value !== 'number') {
    if (returns.kind !== 'error')
      module.reporter.report('E0417', returns.span, 'a judge does not return this', {
        label,
      })
    return null
  }
  const score = negative ? -value : value
  if (score < low || score > high) {
    module.reporter.report(
      'E0417',
      returns.span,
      `${shown(score)} is outside of the scale of \`${node.evalName.text}\``,
      { label: `from ${shown(low)} to ${shown(high)}` },
    )
    return null
  }
  return { kind: 'judge', evalId: plan.id, returns: score }
}

interface Scores {
  readonly tokens: readonly LiteralKind[]
  readonly label: string
  readonly low: number
  readonly high: number
  readonly shown: (score: number) => string
}

/** What a judge or metric can return. */
function scoresOf({ method }: OfflineEvalPlan): Scores {
  const plain: readonly LiteralKind[] = ['int', 'decimal']
  const number = { tokens: plain, label: 'a score, `abstain` or `error`', shown: String }
  if (method.kind === 'rubric') return { ...number, ...method.scale }
  const ratio = findMetric(method.metric.name)?.result === 'ratio'
  if (!ratio) return { ...number, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  const shown = (score: number): string => `${Number((score * 100).toPrecision(12))}%`
  return { tokens: ['percent'], label: 'a percentage, `abstain` or `error`', low: 0, high: 1, shown }
}

function compileExpect(node: ExpectNode, module: Module, rules: Rules, given: readonly TestGiven[]): TestExpect | null {
  const { reporter } = module
  const { name, outcome } = node
  if (name.text === '' || outcome.text === '') return null
  const { line } = reporter.source.position(node.span.start)
  const found = lookup(module, 'rules', name.text)
  if (found.kind === 'broken') return null
  if (found.kind === 'absent') {
    reporter.report(
      'E0414',
      name.span,
      `there is no eval or alert \`${name.text}\`${didYouMean(name.text, namesIn(module, 'rules'))}`,
      { label: 'unknown', ...renaming(name.span, name.text, namesIn(module, 'rules')) },
    )
    return null
  }
  const { decl, module: home } = found.found
  if (decl.kind === 'scorecard') {
    reporter.report('E0414', name.span, `\`${name.text}\` is a scorecard, and a test expects of evals and alerts`, {
      label: 'not an eval or alert',
    })
    return null
  }
  if (outcome.text === 'todo') return expectTodo(node, rules, { decl, module: home }, line)
  if (decl.kind === 'alert') return expectAlert(node, rules.alertOf(home, decl.name.text), module, line)
  if (node.labels[0] !== undefined)
    reporter.report('E0415', node.labels[0].key.span, 'a verdict has no group: `with` is for alerts', {
      label: 'leave it out',
    })
  const verdict = OUTCOMES.find((known) => known === outcome.text)
  if (verdict === undefined)
    reportWord(reporter, name.text, { kind: 'path', path: outcome.text, span: outcome.span }, OUTCOMES)
  if (node.at !== null)
    reporter.report('E0415', node.at.span, 'a verdict has no time: `at` is for alerts', { label: 'leave it out' })
  const because = node.because === null ? null : reasonOf(node.because, module)
  const plan = rules.evalOf(home, decl)
  if (verdict === undefined || plan === null) return null
  if (verdict !== 'none') warnOfGivenFamily(given, plan, { span: name.span, reporter }, rules.familyTold)
  return { kind: 'verdict', evalId: plan.id, verdict, because, line }
}

/** It takes neither reason nor time: nothing is expected yet. */
function expectTodo(
  { because, at }: ExpectNode,
  rules: Rules,
  { decl, module }: Found<EvalDecl | AlertDecl>,
  line: number,
): TestExpect | null {
  const extra = because?.span ?? at?.span
  if (extra !== undefined)
    module.reporter.report('E0415', extra, 'what is to do has no more to say', { label: 'leave it out' })
  const plan = decl.kind === 'alert' ? rules.alertOf(module, decl.name.text) : rules.evalOf(module, decl)
  return plan === null ? null : { kind: 'todo', target: plan.id, line }
}

function expectAlert(node: ExpectNode, plan: AlertPlan | null, module: Module, line: number): TestExpect | null {
  const { reporter } = module
  const state = STATES.find((known) => known === node.outcome.text)
  if (state === undefined)
    reportWord(reporter, node.name.text, { kind: 'path', path: node.outcome.text, span: node.outcome.span }, STATES)
  if (node.because !== null)
    reporter.report('E0415', node.because.span, 'the state of an alert has no `because`', { label: 'leave it out' })
  const atNs = node.at === null ? null : durationNs(node.at.text)
  const group = plan === null ? null : compileGroupOf(node.labels, plan, module)
  if (state === undefined || plan === null || group === null) return null
  const expected = { kind: 'alert', alertId: plan.id, state, atNs, line } as const
  return node.labels.length === 0 ? expected : { ...expected, group }
}

/** A field's path, or a text that the reason has to contain. */
function reasonOf(node: ExprNode, module: Module): string | null {
  if (node.kind === 'literal' && node.token === 'text') return String(literalValue(node)?.value ?? '')
  if (node.kind === 'path' && (isField(node.path) || REASONS.has(node.path))) return node.path
  if (node.kind === 'call' && node.name.text === 'attr')
    return module.reporter.source.text.slice(node.span.start, node.span.end)
  if (node.kind === 'path') {
    const label = `a field, a reason (${[...REASONS].join(', ')}), or a text in quotes`
    module.reporter.report('E0203', node.span, `there is no field \`${node.path}\``, { label })
  } else if (node.kind !== 'error')
    module.reporter.report('E0415', node.span, '`because` takes a field or a text', {
      label: 'such as `because output.text`',
    })
  return null
}

function isField(path: string): boolean {
  if (findField(path) !== undefined) return true
  const head = path.slice(0, path.indexOf('.'))
  return isSubject(head) && fieldOf(head, path.slice(head.length + 1)) !== undefined
}
