import { explainTrace, spansLookedAt } from '../../server/explain-trace.ts'
import { traceIdSchema } from '../../server/parameters.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPii } from '../pii.ts'
import { evalNamed, loadDefinitions, ownBeforePacks } from '../stored/definitions.ts'
import { findTrace, type TraceFlags } from '../stored/one-trace.ts'
import { spanNamed } from '../stored/span-named.ts'
import { overviewJson, overviewText } from './explain-overview.ts'
import { explainJson, explainText } from './explain-report.ts'

export interface ExplainFlags extends TraceFlags {
  readonly evals?: string[]
  readonly span?: string
  readonly json?: boolean
}

/** Prints, and returns the exit code. Without an eval: what each of them makes of the trace, a line each. */
export async function runExplainTrace(
  trace: string,
  evalName: string | undefined,
  flags: ExplainFlags,
): Promise<number> {
  const traceId = traceIdSchema.safeParse(trace)
  if (!traceId.success)
    return usage(`${JSON.stringify(trace)} is neither a code such as E0207 nor a trace id of 32 hex digits`)
  if (evalName === undefined && flags.span !== undefined) return usage('--span is for one eval: name it')
  const definitions = loadDefinitions(flags.evals)
  if (!definitions.ok) return definitions.exitCode
  const { plan } = definitions
  const found = await findTrace(traceId.data, flags, process.env)
  if (!found.ok) return usage(found.message)
  const judgedBy = new Set(found.trace.results.map((result) => result.eval))
  const named = evalName === undefined ? null : evalNamed(evalName, plan, judgedBy)
  if (named !== null && !named.ok) return usage(named.message)
  const pii = loadPii()
  if (named === null) {
    // What was said of the trace comes first, also by the packs: the others may be in force nowhere.
    const said = plan.evals.filter(({ id }) => judgedBy.has(id))
    const others = plan.evals.filter(({ id }) => !judgedBy.has(id))
    const wanted = [...said, ...(flags.evals === undefined ? ownBeforePacks(others) : others)]
    const atHand = new Set(said.map(({ id }) => id))
    const elsewhere = found.trace.results.filter((result) => !atHand.has(result.eval))
    const evals = wanted.map((evalPlan) => ({
      evalPlan,
      subjects: explainTrace(plan, evalPlan, found.trace, pii.mask, undefined),
    }))
    process.stdout.write(
      flags.json === true ? overviewJson(evals, elsewhere) : overviewText(traceId.data, evals, elsewhere),
    )
    return exitCodes.ok
  }
  const { evalPlan } = named
  const spanIds = spansLookedAt(evalPlan, found.trace)
  const { subject } = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
  if (spanIds?.length === 0) return usage(`the trace has no ${subject}, which ${evalPlan.id} looks at`)
  const span =
    flags.span === undefined || spanIds === null ? null : spanNamed(flags.span, spanIds, `${subject} with the id`)
  if (span !== null && !span.ok) return usage(span.message)
  const subjects = explainTrace(plan, evalPlan, found.trace, pii.mask, span?.spanId)
  process.stdout.write(flags.json === true ? explainJson(evalPlan, subjects) : explainText(evalPlan, subjects))
  return exitCodes.ok
}

function usage(message: string): number {
  process.stderr.write(`assay explain: ${message}\n`)
  return exitCodes.usage
}
