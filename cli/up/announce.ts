/** What `assay up` says once it is there: where it listens, where it keeps what it is sent, and who may ask. */
import type { Plan } from '../../dsl/plan.ts'
import { isLoopback } from '../../storage/access/loopback.ts'
import { describeAccess, describeDefinitions, OPEN_ACCESS } from '../describe.ts'
import type { GatewayInfo } from '../roles/gateway-thread.ts'
import { urlHost } from '../roles/listen-error.ts'
import type { UpSettings } from '../settings.ts'

interface Started {
  readonly apiUrl: string
  readonly gateway: GatewayInfo
  readonly dataDir: string
  readonly plan: Plan
  readonly hasKeys: boolean
}

export const schemeOf = (tls: unknown): string => (tls === null ? 'http' : 'https')

export function announce(
  settings: UpSettings,
  { apiUrl, gateway, dataDir, plan, hasKeys }: Started,
  { print, warn }: { readonly print: (text: string) => void; readonly warn: (text: string) => void },
): void {
  const host = urlHost(settings.host)
  print(`OTLP/HTTP  ${schemeOf(settings.gatewayTls)}://${host}:${gateway.otlpHttpPort}/v1/traces`)
  print(`OTLP/gRPC  ${host}:${gateway.otlpGrpcPort}${settings.gatewayTls === null ? '' : ' (TLS)'}`)
  print(`API        ${apiUrl}`)
  print(`Web UI     ${apiUrl}/`)
  print(`Data       ${settings.data === ':memory:' ? 'in a temporary folder, removed at the end' : dataDir}`)
  print(describeDefinitions(plan))
  if (settings.access === 'open') {
    if (settings.host === 'localhost' || isLoopback(settings.host)) print(OPEN_ACCESS)
    else warn(`Anyone who reaches ${settings.host} can send and read traces: ASSAY_ACCESS=keys asks for keys.`)
  }
  if (settings.access === 'keys') print(describeAccess(hasKeys, dataDir))
}
