/** What the judges of an offline eval are asked about a trace or a session, by the code that asks them: for the API and `assay judge show`. */
import { randomBytes } from 'node:crypto'
import type { EvalPlan, OfflineEvalPlan, Plan } from '../dsl/plan.ts'
import { type ShownSubject, showSubject } from '../engine/evaluate/judge-questions.ts'
import { isMeasured } from '../engine/evaluate/measure.ts'
import { compileOfflineEval } from '../engine/evaluate/offline-eval.ts'
import { describeReason } from '../engine/evaluate/reason-text.ts'
import { viewSession } from '../engine/evaluate/session-view.ts'
import { viewTrace } from '../engine/evaluate/trace-view.ts'
import type { JudgesInForce } from '../engine/judge/in-force.ts'
import type { Span } from '../engine/model/span.ts'
import { type SessionReader, sessionAround } from '../storage/traces/session-around.ts'
import type { EvalPromptResponse } from './schemas.ts'

export type PromptsOutcome = { ok: true; prompts: EvalPromptResponse } | { ok: false; message: string }

export interface PromptsAsked {
  readonly plan: Plan
  readonly evalPlan: OfflineEvalPlan
  /** Of the trace, at least one. */
  readonly spans: readonly Span[]
  /** About this one alone, where the eval looks at spans. */
  readonly spanId?: string | undefined
  /** As they are configured: who is asked where the eval names nobody, and whether its first judge answers by one token. */
  readonly judges: JudgesInForce
  readonly sessions: SessionReader
}

/** Each prompt may be of some ten thousand characters. */
const MAX_SUBJECTS = 100

export type JudgedEval = { ok: true; evalPlan: OfflineEvalPlan } | { ok: false; message: string }

/** The eval as one that has a judge to ask. */
export function judgedEval(evalPlan: EvalPlan): JudgedEval {
  if (evalPlan.kind === 'online') return { ok: false, message: `${evalPlan.id} is an online eval: it asks no judge` }
  if (isMeasured(evalPlan)) return { ok: false, message: `${evalPlan.id} asks no judge: its metric is worked out` }
  return { ok: true, evalPlan }
}

/** Nobody is asked. `evalPlan` is that of `judgedEval`. */
export async function promptsAbout(asked: PromptsAsked): Promise<PromptsOutcome> {
  const { plan, evalPlan, spans, spanId, judges } = asked
  const { id, method, sample } = evalPlan
  const [{ tenant, traceId }] = spans as [Span]
  const session = sample.scope.subject === 'session' ? await sessionAround(spans, asked.sessions) : undefined
  if (session === null) return { ok: false, message: `${id} is of sessions, and trace ${traceId} names none` }
  const view =
    session === undefined
      ? viewTrace(tenant, traceId, spans)
      : viewSession(tenant, session.traceIds[0] ?? traceId, session.spans, session.isCut)
  const compiled = compileOfflineEval(plan, evalPlan)
  const subjects = compiled.subjects(view).filter((one) => spanId === undefined || one?.spanId === spanId)
  if (subjects.length === 0)
    return {
      ok: false,
      message: `nothing of the ${session === undefined ? 'trace' : 'session'} is in the scope of ${id}`,
    }
  const judge = method.judge ?? judges.defaultJudge
  const first = judge?.models[0]
  const provider = first?.slice(0, Math.max(0, first.indexOf('/')))
  const isDirect = judges.providers.some(({ name, logprobs }) => name === provider && logprobs === true)
  const nonce = (): string => randomBytes(16).toString('hex')
  const shown: ShownSubject[] = []
  for (const span of subjects.slice(0, MAX_SUBJECTS))
    shown.push(await showSubject(compiled, view, span, { nonce, isDirect }))
  const prompts: EvalPromptResponse = {
    eval: id,
    traceId: view.traceId,
    ...(session !== undefined && { session: session.sessionId, traces: [...session.traceIds] }),
    judges: [...(judge?.models ?? [])],
    fallbacks: [...(judge?.fallbacks ?? [])],
    subjects: shown.map(subjectJson),
    ...(subjects.length > MAX_SUBJECTS && { notShown: subjects.length - MAX_SUBJECTS }),
  }
  return { ok: true, prompts }
}

function subjectJson({ spanId, questions, why }: ShownSubject): EvalPromptResponse['subjects'][number] {
  return {
    ...(spanId !== undefined && { spanId }),
    ...(why !== null && { notAsked: describeReason(why) }),
    questions: questions.map(({ prompt, isAfterAnswer }) => ({
      promptVersion: prompt.promptVersion,
      messages: prompt.messages,
      ...(isAfterAnswer && { hasPlaceholder: true as const }),
      cut: prompt.cut,
      schemaName: prompt.schemaName,
      schema: prompt.schema,
      ...(prompt.topLogprobs !== undefined && { topLogprobs: prompt.topLogprobs }),
    })),
  }
}
