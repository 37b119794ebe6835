/** `assay judge show EVAL TRACE`: prompts as they would be sent. */
import { randomBytes } from 'node:crypto'
import type { JudgePlan, OfflineEvalPlan, Plan } from '../../dsl/plan.ts'
import { type ShownSubject, showSubject } from '../../engine/evaluate/judge-questions.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { compileOfflineEval } from '../../engine/evaluate/offline-eval.ts'
import { viewTrace } from '../../engine/evaluate/trace-view.ts'
import type { Span } from '../../engine/model/span.ts'
import { traceIdSchema } from '../../server/parameters.ts'
import { parseJudgeName } from '../../workers/offline/providers.ts'
import { exitCodes } from '../exit-codes.ts'
import { type ConfiguredJudges, configuredJudges } from '../run/configured-judges.ts'
import { evalNamed, loadDefinitions } from '../stored/definitions.ts'
import { findTrace, type TraceFlags } from '../stored/one-trace.ts'
import { spanNamed } from '../stored/span-named.ts'
import { showJson, showText } from './show-report.ts'

export interface ShowFlags extends TraceFlags {
  readonly evals?: string[]
  readonly span?: string
  readonly json?: boolean
}

/** Prints, and returns the exit code. */
export async function runJudgeShow(evalName: string, trace: string, flags: ShowFlags): Promise<number> {
  const traceId = traceIdSchema.safeParse(trace)
  if (!traceId.success)
    return usage(
      /^[0-9a-f]{32}$/i.test(evalName)
        ? `the eval comes first, then the trace: assay judge show ${trace} ${evalName}`
        : `${JSON.stringify(trace)} is not a trace id of 32 hex digits`,
    )
  const definitions = loadDefinitions(flags.evals)
  if (!definitions.ok) return definitions.exitCode
  const { plan } = definitions
  const named = evalNamed(evalName, plan)
  if (!named.ok) return usage(named.message)
  const { evalPlan } = named
  if (evalPlan.kind === 'online') return usage(`${evalPlan.id} is an online eval: it asks no judge`)
  if (isMeasured(evalPlan)) return usage(`${evalPlan.id} asks no judge: its metric is worked out`)
  if (evalPlan.sample.scope.subject === 'session') return usage(`${evalPlan.id} is of sessions, and this is a trace`)
  const found = await findTrace(traceId.data, flags, process.env)
  if (!found.ok) return usage(found.message)
  const configured = configuredJudges()
  if (!configured.ok) return usage(configured.message)
  const judge = evalPlan.method.judge ?? configured.judges.defaultJudge
  const isDirect = givesLogprobs(judge, configured.judges)
  const subjects = await subjectsOf(plan, evalPlan, found.trace.spans, isDirect)
  if (subjects.length === 0) return usage(`nothing of the trace is in the scope of ${evalPlan.id}`)
  let shown = subjects
  if (flags.span !== undefined) {
    const ids = subjects.flatMap(({ spanId }) => spanId ?? [])
    if (ids.length === 0) return usage(`${evalPlan.id} looks at traces: leave out --span`)
    const span = spanNamed(flags.span, ids, `${evalPlan.sample.scope.subject} in scope with the id`)
    if (!span.ok) return usage(span.message)
    shown = subjects.filter(({ spanId }) => spanId === span.spanId)
  }
  const report = flags.json === true ? showJson : showText
  process.stdout.write(report(evalPlan, judge, traceId.data, shown))
  return exitCodes.ok
}

/** Whether the first of the judges is asked for log-probabilities where that can be. */
function givesLogprobs(judge: JudgePlan | null, { providers }: ConfiguredJudges): boolean {
  const provider = parseJudgeName(judge?.models[0] ?? '').provider
  return providers.some(({ name, logprobs }) => name === provider && logprobs === true)
}

async function subjectsOf(
  plan: Plan,
  evalPlan: OfflineEvalPlan,
  spans: readonly Span[],
  isDirect: boolean,
): Promise<ShownSubject[]> {
  const [first] = spans
  if (first === undefined) return []
  const compiled = compileOfflineEval(plan, evalPlan)
  const view = viewTrace(first.tenant, first.traceId, spans)
  const nonce = (): string => randomBytes(16).toString('hex')
  return Promise.all(compiled.subjects(view).map((span) => showSubject(compiled, view, span, { nonce, isDirect })))
}

function usage(message: string): number {
  process.stderr.write(`assay judge show: ${message}\n`)
  return exitCodes.usage
}
