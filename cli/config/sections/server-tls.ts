import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { ServerTls } from '../../../storage/access/server-tls.ts'
import { pem, type Secret } from '../secret.ts'
import { type Complaint, group, setting } from '../setting.ts'
import { optional } from '../values.ts'

/** TLS of something that listens, at `path`, with variables that begin with `prefix`. */
export function serverTls(path: string, prefix: string) {
  const settings = {
    certificate: setting(optional(pem('a certificate')), {
      about: 'what is shown to clients, with those between it and its authority; with it the listener speaks TLS alone',
      default: null,
      variables: [`${prefix}_CERTIFICATE`],
    }),
    key: setting(optional(pem('a private key')), {
      about: 'that of `certificate`',
      default: null,
      variables: [`${prefix}_KEY`],
    }),
    clientCa: setting(optional(pem('a certificate')), {
      about: 'mutual TLS: clients need a certificate that this authority signed',
      default: null,
      variables: [`${prefix}_CLIENT_CA`],
    }),
  }
  return group('Encryption of what clients send.', settings, (config) => complaintsOf(path, config))
}

interface ServerTlsConfig {
  readonly certificate: Secret | null
  readonly key: Secret | null
  readonly clientCa: Secret | null
}

export function serverTlsOf({ certificate, key, clientCa }: ServerTlsConfig): ServerTls | null {
  if (certificate === null || key === null) return null
  return { cert: certificate.reveal(), key: key.reveal(), clientCa: clientCa?.reveal() ?? null }
}

function complaintsOf(path: string, { certificate, key, clientCa }: ServerTlsConfig): Complaint[] {
  const complaint = (name: string, message: string): Complaint[] => [{ path: `${path}.${name}`, message }]
  if (certificate !== null && key === null) return complaint('certificate', `needs ${path}.key beside it`)
  if (key !== null && certificate === null) return complaint('key', `needs ${path}.certificate beside it`)
  if (clientCa !== null && certificate === null) return complaint('clientCa', `needs ${path}.certificate beside it`)
  if (certificate === null || key === null) return []
  return belongTogether(certificate.reveal(), key.reveal())
    ? []
    : complaint('key', `is not the key of ${path}.certificate, or one of them cannot be read`)
}

function belongTogether(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}
