/** The gateway's listeners: one after the other, and none where one of them cannot be had. */
import type { Gateway } from '../../ingest/gateway.ts'
import { startOtlpGrpc } from '../../ingest/otlp-grpc.ts'
import { type Listener, startOtlpHttp } from '../../ingest/otlp-http.ts'
import type { ServerTls } from '../../storage/access/server-tls.ts'
import { openOrExplain } from './listen-error.ts'

export interface OtlpListeners {
  readonly http: Listener
  readonly grpc: Listener
  drain(): Promise<void>
}

/** Rejects with `CannotStart`, which names the address and the flag that changes it. */
export async function listenForOtlp(options: {
  host: string
  otlpHttpPort: number
  otlpGrpcPort: number
  corsOrigins: readonly string[]
  gatewayTls: ServerTls | null
  gateway: Gateway
}): Promise<OtlpListeners> {
  const { host, otlpHttpPort, otlpGrpcPort, corsOrigins, gatewayTls: tls, gateway } = options
  const http = await openOrExplain({ what: 'OTLP/HTTP', host, port: otlpHttpPort, flag: '--otlp-http-port' }, () =>
    startOtlpHttp({ host, port: otlpHttpPort, tls, corsOrigins, gateway }),
  )
  try {
    const grpc = await openOrExplain({ what: 'OTLP/gRPC', host, port: otlpGrpcPort, flag: '--otlp-grpc-port' }, () =>
      startOtlpGrpc({ host, port: otlpGrpcPort, tls, gateway }),
    )
    return {
      http,
      grpc,
      drain: async () => {
        await Promise.all([http.drain(), grpc.drain()])
      },
    }
  } catch (error) {
    await http.drain()
    throw error
  }
}
