/** The offline role: scheduler, queue and worker wired together. Runs in a thread or process of its own. */

import { setTimeout as wait } from 'node:timers/promises'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { encodeResults } from '../../engine/codec/results.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { faultPoint } from '../../storage/fault-point.ts'
import type { Log } from '../../storage/log/port.ts'
import { EVAL_RESULTS } from '../../storage/log/topics.ts'
import type { Readiness } from '../../storage/queue/offline-control.ts'
import { openQueue } from '../../storage/queue/open-queue.ts'
import { SUBJECTS_PER_BATCH } from '../../storage/queue/run-record.ts'
import { openState } from '../../storage/state/open-state.ts'
import { createTurnstile } from '../../storage/turnstile.ts'
import { startAnchorRounds } from './anchor-rounds.ts'
import type { AnchorTraces } from './anchors.ts'
import { type AnswerCache, createAnswerCache, NO_ANSWERS } from './answer-cache.ts'
import { createBaselines } from './baselines.ts'
import { createBudgets } from './budget.ts'
import { createControl } from './control.ts'
import { startDaily } from './daily.ts'
import { followFirings } from './follow-firings.ts'
import { createInvestigator } from './investigate.ts'
import { createJudgeClient, type JudgeClient } from './judge-client.ts'
import { writeJudgeDrift } from './judge-drift.ts'
import {
  noticesOf,
  pricesLacking,
  pricesOfAsked,
  readinessOf,
  type Unready,
  unjudgedDetail,
  unpricedDetail,
} from './judge-readiness.ts'
import type { Offline, OfflineOptions } from './offline-options.ts'
import { once } from './once.ts'
import { providersLacking } from './panel.ts'
import { NO_SPENDING, tenantPerMonthMicroUsd } from './prices.ts'
import { createProviderHealth } from './provider-health.ts'
import { withLimits } from './provider-limits.ts'
import { providersByName } from './providers.ts'
import { isQuietSince } from './quiet.ts'
import { BATCHES_AHEAD, createReadAhead } from './read-ahead.ts'
import { readTogether } from './read-together.ts'
import { pricesOfRoutes, withRoutes } from './routes.ts'
import type { OfflineTraces } from './run.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { scorecardSlots, sendScorecard } from './scorecards.ts'
import { enqueueBaselines } from './start-baselines.ts'
import { createHandlers, ofTenant } from './work-runs.ts'
import { createWorkerWord, keepTelling } from './worker-word.ts'

/** Resolves when the queue is open and the schedules are in force. Rejects with `QueueError` or `StateError`. */
export async function startOffline(options: OfflineOptions): Promise<Offline> {
  const { definitions, nowMs, parts = ['scheduler', 'worker'] } = options
  const isWorker = parts.includes('worker')
  const notice = once(options.onNotice)
  const providers = providersByName(options.providers)
  const queue = await openQueue(options.queue, (error) => notice(`The offline queue: ${error.message}`))
  const state = await openState({ ...options.queue, nowMs }, (error) =>
    notice(`The shared state: ${error.message}`),
  ).catch(async (error: unknown) => {
    await queue.close()
    throw error
  })
  const stop = new AbortController()
  const sleep = options.sleep ?? sleepUntilAborted
  const judgeTimeoutMs = options.judgeTimeoutMs ?? DEFAULT_JUDGE_TIMEOUT_MS
  const called = isWorker ? [...providers.keys()] : []
  const isOnly = (options.queue.redis ?? null) === null
  const health = withLimits(createProviderHealth({ state, providers: called, isOnly, nowMs }), {
    state,
    providers,
    leaseMs: judgeTimeoutMs + LEASE_MARGIN_MS,
    nowMs,
    sleep,
    random: Math.random,
    signal: stop.signal,
  })
  const spending = options.spending ?? NO_SPENDING
  const prices = pricesOfRoutes(spending.prices, options.providers)
  const pricesOf = (evalPlan: OfflineEvalPlan) =>
    pricesOfAsked(evalPlan, prices, providers, options.defaultJudge ?? null)
  const perTenant = (tenant: string): number | null => tenantPerMonthMicroUsd(spending, tenant)
  const judges = new Map<string, TenantJudge>()
  const judgeOf = (tenant: string): TenantJudge => {
    const known = judges.get(tenant)
    if (known !== undefined) return known
    const cache = createAnswerCache(state, tenant, nowMs)
    const common = { providers, health, prices, nowMs, sleep, random: Math.random, timeoutMs: judgeTimeoutMs }
    const clientWith = (answers: AnswerCache) =>
      withRoutes(createJudgeClient({ ...common, cache: answers }), options.providers)
    const judge = { client: clientWith(cache), anew: clientWith(NO_ANSWERS), cache }
    judges.set(tenant, judge)
    return judge
  }

  const offlineEvals = (tenant: string): OfflineEvalPlan[] =>
    definitions.current(tenant).evals.filter((one) => one.kind === 'offline')

  function readiness(tenant: string, evalPlan: OfflineEvalPlan): Readiness {
    const found = readinessOf(evalPlan, providers, options.defaultJudge ?? null)
    // Where the judges are asked, their providers are known; elsewhere it is not for this process to say.
    if (!isWorker) return { state: 'ready', detail: undefined }
    if (found.state === 'ready') return affordable(tenant, evalPlan)
    return { state: found.state, detail: unjudgedDetail(evalPlan, found) }
  }

  function affordable(tenant: string, evalPlan: OfflineEvalPlan): Readiness {
    const isBound = evalPlan.budget !== null || perTenant(tenant) !== null
    const lacking =
      isBound && !isMeasured(evalPlan) ? pricesLacking(evalPlan, pricesOf(evalPlan), options.defaultJudge ?? null) : []
    if (lacking.length === 0) return { state: 'ready', detail: undefined }
    return { state: 'no_price', detail: unpricedDetail([evalPlan.id], lacking) }
  }

  const spendSince = (tenant: string, sinceMs: number) => options.traces.judgeSpend(tenant, sinceMs)
  const budgets = createBudgets({ state, spendSince, tenantPerMonthMicroUsd: perTenant, nowMs, sleep, judgeTimeoutMs })
  const traces: OfflineTraces & AnchorTraces = {
    settledTraceIds: (tenant, query) => options.traces.settledTraceIds(tenant, query),
    settledSessions: (tenant, query) => options.traces.settledSessions(tenant, query),
    flaggedSubjects: (tenant, query) => options.traces.flaggedSubjects(tenant, query),
    queryResults: (tenant, filter) => options.traces.queryResults(tenant, filter),
    insertResults: (results, token) => options.traces.insertResults(results, token),
    searchTraces: (tenant, search) => options.traces.searchTraces(tenant, search),
    getTraces: readTogether((tenant, traceIds) => options.traces.getTraces(tenant, traceIds)),
  }
  const anchors = startAnchorRounds(
    {
      queue,
      traces: options.traces,
      tenants: () => definitions.tenants(),
      evalsOf: (tenant) => offlineEvals(tenant).filter((one) => readiness(tenant, one).state === 'ready'),
      nowMs,
      onProblem: notice,
    },
    parts.includes('scheduler'),
  )
  const callsAtOnce = options.callsAtOnce ?? DEFAULT_CALLS_AT_ONCE
  // One more than it takes: while one waits for its last answers the next is begun.
  const batchesJudged = Math.ceil(callsAtOnce / SUBJECTS_PER_BATCH) + 1
  // While those are judged, so many more have their traces; and as many have them read.
  const batchesRead = batchesJudged + BATCHES_AHEAD
  const worker = isWorker
    ? await queue.work(
        createHandlers({
          queue,
          traces,
          planOf: (tenant) => definitions.current(tenant),
          readiness,
          judgeOf: (tenant) => judgeOf(tenant).client,
          askAnewOf: (tenant) => judgeOf(tenant).anew,
          onJudged: (evalPlan, results) =>
            anchors
              .judged(evalPlan, results)
              .catch((error: unknown) => notice(`The anchors of ${evalPlan.id} wait: ${messageOf(error)}`)),
          onAnchors: (tenant, evalId) => writeJudgeDrift(tenant, evalId, options),
          defaultJudge: options.defaultJudge ?? null,
          budgets,
          pricesOf,
          publish: (results) => publish(options.log, results),
          turnstile: createTurnstile(callsAtOnce),
          readAhead: createReadAhead({ few: batchesJudged, enough: batchesRead, maxSpans: MAX_SPANS_AHEAD }),
          isQuietSince: (sinceMs) => isQuietSince(options.log, sinceMs),
          nowMs,
          sleep,
          onNotice: notice,
          outageWaitMs: options.outageWaitMs ?? OUTAGE_WAIT_MS,
          pausedLookMs: options.pausedLookMs ?? PAUSED_LOOK_MS,
          signal: stop.signal,
        }),
        {
          concurrency: options.runsAtOnce ?? 2,
          batchesAtOnce: batchesRead + BATCHES_AHEAD + BATCHES_ENDING,
          onError: (error) => notice(`The offline queue: ${error.message}`),
          ...(options.lockMs === undefined ? {} : { lockMs: options.lockMs }),
        },
      )
    : null
  const schedulers = new Map<string, Scheduler>()
  const schedulerOf = (tenant: string): Scheduler => {
    const known = schedulers.get(tenant)
    if (known !== undefined) return known
    const onError = (error: Error, evalId: string): void =>
      notice(`A slot of ${evalId}${ofTenant(tenant)} could not be enqueued: ${error.message}`)
    const scheduler = createScheduler({ queue, tenant, nowMs, onError })
    schedulers.set(tenant, scheduler)
    return scheduler
  }

  const scorecards = new Map<string, Scheduler>()
  const scorecardsOf = (tenant: string): Scheduler => {
    const known = scorecards.get(tenant)
    if (known !== undefined) return known
    const onError = (error: Error, id: string): void =>
      notice(`A slot of the scorecard ${id}${ofTenant(tenant)} could not be enqueued: ${error.message}`)
    const scheduler = createScheduler({ queue: scorecardSlots(queue), tenant, nowMs, onError })
    scorecards.set(tenant, scheduler)
    return scheduler
  }

  const { checkDay } = options
  const build = createBaselines({ log: options.log, traces: options.traces, definitions, nowMs, onProblem: notice })
  const dailyWorker = isWorker
    ? await queue.workDaily(async (job) => {
        if (job.name === 'baselines') await build()
        else if (job.name === 'scorecard')
          await sendScorecard(job, definitions.current(job.tenant), { ...options, onProblem: notice })
        else await checkDay?.(job.day)
      })
    : null
  const baselines = parts.includes('scheduler') ? enqueueBaselines(queue, nowMs, notice) : null
  const canSummarise =
    options.defaultJudge != null && providersLacking(options.defaultJudge, providers).length === 0
      ? { models: options.defaultJudge, clientOf: (tenant: string) => judgeOf(tenant).client }
      : null
  const investigate = createInvestigator({
    log: options.log,
    traces: options.traces,
    definitions,
    judge: canSummarise,
    budgets,
    prices,
    state,
    nowMs,
    signal: stop.signal,
  })
  const investigations = isWorker ? await queue.workInvestigations(investigate) : null
  const firings = parts.includes('scheduler')
    ? followFirings({ log: options.log, queue, nowMs, onProblem: notice })
    : null
  const dailyEnqueuing =
    checkDay !== undefined && parts.includes('scheduler')
      ? startDaily({
          nowMs,
          run: (day) => queue.enqueueDaily({ name: 'integrity', day }),
          onProblem: notice,
        })
      : null

  const unreadyOf = (tenant: string, evals: readonly OfflineEvalPlan[]): Unready[] =>
    evals.flatMap((evalPlan) => {
      const { detail } = readiness(tenant, evalPlan)
      const found = readinessOf(evalPlan, providers, options.defaultJudge ?? null)
      return detail === undefined ? [] : [{ evalId: evalPlan.id, detail, found }]
    })

  const word = createWorkerWord(state)
  const readinesses = (tenant: string): [string, Readiness][] =>
    offlineEvals(tenant).map((one) => [one.id, readiness(tenant, one)])
  const telling = isWorker ? keepTelling(word, definitions, readinesses) : null

  async function follow(): Promise<void> {
    for (const tenant of definitions.tenants()) {
      const evals = offlineEvals(tenant)
      for (const message of noticesOf(unreadyOf(tenant, evals))) notice(message)
      if (!parts.includes('scheduler')) continue
      await schedulerOf(tenant).sync(evals)
      await scorecardsOf(tenant).sync(definitions.current(tenant).scorecards)
    }
    if (parts.includes('scheduler')) void anchors.look()
    await telling?.now()
  }
  // What `sync` meets is reported by the scheduler, eval by eval.
  definitions.onChange(() => void follow())
  await follow()

  return {
    backend: queue.backend,
    ...createControl({
      queue,
      offlineEvals,
      readiness: isWorker ? readiness : (tenant, evalPlan) => word.heard(tenant, evalPlan),
      nextSlotMs: (tenant, { id }) => schedulers.get(tenant)?.nextSlotMs(id),
      defaultJudge: options.defaultJudge ?? null,
      nowMs,
    }),
    runState: (tenant, runId) => queue.stateOf(tenant, runId),
    evals: () => definitions.tenants().reduce((sum, tenant) => sum + offlineEvals(tenant).length, 0),
    judging: () => health.health(),
    cacheStats: () => {
      const sum = { hits: 0, misses: 0 }
      for (const { cache } of judges.values()) {
        const { hits, misses } = cache.stats()
        sum.hits += hits
        sum.misses += misses
      }
      return sum
    },
    async drain() {
      telling?.stop()
      for (const scheduler of [...schedulers.values(), ...scorecards.values()]) await scheduler.stop()
      await dailyEnqueuing?.stop()
      await baselines?.stop()
      await firings?.stop()
      await anchors.stop()
      await dailyWorker?.drain()
      stop.abort()
      await investigations?.drain()
      await worker?.drain()
      await queue.close()
      await state.close()
    },
  }
}

const OUTAGE_WAIT_MS = 10_000
const PAUSED_LOOK_MS = 5_000
const DEFAULT_JUDGE_TIMEOUT_MS = 30_000
/** A worker that is paused for so long may have more calls under way than there is room for. */
const LEASE_MARGIN_MS = 5_000
const DEFAULT_CALLS_AT_ONCE = 32
/** That are judged, and have their results stored. */
const BATCHES_ENDING = 2
/** Of traces that were read and wait to be judged: some 100 MB of spans of 5 kB. */
const MAX_SPANS_AHEAD = 20_000

interface TenantJudge {
  readonly client: JudgeClient
  /** Asks anew what was asked before. */
  readonly anew: JudgeClient
  /** An answer quotes what the judge was shown: it is the tenant's own. */
  readonly cache: AnswerCache
}

async function publish(log: Pick<Log, 'append'>, results: readonly EvalResult[]): Promise<void> {
  const first = results[0]
  if (first === undefined) return
  const { tenant, evalId } = first
  await log.append(EVAL_RESULTS, [
    { key: `${tenant}/${evalId}`, headers: { tenant, eval: evalId }, value: encodeResults(results) },
  ])
  faultPoint('offline.after-results')
}

async function sleepUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {})
}
