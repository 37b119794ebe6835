/** TLS of a listener; each in PEM. */
export interface ServerTls {
  readonly cert: string
  readonly key: string
  /** Clients must show a certificate of this authority; null: they need none. */
  readonly clientCa: string | null
}

/** For Node's own TLS servers, TLS 1.2 at least. */
export function tlsOptionsOf({ cert, key, clientCa }: ServerTls) {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2' as const,
    ...(clientCa !== null && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }
}
