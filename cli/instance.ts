/** Wires the roles together in one process tree: sinks before sources at the start, sources before sinks at the end. */
import { MessageChannel } from 'node:worker_threads'
import { compileRedaction } from '../engine/redact/redact.ts'
import { startApi } from '../server/api.ts'
import { isLoopback } from '../server/loopback.ts'
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { LogError } from '../storage/log/port.ts'
import { openTraces } from '../storage/traces/open.ts'
import { serveTraces } from '../storage/traces/remote.ts'
import { startStoreLoop } from '../workers/online/store-loop.ts'
import { onlineTopics } from '../workers/online/topics.ts'
import { claimFolder } from './claim-folder.ts'
import { openDefinitions, type Reload } from './definitions.ts'
import { describeDefinitions, describeLogReport, describeRefusal, describeReload } from './describe.ts'
import { exitCodes } from './exit-codes.ts'
import { type Counters, healthOf, type RoleHealth } from './health.ts'
import type { GatewayData, GatewayInfo } from './roles/gateway-thread.ts'
import { openOrExplain, urlHost } from './roles/listen-error.ts'
import { OfflineRole } from './roles/offline-role.ts'
import { RoleRefused, startRole } from './roles/role-thread.ts'
import { CannotStart } from './roles/run-role.ts'
import type { TransData } from './roles/trans-thread.ts'
import type { UpSettings } from './settings.ts'

/** The only tenant of the embedded mode. */
const tenant = 'default'

export interface InstanceDeps {
  env: Readonly<Record<string, string | undefined>>
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
    const expected = error instanceof CannotStart || error instanceof RoleRefused || error instanceof LogError
    if (!expected) throw error
    return { ok: false, exitCode: exitCodes.usage, message: error.message }
  }
}

class DefinitionsRefused extends Error {}

async function start(
  settings: UpSettings,
  deps: InstanceDeps,
  cleanup: (() => Promise<void> | void)[],
): Promise<Instance> {
  const { env, nowMs, print, warn } = deps
  let onReload: (reload: Reload) => void = () => {}
  const opened = openDefinitions(settings.evals, { nowMs, onReload: (reload) => onReload(reload) })
  if (!opened.ok) throw new DefinitionsRefused(describeRefusal(opened.loaded))
  const { definitions } = opened
  cleanup.push(() => definitions.close())

  const onReport = (report: Parameters<typeof describeLogReport>[0]): void => {
    const text = describeLogReport(report)
    if (text !== null) warn(text)
  }
  const folder = claimFolder(settings.data)
  cleanup.push(() => folder.close())
  const log = await openEmbeddedLog({ dataDir: folder.path, nowMs, onReport })
  cleanup.push(() => log.close())
  await log.ensureTopics(onlineTopics)

  const onLost = (name: string, reason: string): void => deps.onLost(`${name} ended: ${reason}`)
  const plan = definitions.current().plan
  // Threads load their modules while the engine opens on this one; none of them takes spans before the sinks are there.
  const { port1: tracesPort, port2: transPort } = new MessageChannel()
  const transStarting = startRole<null>({
    name: 'trans',
    module: new URL('./roles/trans-thread.ts', import.meta.url),
    data: { dataDir: folder.path, plan, traces: transPort, env: { ...env } } satisfies TransData,
    transfer: [transPort],
    parseInfo: () => null,
    onNotice: print,
    onLost,
  })
  transStarting.catch(() => {})
  const traces = await openTraces({ dataDir: folder.path, nowMs })
  cleanup.push(() => traces.close())
  await traces.migrate()
  serveTraces(tracesPort, traces)
  let redactor = compileRedaction(plan)
  const store = await startStoreLoop({ log, traces, definitions: () => redactor, nowMs, onProblem: warn })
  cleanup.push(() => store.drain())
  const trans = await transStarting
  cleanup.push(() => trans.drain())
  const gateway = await startRole<GatewayInfo>({
    name: 'gateway',
    module: new URL('./roles/gateway-thread.ts', import.meta.url),
    data: { dataDir: folder.path, host: settings.host, port: settings.otlpHttpPort, tenant } satisfies GatewayData,
    parseInfo: (raw) => raw as GatewayInfo,
    onNotice: print,
    onLost,
  })
  cleanup.push(() => gateway.drain())

  const offline = new OfflineRole({ dataDir: folder.path, tenant, env, traces, onNotice: print, onLost })
  let stopping = false
  let lastDiagnostics = opened.loaded.diagnostics
  let refusedDefinitions = false
  const roles: RoleHealth[] = [
    { name: 'gateway', stats: async () => (await gateway.call('stats', null)) as Counters },
    { name: 'trans', stats: async () => (await trans.call('stats', null)) as Counters },
    { name: 'store', stats: async () => ({ ...store.stats() }) },
  ]
  const api = await openOrExplain(
    { what: 'API', host: settings.host, port: settings.httpPort, flag: '--http-port' },
    () =>
      startApi({
        host: settings.host,
        port: settings.httpPort,
        tenant,
        traces,
        nowMs,
        status: () => healthOf({ stopping, roles, offline: offline.state, refusedDefinitions }),
        definitions: { current: () => ({ ...definitions.current(), diagnostics: lastDiagnostics }) },
        runOffline: (evalId) => offline.runNow(evalId),
        onProblem: warn,
      }),
  )
  cleanup.push(() => api.drain())
  const apiUrl = `http://${urlHost(settings.host)}:${api.port}`
  await trans.call('setApiUrl', apiUrl)

  onReload = (reload) => {
    if (reload.kind === 'unchanged') return
    lastDiagnostics = reload.loaded.diagnostics
    refusedDefinitions = reload.kind === 'refused'
    ;(reload.kind === 'refused' ? warn : print)(describeReload(reload))
    if (reload.kind === 'refused') return
    redactor = compileRedaction(reload.inForce.plan)
    trans.setDefinitions(reload.inForce.plan)
    offline.setDefinitions(reload.inForce.plan)
  }

  print(`OTLP/HTTP  http://${urlHost(settings.host)}:${gateway.info.port}/v1/traces`)
  print(`API        ${apiUrl}`)
  print(`Data       ${settings.data === ':memory:' ? 'in a temporary folder, removed at the end' : folder.path}`)
  print(describeDefinitions(plan))
  if (settings.host !== 'localhost' && !isLoopback(settings.host)) {
    warn(
      `Anyone who reaches ${settings.host} can send and read traces: this version has no keys yet. 127.0.0.1 is the default.`,
    )
  }
  offline.setDefinitions(definitions.current().plan)

  return {
    drain: async () => {
      stopping = true
      definitions.close()
      await gateway.drain()
      await trans.drain()
      await offline.drain()
      await store.drain()
      await api.drain()
      await traces.close()
      await log.close()
      folder.close()
    },
  }
}
