import { isLoopback } from '../../storage/access/loopback.ts'
import type { ForwardSettings } from './forward-settings.ts'

/** What to say at the start where others than this machine can send under the forwarder's own key; null: they cannot. */
export function openToOthers({ host, gatewayTls }: Pick<ForwardSettings, 'host' | 'gatewayTls'>): string | null {
  if (host === 'localhost' || isLoopback(host)) return null
  // Whoever sends has shown a certificate.
  if (gatewayTls !== null && gatewayTls.clientCa !== null) return null
  return `anyone who reaches ${host} can send, and what they send is delivered under this forwarder's key: leave --host at 127.0.0.1, or ask for certificates (gateway.tls.clientCa)`
}
