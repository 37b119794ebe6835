/** The Reflect gateway in a thread of its own: OTLP over HTTP in, appended to the log before it is acknowledged. */

import type { Bounds } from '../../engine/bounds/bounds.ts'
import type { PrivacySettings } from '../../engine/privacy/policy.ts'
import { createEdges } from '../../ingest/edges.ts'
import { createGateway } from '../../ingest/gateway.ts'
import type { LimitsSettings } from '../../ingest/guard/limits.ts'
import { startGuard } from '../../ingest/guard/start-guard.ts'
import { type Access, createGate } from '../../storage/access/gate.ts'
import { openKeys } from '../../storage/access/keys.ts'
import type { ServerTls } from '../../storage/access/server-tls.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import type { RedisSettings } from '../../storage/redis/redis-url.ts'
import { type LogSource, openLog } from '../log-source.ts'
import { freeBytesOf, RESERVE_BYTES, withDiskReserve } from './disk-reserve.ts'
import { listenForOtlp } from './listen-for-otlp.ts'
import { openLimits } from './open-limits.ts'
import { runRole } from './run-role.ts'

export interface GatewayData {
  log: LogSource
  /** On whose disk some room is left. */
  dataDir: string
  host: string
  otlpHttpPort: number
  otlpGrpcPort: number
  maxEvaluateLagMs: number
  limits: LimitsSettings
  bounds: Bounds
  redis: RedisSettings | null
  corsOrigins: readonly string[]
  gatewayTls: ServerTls | null
  access: Access
  privacy: PrivacySettings
}

export interface GatewayInfo {
  otlpHttpPort: number
  otlpGrpcPort: number
}

await runRole(async (context) => {
  const data = context.data as GatewayData
  const log = await openLog(data.log, context.problem)
  // Which the gateway asks for with each request, and may not wait for then.
  await log.partitionsOf(AGENT_TRACES)
  const reserved = withDiskReserve(log, {
    freeBytes: () => freeBytesOf(data.dataDir),
    reserveBytes: RESERVE_BYTES,
    onChange: (isShort) =>
      context.change(
        isShort
          ? `Spans are refused (503): less than ${RESERVE_BYTES >> 20} MiB are free on the disk of ${data.dataDir}. What was accepted is kept; free disk space.`
          : 'Spans are taken again: there is room on the disk.',
      ),
  })
  const keys = await openKeys({ log, nowMs: Date.now, onProblem: context.problem })
  const guard = startGuard({
    log,
    nowMs: Date.now,
    maxEvaluateLagMs: data.maxEvaluateLagMs,
    onChange: context.change,
    onProblem: context.problem,
  })
  const { dataDir, redis } = data
  const limits = await openLimits({ settings: data.limits, redis, dataDir, nowMs: Date.now, onChange: context.change })
  const gateway = createGateway({
    log: reserved,
    history: log,
    gate: createGate(data.access, keys),
    edges: createEdges(data.privacy),
    breaker: guard.breaker,
    limits,
    bounds: data.bounds,
  })
  const listeners = await listenForOtlp({ ...data, gateway })
  const info: GatewayInfo = { otlpHttpPort: listeners.http.port, otlpGrpcPort: listeners.grpc.port }
  return {
    info,
    setDefinitions: () => {},
    call: async (method) => {
      if (method === 'stats') return gateway.stats()
      throw new Error(`the gateway has no method ${method}`)
    },
    drain: async () => {
      await listeners.drain()
      await limits.close()
      await guard.stop()
      await keys.close()
      await log.close()
    },
  }
})
