import { traceIdSchema } from '../../server/parameters.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPii } from '../pii.ts'
import { evalNamed, loadDefinitions } from '../stored/definitions.ts'
import { findTrace, type TraceFlags } from '../stored/one-trace.ts'
import { explainJson, explainText } from './explain-report.ts'
import { explainTrace } from './explain-trace.ts'

export interface ExplainFlags extends TraceFlags {
  readonly evals?: string[]
  readonly span?: string
  readonly json?: boolean
}

/** Prints, and returns the exit code. */
export async function runExplainTrace(trace: string, evalName: string, flags: ExplainFlags): Promise<number> {
  const traceId = traceIdSchema.safeParse(trace)
  if (!traceId.success)
    return usage(`${JSON.stringify(trace)} is neither a code such as E0207 nor a trace id of 32 hex digits`)
  const definitions = loadDefinitions(flags.evals)
  if (!definitions.ok) return definitions.exitCode
  const named = evalNamed(evalName, definitions.plan)
  if (!named.ok) return usage(named.message)
  const found = await findTrace(traceId.data, flags, process.env)
  if (!found.ok) return usage(found.message)
  const { evalPlan } = named
  const subjects = explainTrace(definitions.plan, evalPlan, found.trace, loadPii(), flags.span?.toLowerCase())
  if (subjects.length === 0) {
    const { subject } = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
    return usage(
      `the trace has no ${subject}${flags.span === undefined ? '' : ` ${flags.span}`}, which ${evalPlan.id} looks at`,
    )
  }
  process.stdout.write(flags.json === true ? explainJson(evalPlan, subjects) : explainText(evalPlan, subjects))
  return exitCodes.ok
}

function usage(message: string): number {
  process.stderr.write(`assay explain: ${message}\n`)
  return exitCodes.usage
}
