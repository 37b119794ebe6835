/** Which requests come from this machine, by its own name. */
import { isLoopback } from '../storage/access/loopback.ts'

/**
 * True if a `Host` header names this machine as only a local client writes it. A page in a browser that has its own name
 * resolved to 127.0.0.1 (DNS rebinding) sends that name, and must not read traces.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = URL.parse(`http://${host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '')
  return name === 'localhost' || isLoopback(name)
}

/** True if a browser sent the request from another site's page. */
export function isCrossSite(headers: { origin: string | undefined; host: string | undefined }): boolean {
  if (headers.origin === undefined) return false
  return URL.parse(headers.origin)?.host !== headers.host
}
