/** Wires the roles together in one process tree: sinks before sources at the start, sources before sinks at the end. */

import { MessageChannel } from 'node:worker_threads'
import { tellUnconfigured } from '../alerting/receivers/unconfigured.ts'
import { EMPTY_PLAN } from '../dsl/packages.ts'
import type { EvalLedger } from '../engine/evaluate/evaluator.ts'
import { underJudges } from '../engine/judge/in-force.ts'
import { messageOf } from '../engine/message-of.ts'
import { type Api, startApi, statsOfApi } from '../server/api.ts'
import { openSignIn } from '../server/sign-in/sign-in.ts'
import { createGate } from '../storage/access/gate.ts'
import { openKeys } from '../storage/access/keys.ts'
import { DEFAULT_TENANT } from '../storage/access/principal.ts'
import { openAlerts } from '../storage/alerts/open-alerts.ts'
import { plansOfOne } from '../storage/definitions/plans.ts'
import { followErasures } from '../storage/erasure/tombstones.ts'
import { onlineTopicsFor, replayTopics } from '../storage/log/topics.ts'
import { watchThread } from '../storage/metrics/thread.ts'
import { openReplays } from '../storage/replays/replays.ts'
import { openPostedScorecards } from '../storage/scorecards/posted.ts'
import { lazyState } from '../storage/state/lazy-state.ts'
import { serveTraces } from '../storage/traces/remote.ts'
import { openTracing } from '../storage/tracing/open-tracing.ts'
import { startDaily } from '../workers/offline/daily.ts'
import { countersOf, statesOf } from '../workers/offline/provider-levels.ts'
import { redactorsOf } from '../workers/online/compiled-plans.ts'
import { startStoreLoop } from '../workers/online/store-loop.ts'
import { openBackups } from './backup/service.ts'
import { claimFolder } from './claim-folder.ts'
import { openDefinitions, type Reload } from './definitions.ts'
import { describeRefusal, describeReload, shortPath } from './describe.ts'
import { createErase } from './erasure.ts'
import { exitCodes } from './exit-codes.ts'
import { type Counters, healthOf, type Phase } from './health.ts'
import { openIntegrity } from './integrity/open-integrity.ts'
import { type LogSource, openLog } from './log-source.ts'
import { collectMetrics, METRICS_CONTENT_TYPE, type ThreadMetrics } from './metrics/collect.ts'
import { redisPart } from './metrics/redis-part.ts'
import { loadPii } from './pii.ts'
import { withoutRepeats } from './repeats.ts'
import type { GatewayData, GatewayInfo } from './roles/gateway-thread.ts'
import { openOrExplain, urlHost } from './roles/listen-error.ts'
import { OfflineRole } from './roles/offline-role.ts'
import { ReplayRole } from './roles/replay-role.ts'
import { startRole } from './roles/role-thread.ts'
import { CannotStart } from './roles/run-role.ts'
import type { TransData } from './roles/trans-thread.ts'
import type { UpSettings } from './settings.ts'
import { announce, schemeOf } from './up/announce.ts'
import { bothOrWhy, isExpected } from './up/both-or-why.ts'
import { openStore } from './up/open-store.ts'
import { rolesOf } from './up/roles-health.ts'
import { VERSION } from './version.ts'
import { webFolder } from './web-folder.ts'

/** Whose the watched files are. */
const tenant = DEFAULT_TENANT

export interface InstanceDeps {
  nowMs: () => number
  /** A line for standard output. */
  print: (text: string) => void
  /** A line for standard error. */
  warn: (text: string) => void
  /** A role ended by itself: the instance can't go on. */
  onLost: (reason: string) => void
}

export interface Instance {
  /** Stops taking, finishes what was accepted, closes everything. */
  drain(): Promise<void>
}

export type StartOutcome = { ok: true; instance: Instance } | { ok: false; exitCode: number; message: string }

/** Resolves when spans can be sent; offline evals go on starting in the background. */
export async function startInstance(settings: UpSettings, deps: InstanceDeps): Promise<StartOutcome> {
  const cleanup: (() => Promise<void> | void)[] = []
  try {
    return { ok: true, instance: await start(settings, deps, cleanup) }
  } catch (error) {
    for (const undo of cleanup.reverse()) await undo()
    if (error instanceof DefinitionsRefused) return { ok: false, exitCode: exitCodes.findings, message: error.message }
    if (!isExpected(error)) throw error
    return { ok: false, exitCode: exitCodes.usage, message: error.message }
  }
}

class DefinitionsRefused extends Error {}

/** An outage is told once a minute, however often it is met. */
const REPEAT_MS = 60_000

async function start(
  settings: UpSettings,
  deps: InstanceDeps,
  cleanup: (() => Promise<void> | void)[],
): Promise<Instance> {
  const { nowMs, print } = deps
  const { problem: warn, change } = withoutRepeats(deps.warn, { everyMs: REPEAT_MS, nowMs })
  let early: Reload | null = null
  let onReload = (reload: Reload): void => {
    early = reload
  }
  const opened = openDefinitions(settings.evals, {
    nowMs,
    onReload: (reload) => onReload(reload),
    inForce: (plan) => underJudges(plan, settings),
  })
  if (!opened.ok) throw new DefinitionsRefused(describeRefusal(opened.loaded))
  const { definitions } = opened
  cleanup.push(() => definitions.close())
  if (opened.loaded.files.length === 0) {
    const where = settings.evals.map(shortPath).join(', ')
    throw new CannotStart(`there are no .eval files in ${where}: nothing would be judged; name a folder that has some`)
  }

  watchThread('main')
  const tracing = await openTracing({
    settings: settings.tracing,
    role: 'main',
    version: VERSION,
    onProblem: warn,
    onChange: change,
  })
  cleanup.push(() => tracing.close())
  const folder = claimFolder(settings.data)
  cleanup.push(() => folder.close())
  const logSource: LogSource =
    settings.logUrl === null ? { kind: 'embedded', dataDir: folder.path } : { kind: 'kafka', settings: settings.logUrl }
  const log = await openLog(logSource, warn, nowMs)
  cleanup.push(() => log.close())
  await log.ensureTopics([
    ...onlineTopicsFor(logSource.kind, settings.logMaxBytes, settings.logPartitions),
    ...replayTopics,
  ])

  const { access } = settings
  const keys = await openKeys({ log, nowMs, onProblem: warn })
  cleanup.push(() => keys.close())

  const onLost = (name: string, reason: string): void => deps.onLost(`${name} ended: ${reason}`)
  const plan = definitions.current().plan
  // Threads load their modules while the engine opens on this one; none of them takes spans before the sinks are there.
  const { port1: tracesPort, port2: transPort } = new MessageChannel()
  const transStarting = startRole<null>({
    name: 'trans',
    module: new URL('./roles/trans-thread.ts', import.meta.url),
    data: {
      log: logSource,
      tenant,
      plan,
      commit: definitions.current().commit,
      traces: transPort,
      receivers: settings.receivers,
      routing: settings.routing,
      state: { redis: settings.redis, dataDir: folder.path },
    } satisfies TransData,
    transfer: [transPort],
    tracing: settings.tracing,
    parseInfo: () => null,
    onNotice: print,
    onProblem: warn,
    onLost,
  })
  transStarting.catch(() => {})
  const traces = await openStore(folder.path, settings, nowMs)
  cleanup.push(() => traces.close())
  serveTraces(tracesPort, traces)
  const engine = settings.tracesUrl === null ? { dataDir: folder.path } : { url: settings.tracesUrl }
  const backups = openBackups({
    log,
    dataDir: settings.logUrl === null ? folder.path : null,
    engine,
    nowMs,
    cluster: settings.tables.cluster,
  })
  cleanup.push(() => backups.close())
  const integrity = await openIntegrity(log, engine, { nowMs, routes: settings.systemRoutes })
  cleanup.push(() => integrity.close())
  const alerts = await openAlerts({ log, nowMs, onProblem: warn })
  cleanup.push(() => alerts.close())
  const scorecards = await openPostedScorecards({ log, onProblem: warn })
  cleanup.push(() => scorecards.close())
  const state = lazyState({ redis: settings.redis, dataDir: folder.path, nowMs }, (error) =>
    warn(`The shared state: ${error.message}`),
  )
  cleanup.push(() => state.close())
  const plans = plansOfOne(tenant, () => definitions.current().plan)
  const redactors = redactorsOf(plans, warn)
  const erased = await followErasures({ log, nowMs, onProblem: warn })
  cleanup.push(() => erased.close())
  const store = await startStoreLoop({
    erased,
    isStoreInProcess: settings.tracesUrl === null,
    log,
    traces,
    definitions: (whose) => redactors.of(whose),
    nowMs,
    onProblem: warn,
    onChange: change,
  })
  cleanup.push(() => store.drain())
  const trans = await transStarting
  cleanup.push(() => trans.drain())

  const offline = new OfflineRole({
    dataDir: folder.path,
    redis: settings.redis,
    log: logSource,
    tenant,
    providers: settings.providers,
    defaultJudge: settings.defaultJudge,
    spending: settings.spending,
    worker: settings.worker,
    traces,
    tracing: settings.tracing,
    onNotice: print,
    onProblem: warn,
    onLost,
  })
  const replay = new ReplayRole({ log: logSource, traces, tracing: settings.tracing, onNotice: print, onProblem: warn })
  let phase: Phase = 'starting'
  let lastDiagnostics = opened.loaded.diagnostics
  let { sources } = opened.loaded
  let refusedDefinitions = false
  const roles = rolesOf({
    gateway: async () => (await (await gatewayStarting).call('stats', null)) as Counters,
    trans: async () => (await trans.call('stats', null)) as Counters,
    store: () => ({ ...store.stats() }),
    replay: () => replay.stats(),
    integrity: integrity.service,
    dataDir: folder.path,
  })
  const gatewayStarting = startRole<GatewayInfo>({
    name: 'gateway',
    module: new URL('./roles/gateway-thread.ts', import.meta.url),
    handlesBytes: true,
    tracing: settings.tracing,
    data: {
      log: logSource,
      dataDir: folder.path,
      host: settings.host,
      otlpHttpPort: settings.otlpHttpPort,
      otlpGrpcPort: settings.otlpGrpcPort,
      maxEvaluateLagMs: settings.maxEvaluateLagMs,
      limits: settings.limits,
      bounds: settings.bounds,
      redis: settings.redis,
      corsOrigins: settings.corsOrigins,
      gatewayTls: settings.gatewayTls,
      access,
      privacy: settings.privacy,
    } satisfies GatewayData,
    parseInfo: (raw) => raw as GatewayInfo,
    onNotice: print,
    onProblem: warn,
    onChange: change,
    onLost,
  })
  const unconfigured = tellUnconfigured(settings.receivers, print)
  const signIn = await openSignIn(settings.signIn, { log, nowMs, onProblem: warn })
  if (signIn !== null) cleanup.push(() => signIn.close())
  const apiStarting: Promise<Api> = openOrExplain(
    { what: 'API', host: settings.host, port: settings.httpPort, flag: '--http-port' },
    () =>
      startApi({
        host: settings.host,
        port: settings.httpPort,
        tls: settings.httpTls,
        gate: createGate(access, keys),
        keys,
        traces,
        log,
        nowMs,
        status: async () =>
          healthOf({ phase, roles, offline: offline.state, judging: await offline.judging(), refusedDefinitions }),
        definitions: {
          // The files are the default tenant's.
          current: (whose) =>
            whose === tenant
              ? { ...definitions.current(), sources, diagnostics: lastDiagnostics }
              : { plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] },
        },
        integrity: integrity.service,
        alerts,
        receiverLack: unconfigured.lackOf,
        scorecards,
        backups,
        evalLedger: async (whose) => (await trans.call('ledger', whose)) as EvalLedger[],
        offline: offline.control,
        judges: settings,
        judging: () => offline.judging(),
        liveState: () => state.state(),
        subscriptions: { log, redactorOf: (whose) => redactors.of(whose), erased },
        metrics: {
          contentType: METRICS_CONTENT_TYPE,
          collect: () =>
            collectMetrics({
              roles: () => [
                ...roles,
                {
                  name: 'offline',
                  stats: async () => {
                    const [judging, cache] = await Promise.all([offline.judging(), offline.cacheStats()])
                    return { judges: { ...countersOf(judging), states: statesOf(judging), ...(cache && { cache }) } }
                  },
                },
                { name: 'api', stats: async () => statsOfApi(await apiStarting) },
                redisPart(settings.redis === null ? null : () => state.state()),
              ],
              threads: () => [
                gatewayStarting.then((role) => role.call('metrics', null)) as Promise<ThreadMetrics>,
                trans.call('metrics', null) as Promise<ThreadMetrics>,
                offline.metrics(),
                replay.metrics(),
              ],
              log,
              groups: ['trans-evaluate', 'trans-store', 'alerts'],
            }),
        },
        erase: createErase({
          log,
          engine: { ...engine, cluster: settings.tables.cluster },
          privacy: settings.privacy,
          state: { redis: settings.redis, dataDir: folder.path },
          nowMs,
        }),
        replays: openReplays({ log, traces, nowMs, onWanted: () => replay.ensureStarted() }),
        pii: loadPii,
        web: webFolder,
        signIn,
        sessionMs: settings.signIn.sessionMs,
        publicUrl: settings.publicUrl,
        onProblem: warn,
      }),
  )
  const [gateway, api] = await bothOrWhy(gatewayStarting, apiStarting, (started) => cleanup.push(() => started.drain()))
  const apiUrl = `${schemeOf(settings.httpTls)}://${urlHost(settings.host)}:${api.port}`
  await trans.call('setApiUrl', settings.publicUrl ?? apiUrl)

  onReload = (reload) => {
    if (reload.kind === 'unchanged') return
    lastDiagnostics = reload.loaded.diagnostics
    refusedDefinitions = reload.kind === 'refused'
    ;(reload.kind === 'refused' ? change : print)(describeReload(reload))
    if (reload.kind === 'refused') return
    sources = reload.loaded.sources
    // Before the plan that it is of: messages come in order, and the answer says nothing.
    trans.call('setCommit', reload.inForce.commit).catch((error: unknown) => warn(messageOf(error)))
    trans.setDefinitions(reload.inForce.plan)
    offline.setDefinitions(reload.inForce.plan)
    unconfigured.tell(reload.inForce.plan.alerts)
  }
  // Files that were edited during the start.
  const replayEarly = (): void => {
    if (early !== null) onReload(early)
  }

  announce(
    settings,
    { apiUrl, gateway: gateway.info, dataDir: folder.path, plan, hasKeys: keys.list(null).length > 0 },
    { print, warn },
  )
  unconfigured.tell(plan.alerts)
  offline.setDefinitions(plan)
  replayEarly()
  await replay.startIfUnfinished(log)
  cleanup.push(() => replay.drain())
  const daily = startDaily({ nowMs, run: (day) => integrity.service.checkDay(day), onProblem: warn })
  phase = 'running'

  return {
    drain: async () => {
      phase = 'stopping'
      definitions.close()
      for (const part of [
        gateway,
        trans,
        offline,
        replay,
        { drain: () => daily.stop() },
        store,
        api,
        { drain: () => state.close() },
        { drain: () => integrity.close() },
        { drain: () => alerts.close() },
        { drain: () => backups.close() },
        { drain: () => erased.close() },
        { drain: () => traces.close() },
        { drain: () => log.close() },
        { drain: () => tracing.close() },
      ])
        await part.drain().catch((error: unknown) => warn(`while stopping: ${messageOf(error)}`))
      folder.close()
    },
  }
}
