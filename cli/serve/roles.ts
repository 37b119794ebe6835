/** The roles of `assay serve`, each as `assay up` runs it, on the engines that all share. */
import { startAlertEvaluator } from '../../alerting/evaluator.ts'
import { startAlertManager } from '../../alerting/manager.ts'
import { createReceivers } from '../../alerting/receivers/config.ts'
import { createEdges } from '../../ingest/edges.ts'
import { createGateway } from '../../ingest/gateway.ts'
import { startGuard } from '../../ingest/guard/start-guard.ts'
import { plansOf } from '../../storage/definitions/plans.ts'
import { followErasures } from '../../storage/erasure/tombstones.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import type { Offline, OfflinePart } from '../../workers/offline/offline-options.ts'
import { countersOf, statesOf, troubleOf } from '../../workers/offline/provider-levels.ts'
import { redactorsOf } from '../../workers/online/compiled-plans.ts'
import { type EvaluateLoop, startEvaluateLoop } from '../../workers/online/evaluate-loop.ts'
import { startLive } from '../../workers/online/live/start.ts'
import { startStoreLoop } from '../../workers/online/store-loop.ts'
import { startReplayRunner } from '../../workers/replay/runner.ts'
import { breakerOfGateway, type RoleHealth, troubleOfGateway } from '../health.ts'
import { urlHost } from '../roles/listen-error.ts'
import { listenForOtlp } from '../roles/listen-for-otlp.ts'
import { openLimits } from '../roles/open-limits.ts'
import { inTurn } from '../roles/run-role.ts'
import { startApiRole } from './api-role.ts'
import { startOfflinePart } from './offline-part.ts'
import type { RoleName } from './serve-settings.ts'
import type { StartServedRole } from './shared.ts'

/** Of requests that a gateway is busy with: with its heap (`scripts/node-flags.mjs`), it is within 256 MB. */
const MAX_HELD_BYTES = 64 << 20

const gateway: StartServedRole = async (shared, say) => {
  const { settings, log, gate, nowMs } = shared
  // Which it asks for with each request, and may not wait for then.
  await log.partitionsOf(AGENT_TRACES)
  const { maxEvaluateLagMs } = settings
  const guard = startGuard({ log, nowMs, maxEvaluateLagMs, onChange: say.problem, onProblem: say.problem })
  const limits = await openLimits({
    settings: settings.limits,
    redis: settings.redis,
    dataDir: null,
    nowMs,
    onChange: say.problem,
  })
  const taking = createGateway({
    log,
    history: log,
    gate,
    edges: createEdges(settings.privacy),
    breaker: guard.breaker,
    limits,
    bounds: settings.bounds,
    maxHeldBytes: MAX_HELD_BYTES,
  })
  const listeners = await listenForOtlp({ ...settings, gateway: taking })
  const host = urlHost(settings.host)
  return {
    health: {
      name: 'gateway',
      stats: async () => ({ ...taking.stats() }),
      trouble: troubleOfGateway,
      breaker: breakerOfGateway,
    },
    listens: `OTLP/HTTP on ${settings.gatewayTls === null ? 'http' : 'https'}://${host}:${listeners.http.port}/v1/traces, OTLP/gRPC on ${host}:${listeners.grpc.port}`,
    drain: async () => {
      await listeners.drain()
      await limits.close()
      await guard.stop()
    },
  }
}

const evaluate: StartServedRole = async (shared, say) => {
  const { state, nowMs } = shared
  const live = state === null ? null : startLive({ openState: state, nowMs, onProblem: say.problem })
  let running: EvaluateLoop | null = null
  const erased = await followErasures({
    ...shared,
    onProblem: say.problem,
    onErased: (tombstone) => running?.forget(tombstone),
  })
  const loop = await startEvaluateLoop({
    log: shared.log,
    erased,
    definitions: plansOf(shared.definitions),
    traces: await shared.traces(),
    nowMs,
    onProblem: say.problem,
    ...(live !== null && { live: live.agents }),
  })
  running = loop
  return {
    health: { name: 'trans-evaluate', stats: async () => ({ ...loop.stats(), ...live?.stats() }) },
    drain: () => inTurn([() => loop.drain(), () => erased.close(), async () => live?.drain()]),
  }
}

const store: StartServedRole = async (shared, say) => {
  const redactors = redactorsOf(plansOf(shared.definitions), say.problem)
  const erased = await followErasures({ ...shared, onProblem: say.problem })
  const loop = await startStoreLoop({
    log: shared.log,
    erased,
    traces: await shared.migratedTraces(),
    definitions: (tenant) => redactors.of(tenant),
    nowMs: shared.nowMs,
    onProblem: say.problem,
    onChange: say.info,
  })
  return {
    health: {
      name: 'trans-store',
      stats: async () => ({ ...loop.stats() }),
      trouble: ({ isStoreDown }) =>
        isStoreDown === true ? 'storing waits for ClickHouse; spans are kept in the log' : null,
    },
    drain: () => inTurn([() => loop.drain(), () => erased.close()]),
  }
}

const alerts: StartServedRole = async (shared, say) => {
  const { log, nowMs, settings } = shared
  const apiUrl = (): string | null => settings.publicUrl
  const receivers = createReceivers(settings.receivers, { apiUrl, nowMs, onProblem: say.problem })
  // Sinks before sources: who delivers is there before anything can fire.
  const manager = await startAlertManager({
    log,
    receivers,
    nowMs,
    onPrint: say.info,
    onProblem: say.problem,
    apiUrl,
    ...settings.routing,
  })
  const definitions = plansOf(shared.definitions)
  const evaluator = await startAlertEvaluator({ log, definitions, nowMs, onProblem: say.problem })
  return {
    health: {
      name: 'alerts',
      stats: async () => ({ evaluator: evaluator.stats(), notifications: manager.stats() }),
    },
    drain: () => inTurn([() => evaluator.drain(), () => manager.drain(), async () => receivers.settled?.()]),
  }
}

/** A worker's, with the providers that it calls. */
const judgingHealth = (name: string, running: Offline): RoleHealth => ({
  name,
  stats: async () => {
    const judging = await running.judging()
    return {
      evals: running.evals(),
      judges: { ...countersOf(judging), states: statesOf(judging), cache: running.cacheStats() },
      trouble: troubleOf(judging),
    }
  },
  trouble: ({ trouble }) => (typeof trouble === 'string' ? trouble : null),
})

const offline =
  (part: OfflinePart): StartServedRole =>
  async (shared, say) => {
    const running = await startOfflinePart(shared, [part], say.info)
    return {
      health:
        part === 'worker'
          ? judgingHealth(part, running)
          : { name: part, stats: async () => ({ evals: running.evals() }) },
      drain: () => running.drain(),
    }
  }

/** Jobs that take their time: offline evals, and replays. */
const worker: StartServedRole = async (shared, say) => {
  const { log, nowMs } = shared
  const offlineRole = await offline('worker')(shared, say)
  const erased = await followErasures({ log, nowMs, onProblem: say.problem })
  const replays = await startReplayRunner({
    log,
    erased,
    traces: await shared.migratedTraces(),
    nowMs,
    onNotice: say.info,
    onProblem: say.problem,
  })
  return {
    health: {
      ...offlineRole.health,
      stats: async () => ({ ...(await offlineRole.health.stats()), replay: replays.stats() }),
    },
    drain: () => inTurn([() => replays.drain(), () => erased.close(), () => offlineRole.drain()]),
  }
}

/** In the order in which they start: sinks before sources. */
export const STARTERS: ReadonlyMap<RoleName, StartServedRole> = new Map([
  ['trans-store', store],
  ['alerts', alerts],
  ['trans-evaluate', evaluate],
  ['worker', worker],
  ['scheduler', offline('scheduler')],
  ['gateway', gateway],
  ['api', startApiRole],
])
