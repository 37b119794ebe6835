/** What the roles of one process say of how they are. */
import { breakerOfGateway, type Counters, type RoleHealth, troubleOfGateway } from '../health.ts'
import { integrityCounters, troubleOfIntegrity } from '../integrity/health.ts'
import { freeBytesOf, RESERVE_BYTES } from '../roles/disk-reserve.ts'

interface Parts {
  readonly gateway: () => Promise<Counters>
  readonly trans: () => Promise<Counters>
  readonly store: () => Counters
  readonly replay: RoleHealth['stats']
  readonly integrity: Parameters<typeof integrityCounters>[0]
  readonly dataDir: string
}

export function rolesOf({ gateway, trans, store, replay, integrity, dataDir }: Parts): RoleHealth[] {
  return [
    { name: 'gateway', stats: gateway, trouble: troubleOfGateway, breaker: breakerOfGateway },
    { name: 'trans', stats: trans },
    {
      name: 'store',
      stats: async () => store(),
      trouble: ({ isStoreDown }) =>
        isStoreDown === true ? 'storing waits for the traces store; spans are kept in the log' : null,
    },
    { name: 'replay', stats: replay },
    { name: 'integrity', stats: () => integrityCounters(integrity), trouble: troubleOfIntegrity },
    {
      name: 'disk',
      stats: async () => ({ freeBytes: freeBytesOf(dataDir) }),
      trouble: ({ freeBytes }) =>
        Number(freeBytes) < RESERVE_BYTES ? `less than ${RESERVE_BYTES >> 20} MiB are free: spans are refused` : null,
    },
  ]
}
