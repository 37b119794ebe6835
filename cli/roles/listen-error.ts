import { CannotStart } from './run-role.ts'

const explanations: Readonly<Record<string, (where: string, flag: string) => string>> = {
  EADDRINUSE: (where, flag) =>
    `${where} is already in use; stop what listens there, or choose another port with ${flag}`,
  EACCES: (where, flag) => `${where} may not be listened on without more rights; choose a port above 1023 with ${flag}`,
  EADDRNOTAVAIL: (where) => `${hostOf(where)} is not an address of this machine; see --host`,
  ENOTFOUND: (where) => `the host name ${hostOf(where)} is not known; see --host`,
  EAI_AGAIN: (where) => `the host name ${hostOf(where)} could not be looked up; see --host`,
}

const hostOf = (where: string): string => where.slice(0, where.lastIndexOf(':'))

/** Says which listener could not be opened and what to do about it; other errors pass through. */
export async function openOrExplain<T>(
  listener: { what: string; host: string; port: number; flag: string },
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const explain = explanations[code]
    if (explain === undefined) throw error
    const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host
    throw new CannotStart(`${listener.what}: ${explain(`${host}:${listener.port}`, listener.flag)}`)
  }
}

/** As it stands in an address: IPv6 in brackets, and the wildcard as a name that a client on this machine can use. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
