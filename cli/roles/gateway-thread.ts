/** The Reflect gateway in a thread of its own: OTLP over HTTP in, appended to the log before it is acknowledged. */
import { startOtlpHttp } from '../../ingest/otlp-http.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { openOrExplain } from './listen-error.ts'
import { runRole } from './run-role.ts'

export interface GatewayData {
  dataDir: string
  host: string
  port: number
  tenant: string
}

export interface GatewayInfo {
  port: number
}

await runRole(async (context) => {
  const data = context.data as GatewayData
  const log = await openEmbeddedLog({ dataDir: data.dataDir })
  const server = await openOrExplain(
    { what: 'OTLP/HTTP', host: data.host, port: data.port, flag: '--otlp-http-port' },
    () => startOtlpHttp({ host: data.host, port: data.port, log, tenant: data.tenant }),
  )
  const info: GatewayInfo = { port: server.port }
  return {
    info,
    setDefinitions: () => {},
    call: async (method) => {
      if (method === 'stats') return server.stats()
      throw new Error(`the gateway has no method ${method}`)
    },
    drain: async () => {
      await server.drain()
      await log.close()
    },
  }
})
