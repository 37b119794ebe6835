import type { IncomingMessage } from 'node:http'
import type { Credentials } from '../storage/access/gate.ts'

/** Sending needs no more than a key or an open door, so where a request comes from decides nothing. */
export function credentialsOf({ headers }: Pick<IncomingMessage, 'headers'>): Credentials {
  const apiKey = headers['x-api-key']
  return {
    authorization: headers.authorization,
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
    isLocal: false,
  }
}
