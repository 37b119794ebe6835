/** The offline evals of a run, through the same judges, prompts and sampling as those that an instance runs on a schedule. */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { JudgePlan, Plan } from '../../dsl/plan.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { sessionsOf } from '../../engine/evaluate/session-view.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { RunInterrupted } from '../../storage/queue/port.ts'
import { openEmbeddedState } from '../../storage/state/embedded.ts'
import type { StateStore } from '../../storage/state/port.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { createAnswerCache } from '../../workers/offline/answer-cache.ts'
import { createJudgeClient, NOBODY } from '../../workers/offline/judge-client.ts'
import { type Readiness, readinessOf } from '../../workers/offline/judge-readiness.ts'
import { createProviderHealth } from '../../workers/offline/provider-health.ts'
import { type ProviderSettings, providersByName } from '../../workers/offline/providers.ts'
import { type OfflineTraces, runOfflineEval } from '../../workers/offline/run.ts'

const TENANT = 'default'
const CALLS_AT_ONCE = 8

export interface OfflineRunOptions {
  plan: Plan
  /** The traces that a sample may be drawn of: the window of `sample:` has no say. */
  traceIds: readonly string[]
  getTrace: TracesStore['getTrace']
  providers: readonly ProviderSettings[]
  /** Asked by metrics whose eval names no judge. */
  defaultJudge: JudgePlan | null
  /** Whether judges are asked; else only metrics that need none are worked out. */
  asksJudges: boolean
  nowMs: () => number
  signal: AbortSignal
  onResult: (result: EvalResult) => void
}

/** Why evals were not judged, and what should be known of how the others were, a line each. */
export async function judgeOfflineEvals(options: OfflineRunOptions): Promise<string[]> {
  const { plan, nowMs, signal } = options
  const providers = providersByName(options.providers)
  // What this run learns of providers, and what it has asked already.
  await using state = await openRunState(nowMs)
  const judge = createJudgeClient({
    providers,
    health: createProviderHealth({ state, providers: [...providers.keys()], nowMs }),
    cache: createAnswerCache(state, TENANT, nowMs),
    nowMs,
    random: Math.random,
    sleep: async (ms, stop) => {
      await wait(ms, undefined, { signal: stop }).catch(() => {})
    },
  })
  const traces: OfflineTraces = {
    settledTraceIds: async () => ({ some: [...options.traceIds], population: options.traceIds.length }),
    settledSessions: async () => {
      const all = await Promise.all(options.traceIds.map((id) => options.getTrace(TENANT, id)))
      const some = [...sessionsOf(all)].map(([sessionId, traceIds]) => ({ sessionId, traceIds }))
      return { some, population: some.length }
    },
    // Nothing is known of them but what is at hand: the whole sample is drawn evenly.
    flaggedSubjects: async () => [],
    getTraces: async (tenant, traceIds) =>
      new Map(
        (await Promise.all(traceIds.map(async (id) => [id, await options.getTrace(tenant, id)] as const))).filter(
          ([, spans]) => spans.length > 0,
        ),
      ),
    // Nothing of this run is stored: there is no earlier attempt to go on with.
    queryResults: async () => [],
  }
  const notJudged: string[] = []
  const notices = new Set<string>()
  for (const evalPlan of plan.evals) {
    if (evalPlan.kind !== 'offline' || signal.aborted) continue
    if (!options.asksJudges && !isMeasured(evalPlan)) continue
    const found = readinessOf(evalPlan, providers, options.defaultJudge)
    if (found.state !== 'ready') {
      const by = evalPlan.proxy === undefined ? '' : `, but measured by its proxy ${evalPlan.proxy.name}`
      notJudged.push(`${evalPlan.id} was not judged${by}: ${whyNot(found)}`)
    }
    if (found.state === 'no_provider') continue
    const slotMs = nowMs()
    const job = {
      tenant: TENANT,
      evalId: evalPlan.id,
      runId: `${evalPlan.id}@run`,
      slotMs,
      trigger: 'schedule',
    } as const
    await runOfflineEval(job, plan, evalPlan, {
      traces,
      judge: found.state === 'by_proxy' ? NOBODY : judge,
      defaultJudge: options.defaultJudge,
      publish: async (results) => results.forEach(options.onResult),
      nowMs,
      sleep: async () => {},
      nonce: () => randomBytes(16).toString('hex'),
      callsAtOnce: CALLS_AT_ONCE,
      signal,
      onNotice: (message) => notices.add(message),
      noSession: 'No trace names a session (session.id).',
    }).catch((error: unknown) => {
      // Whoever interrupted asks the signal.
      if (!(error instanceof RunInterrupted)) throw error
    })
  }
  return [...notJudged, ...notices]
}

async function openRunState(nowMs: () => number): Promise<StateStore & AsyncDisposable> {
  const state = await openEmbeddedState({ dataDir: ':memory:', nowMs })
  return { ...state, [Symbol.asyncDispose]: () => state.close() }
}

function whyNot(found: Exclude<Readiness, { state: 'ready' }>): string {
  const { lacking, remedy } = found
  return lacking.length === 0
    ? `no judge is configured for it; ${remedy}`
    : `no provider is configured for ${lacking.join(', ')}; ${remedy}`
}
