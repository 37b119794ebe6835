/** The Trans processor's evaluate loop, and beside it the alert evaluator and the alert manager, in one thread. */
import type { MessagePort } from 'node:worker_threads'
import { startAlertEvaluator } from '../../alerting/evaluator.ts'
import { startAlertManager } from '../../alerting/manager.ts'
import { createReceivers, type ReceiverSettings } from '../../alerting/receivers/config.ts'
import type { Plan } from '../../dsl/plan.ts'
import { plansOfOne } from '../../storage/definitions/plans.ts'
import type { DefinitionsCommit } from '../../storage/definitions/published.ts'
import { followErasures } from '../../storage/erasure/tombstones.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import { lazyState } from '../../storage/state/lazy-state.ts'
import { connectTraces } from '../../storage/traces/remote.ts'
import { type EvaluateLoop, startEvaluateLoop } from '../../workers/online/evaluate-loop.ts'
import { startLive } from '../../workers/online/live/start.ts'
import type { RoutingSettings } from '../config/sections/alert-routing.ts'
import { type LogSource, openLog } from '../log-source.ts'
import { inTurn, runRole } from './run-role.ts'

export interface TransData {
  log: LogSource
  /** Whose the definitions are: what others send has none. */
  tenant: string
  plan: Plan
  /** That the plan is of. */
  commit: DefinitionsCommit | null
  /** The other end answers as the traces store: traces that were open before a restart are completed from it. */
  traces: MessagePort
  receivers: ReceiverSettings
  routing: RoutingSettings
  /** What live agents are told to: without Redis it is in the data folder. */
  state: { redis: RedisSettings | null; dataDir: string }
}

await runRole(async (context) => {
  const data = context.data as TransData
  let { plan, commit } = data
  let apiUrl: string | null = null
  let running: EvaluateLoop | null = null
  const receivers = createReceivers(data.receivers, {
    apiUrl: () => apiUrl,
    nowMs: Date.now,
    onProblem: context.problem,
  })
  const log = await openLog(data.log, context.problem)
  // Sinks before sources: who delivers is there before anything can fire.
  const manager = await startAlertManager({
    log,
    receivers,
    nowMs: Date.now,
    onPrint: context.notice,
    onProblem: context.problem,
    apiUrl: () => apiUrl,
    ...data.routing,
  })
  const definitions = plansOfOne(
    data.tenant,
    () => plan,
    () => commit,
  )
  const evaluator = await startAlertEvaluator({ log, definitions, nowMs: Date.now, onProblem: context.problem })
  const state = lazyState({ ...data.state, nowMs: Date.now }, (error) =>
    context.problem(`The shared state: ${error.message}`),
  )
  const live = startLive({ openState: state.state, nowMs: Date.now, onProblem: context.problem })
  const erased = await followErasures({
    log,
    nowMs: Date.now,
    onProblem: context.problem,
    onErased: (tombstone) => running?.forget(tombstone),
  })
  const evaluate = await startEvaluateLoop({
    log,
    erased,
    definitions,
    traces: connectTraces(data.traces),
    nowMs: Date.now,
    onProblem: context.problem,
    live: live.agents,
  })
  running = evaluate
  return {
    info: null,
    setDefinitions: (next) => {
      plan = next
    },
    call: async (method, argument) => {
      if (method === 'stats') {
        return {
          evaluate: { ...evaluate.stats(), ...live.stats() },
          alerts: evaluator.stats(),
          notifications: manager.stats(),
        }
      }
      if (method === 'ledger') return evaluate.ledger(String(argument))
      if (method === 'setCommit') {
        commit = argument as DefinitionsCommit | null
        return null
      }
      if (method === 'setApiUrl') {
        apiUrl = String(argument)
        return null
      }
      throw new Error(`the processor has no method ${method}`)
    },
    drain: () =>
      inTurn([
        () => evaluate.drain(),
        () => live.drain(),
        () => state.close(),
        () => erased.close(),
        () => evaluator.drain(),
        () => manager.drain(),
        async () => receivers.settled?.(),
        () => log.close(),
      ]),
  }
})
