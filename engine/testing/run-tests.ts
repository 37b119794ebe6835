/** Runs the `test` blocks of a plan. Pure: no clock, no network; alerts run on virtual time and judges say what the test says. */
import type { Plan, TestExpect, TestGiven, TestPlan, ValueType } from '../../dsl/plan.ts'
import { formatDuration, formatRule } from '../alerting/rule-text.ts'
import { runAlertsOf, watchedEvalId } from '../alerting/run-alert.ts'
import type { Explanation } from '../evaluate/explain/tree.ts'
import { scoreTypeOf } from '../evaluate/score.ts'
import { graver } from '../evaluate/verdict.ts'
import type { EvalResult } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import type { PatternSet } from '../regex/patterns.ts'
import { alertAt, observationsFrom, observationsOf } from './alert-states.ts'
import { describeWhy, isBecause, reasonName } from './describe.ts'
import { type BuiltTrace, buildTrace } from './fixture-trace.ts'
import { buildRecorded } from './recorded-trace.ts'
import type { ExpectationOutcome, TestOutcome, TestReport } from './report.ts'
import { createVerdictSource, type SubjectAsked, type VerdictSource } from './verdicts.ts'

export interface RunTestsOptions {
  /** Which tests to run; all by default. */
  readonly filter?: (test: TestPlan) => boolean
  /** Compiled from the plan by default; given to share them. */
  readonly patterns?: PatternSet
  /** The spans of a recorded trace; null for the only one of its file. Throws where the file is not as it was when it was compiled. */
  readonly traceOf?: (file: string, traceId: string | null) => readonly Span[]
  /** Stop at the first failure. */
  readonly bail?: boolean
  /** What the durations of tests are measured by; without it they are 0. */
  readonly clockMs?: () => number
}

export function runTests(plan: Plan, options: RunTestsOptions = {}): TestReport {
  const source = createVerdictSource(plan, options.patterns)
  const chosen = options.filter === undefined ? plan.tests : plan.tests.filter(options.filter)
  const tests: TestOutcome[] = []
  for (const test of chosen) {
    tests.push(runTest(plan, test, source, tests.length, options))
    if (options.bail === true && tests.at(-1)?.ok === false) break
  }
  const count = (status: TestOutcome['status']): number => tests.filter((test) => test.status === status).length
  const skipped = chosen.length - tests.length
  return { tests, passed: count('passed'), failed: count('failed'), todo: count('todo'), skipped }
}

type JudgeReturns = Extract<TestGiven, { kind: 'judge' }>['returns'] | undefined

interface Scene {
  readonly plan: Plan
  readonly given: readonly TestGiven[]
  readonly trace: BuiltTrace | null
  readonly source: VerdictSource
}

function runTest(
  plan: Plan,
  test: TestPlan,
  source: VerdictSource,
  ordinal: number,
  { traceOf, clockMs = () => 0 }: RunTestsOptions,
): TestOutcome {
  const startedMs = clockMs()
  const scene: Scene = {
    plan,
    given: test.given,
    trace: sceneTrace(test.given, ordinal, traceOf),
    source,
  }
  const expectations = test.expect.map((expect) => check(scene, expect))
  const { name, package: packageName, file, line, todo } = test
  const isTodo = todo !== undefined || expectations.some((one) => one.todo === true)
  const failed = todo === undefined && expectations.some((one) => !one.ok)
  return {
    name,
    package: packageName,
    file,
    line,
    ok: !failed,
    status: failed ? 'failed' : isTodo ? 'todo' : 'passed',
    ...(isTodo && { todo: todo?.why ?? null }),
    durationMs: clockMs() - startedMs,
    expectations,
  }
}

function check(scene: Scene, expect: TestExpect): ExpectationOutcome {
  switch (expect.kind) {
    case 'verdict':
      return checkVerdict(scene, expect)
    case 'todo':
      return checkTodo(scene, expect)
    case 'alert':
      return checkAlert(scene, expect)
  }
}

function sceneTrace(
  given: readonly TestGiven[],
  ordinal: number,
  traceOf: RunTestsOptions['traceOf'],
): BuiltTrace | null {
  for (const one of given) {
    if (one.kind === 'trace') return buildTrace(one.trace, ordinal)
    if (one.kind !== 'file') continue
    if (traceOf === undefined) throw new TypeError(`nobody reads ${one.file} for a test`)
    return buildRecorded(traceOf(one.file, one.traceId), one.changes)
  }
  return null
}

/** What comes out now, for whoever is to write what should. */
function checkTodo(scene: Scene, { target, line }: Extract<TestExpect, { kind: 'todo' }>): ExpectationOutcome {
  const isEval = scene.plan.evals.some((one) => one.id === target)
  const now = isEval
    ? checkVerdict(scene, { kind: 'verdict', evalId: target, verdict: 'none', because: null, line })
    : checkAlert(scene, { kind: 'alert', alertId: target, state: 'inactive', atNs: null, line })
  return { ...now, ok: true, expected: 'todo', todo: true }
}

function checkVerdict(scene: Scene, expect: Extract<TestExpect, { kind: 'verdict' }>): ExpectationOutcome {
  const { evalId, verdict, because, line } = expect
  const common = { line, target: evalId, expected: because === null ? verdict : `${verdict} because ${because}` }
  const outcome = resultsOf(scene, evalId)
  if (typeof outcome === 'string') return { ...common, ok: false, actual: 'none', why: outcome }

  let actual: ReturnType<typeof graver> = 'none'
  for (const result of outcome) actual = graver(actual, result.verdict)
  const decisive = outcome.filter((result) => result.verdict === actual)
  const matching = because === null ? decisive[0] : decisive.find((result) => isBecause(result, because))
  const shown = matching ?? decisive[0]
  const ok = actual === verdict && (because === null || matching !== undefined)
  if (shown === undefined) {
    const why = scene.trace === null ? 'the test gives no trace' : 'nothing in the trace is in its scope'
    return { ...common, ok, actual, why: ok ? null : why, ...(!ok && treeOf(scene, evalId, 'first')) }
  }
  return {
    ...common,
    ok,
    actual: because !== null && shown.reason !== undefined ? `${actual} because ${reasonName(shown.reason)}` : actual,
    why: describeWhy(shown, scoreTypeIn(scene.plan, evalId)),
    ...(shown.score !== undefined && { score: shown.score }),
    ...(shown.reason !== undefined && { reason: shown.reason }),
    ...(shown.evidence.length > 0 && { evidence: shown.evidence }),
    ...(!ok && treeOf(scene, evalId, shown)),
  }
}

/** Worked out of failures alone: it costs far more than the verdict. */
function treeOf(scene: Scene, evalId: string, subject: SubjectAsked): { tree?: Explanation } {
  const { trace, source } = scene
  const tree = trace === null ? null : source.explain(evalId, trace, subject, judgeReturns(scene, evalId))
  return tree === null ? {} : { tree }
}

function judgeReturns({ given }: Scene, evalId: string): JudgeReturns {
  const judge = given.find((one) => one.kind === 'judge' && one.evalId === evalId)
  return judge?.kind === 'judge' ? judge.returns : undefined
}

/** Results of the eval on the test's trace, or a sentence that says why there are none. */
function resultsOf(scene: Scene, evalId: string): readonly EvalResult[] | string {
  const { trace, source } = scene
  if (trace === null) return []
  const outcome = source.resultsOf(evalId, trace, judgeReturns(scene, evalId))
  switch (outcome.kind) {
    case 'results':
      return outcome.results
    case 'no_judge':
      return `it needs a judge: say \`given ${evalId.slice(evalId.lastIndexOf('/') + 1)} judge returns …\``
    case 'no_eval':
      return `there is no eval ${evalId}`
  }
}

function scoreTypeIn(plan: Plan, evalId: string): ValueType | null {
  const evalPlan = plan.evals.find((one) => one.id === evalId)
  return evalPlan?.kind === 'online' && evalPlan.score !== null ? scoreTypeOf(evalPlan.score) : null
}

function checkAlert(scene: Scene, expect: Extract<TestExpect, { kind: 'alert' }>): ExpectationOutcome {
  const { alertId, state, atNs, group, line } = expect
  const at = atNs === null ? '' : ` at ${formatDuration(atNs / 1e6)}`
  const common = { line, target: alertId, expected: `${state}${at}` }
  const alert = runAlertsOf(scene.plan).find((one) => one.id === alertId)
  if (alert === undefined) return { ...common, ok: false, actual: 'none', why: `there is no alert ${alertId}` }
  const evalId = watchedEvalId(alert)
  const streams = scene.given.filter((one) => one.kind === 'verdicts').filter((one) => one.evalId === evalId)
  let observations = observationsOf(streams, (score) => scene.source.verdictOf(evalId, score))
  if (observations.length === 0 && scene.trace !== null) {
    const results = resultsOf(scene, evalId)
    if (typeof results === 'string') return { ...common, ok: false, actual: 'none', why: results }
    observations = observationsFrom(results, alert)
  }
  const outcome = alertAt(alert, observations, atNs === null ? null : atNs / 1e6, group)
  return {
    ...common,
    ok: outcome.state === state,
    actual: `${outcome.state}${at}`,
    why: outcome.history === null ? `nothing moved it: ${formatRule(alert.when)}` : `it was ${outcome.history}`,
  }
}
