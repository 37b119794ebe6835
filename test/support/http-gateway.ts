import { createGateway, type Gateway, type GatewayOptions } from '../../ingest/gateway.ts'
import { type Listener, type OtlpHttpOptions, startOtlpHttp } from '../../ingest/otlp-http.ts'
import { openGate } from './open-gate.ts'

export type HttpGateway = Listener & Pick<Gateway, 'stats'>
export type HttpGatewayOptions = Partial<GatewayOptions> & Pick<GatewayOptions, 'log'> & Partial<OtlpHttpOptions>

/** On a free port of loopback, open to all unless told. */
export async function startHttpGateway({
  requestTimeoutMs,
  corsOrigins,
  streamLimits,
  host = '127.0.0.1',
  port = 0,
  ...options
}: HttpGatewayOptions): Promise<HttpGateway> {
  const gateway = createGateway({ gate: openGate, ...options })
  const listener = await startOtlpHttp({
    host,
    port,
    gateway,
    ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
    ...(corsOrigins !== undefined && { corsOrigins }),
    ...(streamLimits !== undefined && { streamLimits }),
  })
  return { ...listener, stats: gateway.stats }
}
