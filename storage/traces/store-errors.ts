/** ClickHouse's errors in the terms of whoever runs Assay, or asks it something. */
import type { QueryLimits } from './limits.ts'
import { QueryLimitError } from './port.ts'

/** The store cannot be used as it is set up; the message says what to change. */
export class StoreAccessError extends Error {
  override readonly name = 'StoreAccessError'
}

export interface StoreAddress {
  /** Host and port; null in process. */
  readonly host: string | null
  readonly user: string
  readonly database: string
}

/** `limits`: of the query that failed, where it was one. Errors that need no other words are returned as they are. */
export function storeErrorOf(error: unknown, address: StoreAddress, limits?: QueryLimits): unknown {
  if (isServerError(error)) return ofServer(error, address, limits) ?? error
  const code = systemCodeOf(error)
  const said = code === null || address.host === null ? undefined : UNREACHABLE[code]
  if (said === undefined) return error
  return new StoreAccessError(`ClickHouse at ${address.host} ${said}`, { cause: error })
}

/** What the client throws for ClickHouse's own errors. The engine in process brings another copy of the class. */
interface ServerError extends Error {
  readonly code: string
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'type' in error && 'code' in error && /^\d+$/.test(String(error.code))
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: nothing listens there',
  ENOTFOUND: 'cannot be found: there is no host of that name',
  EAI_AGAIN: 'cannot be found: the name service does not answer',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ECONNRESET: 'closed the connection',
  EPROTO: 'does not speak TLS there: use http:// or another port',
  CERT_HAS_EXPIRED: 'shows a certificate that has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'shows a certificate that it signed itself: NODE_EXTRA_CA_CERTS names a file with those to trust',
  SELF_SIGNED_CERT_IN_CHAIN:
    'shows a certificate of an authority that is not known here: NODE_EXTRA_CA_CERTS names a file with those to trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'shows a certificate of an authority that is not known here: NODE_EXTRA_CA_CERTS names a file with those to trust',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a certificate of another host',
}

/** Of names that resolve to several addresses the system's code is one level down. */
function systemCodeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? systemCodeOf(error.errors[0]) : null
}

function ofServer(error: ServerError, address: StoreAddress, limits: QueryLimits | undefined): Error | null {
  const { user, database } = address
  const at = address.host === null ? 'the engine in process' : `ClickHouse at ${address.host}`
  switch (error.code) {
    case '192': // UNKNOWN_USER
    case '193': // WRONG_PASSWORD
    case '194': // REQUIRED_PASSWORD
    case '516': // AUTHENTICATION_FAILED
      return new StoreAccessError(
        `${at} refuses the user ${user}: the name or the password of ASSAY_TRACES_URL is wrong`,
        { cause: error },
      )
    case '497': // ACCESS_DENIED
      return new StoreAccessError(
        `the user ${user} of ${at} may not do what is needed: ${grantOf(error.message)}. GRANT SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE ON ${database}.* TO ${user} is what migrating and storing take, SELECT what reading takes`,
        { cause: error },
      )
    case '164': // READONLY
      return new StoreAccessError(
        `the user ${user} of ${at} may only read (its profile has readonly set): migrating and storing need one that may write, and reading needs readonly = 2, which lets a query set its own limits`,
        { cause: error },
      )
    case '243': // NOT_ENOUGH_SPACE
      return new StoreAccessError(`${at} has no room on its disk: ${error.message}`, { cause: error })
  }
  return limits === undefined ? null : ofLimit(error, limits)
}

/** What the server says of it: `…it's necessary to have the grant CREATE TABLE ON assay.*`. */
function grantOf(message: string): string {
  const grant = /necessary to have the grant (.+?)\.?\s*(?:\(ACCESS_DENIED\)|$)/.exec(message)?.[1]
  return grant === undefined ? message : `it lacks ${grant}`
}

function ofLimit(error: ServerError, limits: QueryLimits): Error | null {
  const { code, message } = error
  switch (code) {
    case '241': // MEMORY_LIMIT_EXCEEDED
      // Of the server as a whole, or of the user: another query may be what took it.
      if (/\((total|for user)\)/i.test(message)) return new QueryLimitError('busy', BUSY, { cause: error })
      return new QueryLimitError(
        'memory',
        `the query needs more than the ${megabytes(limits.memoryBytes)} of memory that one may use; ask for a shorter time, or for less`,
        { cause: error },
      )
    case '159': // TIMEOUT_EXCEEDED
    case '160': // TOO_SLOW
      return new QueryLimitError(
        'time',
        `the query takes longer than the ${limits.seconds} s that one may take; ask for a shorter time, or for less`,
        { cause: error },
      )
    case '396': // TOO_MANY_ROWS_OR_BYTES
    case '158': // TOO_MANY_ROWS
      return new QueryLimitError(
        'rows',
        `the answer has more than the ${limits.rows} rows that one may have; ask for fewer`,
        {
          cause: error,
        },
      )
    case '202': // TOO_MANY_SIMULTANEOUS_QUERIES
      return new QueryLimitError('busy', BUSY, { cause: error })
  }
  return null
}

const BUSY = 'ClickHouse has too much to do at the moment; try again'

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e4) / 100} MB`
}
