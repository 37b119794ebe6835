/** `assay judge show EVAL TRACE`: prompts as they would be sent. */
import type { EvalPlan } from '../../dsl/plan.ts'
import { idNamed } from '../../server/id-named.ts'
import { judgedEval, promptsAbout } from '../../server/judge-prompts.ts'
import { spanIdSchema, traceIdSchema } from '../../server/parameters.ts'
import { type EvalPromptResponse, evalPromptResponseSchema } from '../../server/schemas.ts'
import { askApi } from '../commands/ask-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { configuredJudges } from '../run/configured-judges.ts'
import { openApiSource } from '../stored/api-source.ts'
import { evalNamed, loadDefinitions } from '../stored/definitions.ts'
import { type TraceFlags, withTrace } from '../stored/one-trace.ts'
import { SourceError } from '../stored/source.ts'
import { spanNamed } from '../stored/span-named.ts'
import { showJson, showText } from './show-report.ts'

export interface ShowFlags extends TraceFlags {
  readonly evals?: string[]
  readonly span?: string
  readonly json?: boolean
}

type Found =
  | { ok: true; evalPlan: EvalPlan; prompts: EvalPromptResponse }
  /** Without a message where it is told already. */
  | { ok: false; message?: string; exitCode: number }

const refused = (message: string): Found => ({ ok: false, message, exitCode: exitCodes.usage })

/** Prints, and returns the exit code. */
export async function runJudgeShow(evalName: string, trace: string, flags: ShowFlags): Promise<number> {
  const traceId = traceIdSchema.safeParse(trace)
  if (!traceId.success)
    return usage(
      /^[0-9a-f]{32}$/i.test(evalName)
        ? `the eval comes first, then the trace: assay judge show ${trace} ${evalName}`
        : `${JSON.stringify(trace)} is not a trace id of 32 hex digits`,
    )
  const { server, evals, on, data } = flags
  const isOfInstance = server !== undefined && evals === undefined && on === undefined && data === undefined
  const find = (spanId?: string): Promise<Found> =>
    isOfInstance ? inForce(evalName, traceId.data, server, spanId) : atHand(evalName, traceId.data, flags, spanId)
  const first = await find()
  const found = (isBeyond(first, flags.span) ? await foundAlone(find, flags.span) : undefined) ?? first
  if (!found.ok) return found.message === undefined ? found.exitCode : usage(found.message)
  const { evalPlan, prompts } = found
  let { subjects } = prompts
  if (flags.span !== undefined && evalPlan.kind === 'offline') {
    const ids = subjects.flatMap(({ spanId }) => spanId ?? [])
    const { subject } = evalPlan.sample.scope
    if (ids.length === 0) return usage(`${evalPlan.id} looks at ${subject}s: leave out --span`)
    const span = spanNamed(flags.span, ids, `${subject} in scope with the id`)
    if (!span.ok) return usage(span.message)
    subjects = subjects.filter(({ spanId }) => spanId === span.spanId)
  }
  const report = flags.json === true ? showJson : showText
  process.stdout.write(report({ ...prompts, subjects }, isOfInstance ? server : null))
  return exitCodes.ok
}

/** Whether there are more subjects than are shown, and the span is one of those if it is in scope at all. */
function isBeyond(found: Found, span: string | undefined): span is string {
  if (!found.ok || span === undefined || found.prompts.notShown === undefined) return false
  return !found.prompts.subjects.some(({ spanId }) => spanId?.startsWith(span.toLowerCase()))
}

/** Undefined where it is not found by itself. */
async function foundAlone(find: (spanId: string) => Promise<Found>, span: string): Promise<Found | undefined> {
  const id = spanIdSchema.safeParse(span)
  const found = id.success ? await find(id.data) : undefined
  return found?.ok === true ? found : undefined
}

/** By the definitions at hand and the configuration of this machine. */
async function atHand(evalName: string, traceId: string, flags: ShowFlags, spanId?: string): Promise<Found> {
  const definitions = loadDefinitions(flags.evals)
  if (!definitions.ok) return { ok: false, exitCode: definitions.exitCode }
  const { plan } = definitions
  const named = evalNamed(evalName, plan)
  if (!named.ok) return refused(named.message)
  const judged = judgedEval(named.evalPlan)
  if (!judged.ok) return refused(judged.message)
  const { evalPlan } = judged
  const configured = configuredJudges()
  if (!configured.ok) return refused(configured.message)
  const found = await withTrace(traceId, flags, process.env, ({ spans }, sessions) =>
    promptsAbout({ plan, evalPlan, spans, spanId, judges: configured.judges, sessions }),
  )
  if (!found.ok) return refused(found.message)
  const outcome = found.value
  return outcome.ok ? { ok: true, evalPlan, prompts: outcome.prompts } : refused(outcome.message)
}

/** As the running instance would ask: by the definitions in force there, and by its configuration. */
async function inForce(evalName: string, traceId: string, server: string, spanId?: string): Promise<Found> {
  try {
    const plan = await openApiSource(server).plan()
    if (plan === null) return refused(`${server} has no definitions`)
    // What is in force has no folder of one's own: as for assay offline, a name that two have is asked about.
    const ids = plan.evals.map(({ id }) => id)
    const named = idNamed('eval', evalName, ids)
    if (!named.ok) return refused(named.message.replace(' in force', ` in force at ${server}`))
    const evalPlan = plan.evals.find(({ id }) => id === named.id)
    if (evalPlan === undefined) return refused(`there is no eval ${named.id} in force at ${server}`)
    const judged = judgedEval(evalPlan)
    if (!judged.ok) return refused(judged.message)
    const path = `v1/evals/${encodeURIComponent(evalPlan.package)}/${encodeURIComponent(evalPlan.name)}/prompt`
    const query = { trace: traceId, ...(spanId !== undefined && { span: spanId }) }
    const answer = await askApi(server, path, query, evalPromptResponseSchema)
    return answer.ok ? { ok: true, evalPlan, prompts: answer.value } : refused(answer.message)
  } catch (error) {
    if (error instanceof SourceError) return refused(error.message)
    throw error
  }
}

function usage(message: string): number {
  process.stderr.write(`assay judge show: ${message}\n`)
  return exitCodes.usage
}
