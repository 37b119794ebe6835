import type { StateStore } from '../../storage/state/port.ts'
import type { RoleHealth } from '../health.ts'

/** What Redis says of itself; nothing where there is none. */
export const redisPart = (state: (() => Promise<StateStore>) | null): RoleHealth => ({
  name: 'redis',
  stats: async () => ({ replicationLagSeconds: (await (await state?.())?.replicationLagSeconds?.()) ?? null }),
})
