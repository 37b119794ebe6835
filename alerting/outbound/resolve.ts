/** Names to addresses that may be connected to. Who connects takes these and asks no second time: a name may answer otherwise then. */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { AddressPolicy } from './private-addresses.ts'

export type Lookup = (
  host: string,
  options: LookupOptions & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** Not one of the host's addresses may be connected to. */
export class ForbiddenAddressError extends Error {
  readonly code = 'FORBIDDEN_ADDRESS'

  constructor(host: string) {
    super(`${host} is a private address: name it in alerts.allowPrivate (ASSAY_ALERTS_ALLOW_PRIVATE) to reach it`)
  }
}

/** A literal address; `null` for a name. Those of a URL have brackets around IPv6. */
export const literalAddress = (host: string): string | null => {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) === 0 ? null : bare
}

/** For the connection itself: what it is given is what was looked at. */
export function guardedLookup(policy: AddressPolicy, lookup: Lookup = systemLookup): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '')
      const [first, ...more] = addresses.filter(({ address }) => policy(host, address))
      if (first === undefined) return done(new ForbiddenAddressError(host), '')
      if (options.all) return done(null, [first, ...more])
      done(null, first.address, first.family)
    })
  }
}

/** Where another's client connects by address: one of the host's that may be. Rejects with `ForbiddenAddressError`, or as DNS does. */
export async function resolveGuarded(host: string, policy: AddressPolicy, lookup?: Lookup): Promise<string> {
  const literal = literalAddress(host)
  if (literal !== null) {
    if (!policy(literal, literal)) throw new ForbiddenAddressError(host)
    return literal
  }
  return new Promise((resolve, reject) => {
    guardedLookup(policy, lookup)(host, { all: true }, (error, found) => {
      if (error !== null) reject(error)
      else resolve(typeof found === 'string' ? found : found[0]!.address)
    })
  })
}
