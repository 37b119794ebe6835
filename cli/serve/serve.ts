/** Runs roles in this process until it is told to stop: what they share first, then sinks before sources. */

import { underJudges } from '../../engine/judge/in-force.ts'
import { messageOf } from '../../engine/message-of.ts'
import { type Api, startApi, startHealth, statsOfApi } from '../../server/api.ts'
import type { HealthInfo } from '../../server/api-context.ts'
import type { MetricsSource } from '../../server/routes/metrics.ts'
import { openSignIn } from '../../server/sign-in/sign-in.ts'
import { createGate } from '../../storage/access/gate.ts'
import { openKeys } from '../../storage/access/keys.ts'
import { DEFAULT_TENANT } from '../../storage/access/principal.ts'
import { type OpenAlerts, openAlerts } from '../../storage/alerts/open-alerts.ts'
import { followDefinitions } from '../../storage/definitions/follow.ts'
import { plansOf } from '../../storage/definitions/plans.ts'
import { followErasures } from '../../storage/erasure/tombstones.ts'
import { openKafkaLog } from '../../storage/log/kafka.ts'
import { LogError } from '../../storage/log/port.ts'
import { alertTopics, definitionTopics, onlineTopicsFor, replayTopics } from '../../storage/log/topics.ts'
import { measuredLog } from '../../storage/metrics/measured.ts'
import { watchThread } from '../../storage/metrics/thread.ts'
import { QueueError } from '../../storage/queue/port.ts'
import { openReplays } from '../../storage/replays/replays.ts'
import { openPostedScorecards, type PostedScorecards } from '../../storage/scorecards/posted.ts'
import { type LazyState, lazyState } from '../../storage/state/lazy-state.ts'
import { StateError } from '../../storage/state/port.ts'
import { openTracing } from '../../storage/tracing/open-tracing.ts'
import { redactorsOf } from '../../workers/online/compiled-plans.ts'
import { createErase } from '../erasure.ts'
import { healthOfRoles, type Phase } from '../health.ts'
import { type OpenIntegrity, openIntegrity } from '../integrity/open-integrity.ts'
import { collectMetrics, METRICS_CONTENT_TYPE } from '../metrics/collect.ts'
import { redisPart } from '../metrics/redis-part.ts'
import { loadPii } from '../pii.ts'
import { withoutRepeats } from '../repeats.ts'
import { openOrExplain, urlHost } from '../roles/listen-error.ts'
import { CannotStart } from '../roles/run-role.ts'
import { VERSION } from '../version.ts'
import { webFolder } from '../web-folder.ts'
import { releasesOf } from './api-role.ts'
import { startOfflinePart } from './offline-part.ts'
import { STARTERS } from './roles.ts'
import type { ServeSettings } from './serve-settings.ts'
import { lazyTraces, type Say, type ServedRole, type Shared } from './shared.ts'

export interface ServeDeps {
  nowMs: () => number
  /** With what says it: a role's name, or `assay`. */
  sayAs: (who: string) => Say
}

export interface Served {
  drain(): Promise<void>
}

/** Throws `CannotStart` with what is wrong, in the user's terms. */
export async function serve(settings: ServeSettings, deps: ServeDeps): Promise<Served> {
  const undo: (() => Promise<void>)[] = []
  const unwind = async (): Promise<void> => {
    for (const step of undo.reverse()) {
      await step().catch((error: unknown) => deps.sayAs('assay').problem(`while stopping: ${messageOf(error)}`))
    }
  }
  try {
    return await start(settings, deps, undo, unwind)
  } catch (error) {
    await unwind()
    throw isExpected(error) ? new CannotStart(error.message, { cause: error }) : error
  }
}

async function start(
  settings: ServeSettings,
  deps: ServeDeps,
  undo: (() => Promise<void>)[],
  unwind: () => Promise<void>,
): Promise<Served> {
  const say = deps.sayAs('assay')
  watchThread('main')
  const tracing = await openTracing({
    settings: settings.tracing,
    role: settings.roles.join('+'),
    version: VERSION,
    onProblem: say.problem,
    onChange: say.info,
  })
  undo.push(() => tracing.close())
  const unmeasured = await openKafkaLog({
    settings: settings.log,
    clientId: `assay-${settings.roles.join('+')}`,
    onProblem: say.problem,
  })
  const log = measuredLog(unmeasured)
  undo.push(() => log.close())
  // A cluster's topics are bounded by the cluster, not by a size of ours.
  await log.ensureTopics([
    ...onlineTopicsFor('kafka', Number.MAX_SAFE_INTEGER, settings.logPartitions),
    ...alertTopics,
    ...definitionTopics,
    ...replayTopics,
  ])
  const listeners: (() => void)[] = []
  const definitions = await followDefinitions({
    log,
    onProblem: say.problem,
    inForce: (plan) => underJudges(plan, settings.judgesInForce),
    onChange: (tenant, { plan, packages }) => {
      const names = packages.map(
        ({ package: name, current }) =>
          `${name}${current.revision === null ? '' : `@${current.revision.slice(0, 12)}`}`,
      )
      const whose = tenant === DEFAULT_TENANT ? '' : ` for tenant ${tenant}`
      say.info(`definitions ${plan.hash.slice(0, 12)} in force${whose}: ${names.join(', ')}`)
      for (const changed of listeners) changed()
    },
  })
  undo.push(() => definitions.close())
  const keys = await openKeys({ log, nowMs: deps.nowMs, onProblem: say.problem })
  undo.push(() => keys.close())
  const traces = lazyTraces(settings, deps.nowMs)
  undo.push(() => traces.close())
  const state = stateOf(settings, deps.nowMs, say)
  undo.push(async () => state?.close())
  let checking: Promise<OpenIntegrity> | null = null
  undo.push(async () => {
    await (await checking?.catch(() => null))?.close()
  })
  let alerts: Promise<OpenAlerts> | null = null
  undo.push(async () => (await alerts)?.close())
  let scorecards: Promise<PostedScorecards> | null = null
  undo.push(async () => (await scorecards)?.close())
  const shared: Shared = {
    settings,
    log,
    keys,
    gate: createGate(settings.access, keys),
    definitions,
    nowMs: deps.nowMs,
    traces: traces.traces,
    migratedTraces: traces.migratedTraces,
    state: state === null ? null : () => state.state(),
    onDefinitions: (changed) => listeners.push(changed),
    alerts: () => {
      alerts ??= openAlerts({ log, nowMs: deps.nowMs, onProblem: deps.sayAs('api').problem })
      return alerts
    },
    scorecards: () => {
      scorecards ??= openPostedScorecards({ log, onProblem: deps.sayAs('api').problem })
      return scorecards
    },
    integrity: async () => {
      checking ??= openChecks(shared)
      return (await checking).service
    },
  }

  let phase: Phase = 'starting'
  const served: ServedRole[] = []
  const status = (): Promise<HealthInfo> =>
    healthOfRoles(
      phase,
      served.map(({ health }) => health),
    )
  let listening: Pick<Api, 'streams' | 'openConnections'> | null = null
  const metrics: MetricsSource = {
    contentType: METRICS_CONTENT_TYPE,
    collect: () =>
      collectMetrics({
        roles: () => [
          ...served.map(({ health }) => health),
          { name: 'api', stats: async () => (listening === null ? {} : statsOfApi(listening)) },
          redisPart(shared.state),
        ],
        log,
        groups: groupsOf(settings.roles),
      }),
  }
  const listener = await listen(shared, { status, metrics }, deps)
  listening = listener
  undo.push(() => listener.drain())
  for (const [name, startRole] of STARTERS) {
    if (!settings.roles.includes(name)) continue
    const role = await startRole(shared, deps.sayAs(name))
    served.push(role)
    // Sources first at the end: what was taken reaches its sink.
    undo.push(() => role.drain())
    if (role.listens !== undefined) say.info(role.listens)
  }
  phase = 'running'
  say.info(`ready: ${settings.roles.join(', ')}; health on http://${urlHost(settings.host)}:${listener.port}/health`)
  if (definitions.tenants().length === 0) say.info('no definitions are in force yet: assay push publishes them')
  return {
    drain: async () => {
      phase = 'stopping'
      await unwind()
    },
  }
}

/** Readers of the log: each tells of the group that it is in. */
const groupsOf = (roles: ServeSettings['roles']): string[] =>
  ['trans-evaluate', 'trans-store', 'alerts'].filter((group) => roles.some((role) => role === group))

/** Health and readiness from the first moment on, and the API where that is among the roles. */
async function listen(
  shared: Shared,
  { status, metrics }: { status: () => Promise<HealthInfo>; metrics: MetricsSource },
  deps: ServeDeps,
) {
  const { settings } = shared
  const { host, httpPort: port } = settings
  const say = deps.sayAs('api')
  const signIn =
    settings.signIn === null
      ? null
      : await openSignIn(settings.signIn, { log: shared.log, nowMs: shared.nowMs, onProblem: say.problem })
  const runs = settings.roles.includes('api') ? await startOfflinePart(shared, [], say.info) : null
  const redactors = redactorsOf(plansOf(shared.definitions), say.problem)
  const erased = runs === null ? null : await followErasures({ ...shared, onProblem: say.problem })
  try {
    const listener = await openOrExplain({ what: 'HTTP', host, port, flag: '--http-port' }, async () => {
      if (runs === null || erased === null) return startHealth({ host, port, status, metrics })
      return startApi({
        host,
        port,
        status,
        metrics,
        tls: settings.httpTls,
        gate: shared.gate,
        keys: shared.keys,
        traces: await shared.migratedTraces(),
        log: shared.log,
        nowMs: shared.nowMs,
        definitions: {
          current: (tenant) => {
            const { plan, packages } = shared.definitions.current(tenant)
            return {
              plan,
              loadedAtMs: Math.max(0, ...packages.map(({ current }) => current.pushedAtMs)),
              diagnostics: [],
            }
          },
        },
        releases: releasesOf(shared),
        integrity: await shared.integrity(),
        alerts: await shared.alerts(),
        scorecards: await shared.scorecards(),
        erase: createErase({
          log: shared.log,
          engine: { url: settings.tracesUrl ?? '', cluster: settings.tables.cluster },
          privacy: settings.privacy,
          state: settings.redis === null ? null : { redis: settings.redis, dataDir: '' },
          nowMs: shared.nowMs,
        }),
        offline: runs,
        judges: settings.judgesInForce,
        judging: () => runs.judging(),
        ...(shared.state !== null && { liveState: shared.state }),
        subscriptions: { log: shared.log, redactorOf: (tenant) => redactors.of(tenant), erased },
        replays: openReplays({ log: shared.log, traces: await shared.migratedTraces(), nowMs: shared.nowMs }),
        pii: loadPii,
        web: webFolder,
        signIn,
        ...(settings.signIn !== null && { sessionMs: settings.signIn.sessionMs }),
        publicUrl: settings.publicUrl,
        onProblem: say.problem,
      })
    })
    return {
      port: listener.port,
      streams: () => listener.streams(),
      openConnections: () => listener.openConnections(),
      drain: async () => {
        await listener.drain()
        await erased?.close()
        await runs?.drain()
        await signIn?.close()
      },
    }
  } catch (error) {
    await erased?.close()
    await runs?.drain()
    await signIn?.close()
    throw error
  }
}

/** An outage is told once a minute, however often it is met. */
const REPEAT_MS = 60_000

function stateOf({ redis }: ServeSettings, nowMs: () => number, say: Say): LazyState | null {
  if (redis === null) return null
  const { problem } = withoutRepeats(say.problem, { everyMs: REPEAT_MS, nowMs })
  return lazyState({ redis, dataDir: '', nowMs }, (error) => problem(`The shared state: ${error.message}`))
}

async function openChecks({ log, settings, nowMs, migratedTraces }: Shared): Promise<OpenIntegrity> {
  await migratedTraces()
  if (settings.tracesUrl === null) throw new Error('a role checks the store without having declared that it needs one')
  return openIntegrity(log, { url: settings.tracesUrl }, { nowMs, routes: settings.systemRoutes })
}

const isExpected = (error: unknown): error is Error =>
  error instanceof CannotStart ||
  error instanceof LogError ||
  error instanceof QueueError ||
  error instanceof StateError
