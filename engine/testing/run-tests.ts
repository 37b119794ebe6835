/** Runs the `test` blocks of a plan. Pure: no clock, no network; alerts run on virtual time and judges say what the test says. */
import type { Plan, TestExpect, TestGiven, TestPlan, ValueType } from '../../dsl/plan.ts'
import { formatDuration, formatRule } from '../alerting/rule-text.ts'
import { scoreTypeOf } from '../evaluate/score.ts'
import { graver } from '../evaluate/verdict.ts'
import type { EvalResult } from '../model/result.ts'
import type { PatternSet } from '../regex/patterns.ts'
import { alertAt, observationsFrom, observationsOf } from './alert-states.ts'
import { describeWhy, isBecause, reasonName } from './describe.ts'
import { type BuiltTrace, buildTrace } from './fixture-trace.ts'
import type { ExpectationOutcome, TestOutcome, TestReport } from './report.ts'
import { createVerdictSource, type VerdictSource } from './verdicts.ts'

export interface RunTestsOptions {
  /** Which tests to run; all by default. */
  readonly filter?: (test: TestPlan) => boolean
  /** Compiled from the plan by default; given to share them. */
  readonly patterns?: PatternSet
}

export function runTests(plan: Plan, options: RunTestsOptions = {}): TestReport {
  const source = createVerdictSource(plan, options.patterns)
  const chosen = options.filter === undefined ? plan.tests : plan.tests.filter(options.filter)
  const tests = chosen.map((test, ordinal) => runTest(plan, test, source, ordinal))
  const passed = tests.filter((test) => test.ok).length
  return { tests, passed, failed: tests.length - passed }
}

interface Scene {
  readonly plan: Plan
  readonly given: readonly TestGiven[]
  readonly trace: BuiltTrace | null
  readonly source: VerdictSource
}

function runTest(plan: Plan, test: TestPlan, source: VerdictSource, ordinal: number): TestOutcome {
  const given = test.given.find((one) => one.kind === 'trace')
  const scene: Scene = {
    plan,
    given: test.given,
    trace: given === undefined ? null : buildTrace(given.trace, ordinal),
    source,
  }
  const expectations = test.expect.map((expect) =>
    expect.kind === 'verdict' ? checkVerdict(scene, expect) : checkAlert(scene, expect),
  )
  const { name, package: packageName, file, line } = test
  return { name, package: packageName, file, line, ok: expectations.every((one) => one.ok), expectations }
}

function checkVerdict(scene: Scene, expect: Extract<TestExpect, { kind: 'verdict' }>): ExpectationOutcome {
  const { evalId, verdict, because, line } = expect
  const common = { line, target: evalId, expected: because === null ? verdict : `${verdict} because ${because}` }
  const outcome = resultsOf(scene, evalId)
  if (typeof outcome === 'string') return { ...common, ok: false, actual: 'none', why: outcome }

  let actual: ReturnType<typeof graver> = 'none'
  for (const result of outcome) actual = graver(actual, result.verdict)
  const decisive = outcome.filter((result) => result.verdict === actual)
  const matching = because === null ? decisive[0] : decisive.find((result) => isBecause(result.reason, because))
  const shown = matching ?? decisive[0]
  const ok = actual === verdict && (because === null || matching !== undefined)
  if (shown === undefined) {
    const why = scene.trace === null ? 'the test gives no trace' : 'nothing in the trace is in its scope'
    return { ...common, ok, actual, why: ok ? null : why }
  }
  return {
    ...common,
    ok,
    actual: because !== null && shown.reason !== undefined ? `${actual} because ${reasonName(shown.reason)}` : actual,
    why: describeWhy(shown, scoreTypeIn(scene.plan, evalId)),
    ...(shown.score !== undefined && { score: shown.score }),
    ...(shown.reason !== undefined && { reason: shown.reason }),
    ...(shown.evidence.length > 0 && { evidence: shown.evidence }),
  }
}

/** Results of the eval on the test's trace, or a sentence that says why there are none. */
function resultsOf({ trace, given, source }: Scene, evalId: string): readonly EvalResult[] | string {
  if (trace === null) return []
  const judge = given.find((one) => one.kind === 'judge' && one.evalId === evalId)
  const returns = judge?.kind === 'judge' ? judge.returns : undefined
  const outcome = source.resultsOf(evalId, trace, returns)
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
  const { alertId, state, atNs, line } = expect
  const at = atNs === null ? '' : ` at ${formatDuration(atNs / 1e6)}`
  const common = { line, target: alertId, expected: `${state}${at}` }
  const alert = scene.plan.alerts.find((one) => one.id === alertId)
  if (alert === undefined) return { ...common, ok: false, actual: 'none', why: `there is no alert ${alertId}` }
  const streams = scene.given.filter((one) => one.kind === 'verdicts')
  let observations = observationsOf(streams, alert.onEvalId)
  if (observations.length === 0 && scene.trace !== null) {
    const results = resultsOf(scene, alert.onEvalId)
    if (typeof results === 'string') return { ...common, ok: false, actual: 'none', why: results }
    observations = observationsFrom(results)
  }
  const outcome = alertAt(alert, observations, atNs === null ? null : atNs / 1e6)
  return {
    ...common,
    ok: outcome.state === state,
    actual: `${outcome.state}${at}`,
    why: outcome.history === null ? `nothing moved it: ${formatRule(alert.when)}` : `it was ${outcome.history}`,
  }
}
