/** The API's side of the definitions that are pushed, and of runs that are asked for. */
import type { Releases } from '../../server/api-context.ts'
import { publishDefinitions, rollBackDefinitions } from '../../storage/definitions/publish.ts'
import { integrityCounters, troubleOfIntegrity } from '../integrity/health.ts'
import type { Shared, StartServedRole } from './shared.ts'

/** The routes need a listener, which the process has anyway for its health: `serve.ts` puts them there. */
export const startApiRole: StartServedRole = async (shared) => {
  const traces = await shared.migratedTraces()
  return {
    health: {
      name: 'api',
      stats: async () => {
        await traces.ping()
        return { integrity: await integrityCounters(await shared.integrity()) }
      },
      trouble: troubleOfIntegrity,
    },
    drain: async () => {},
  }
}

/** Pushes of one process come one after the other, each on top of the one before. */
export function releasesOf({ log, definitions, nowMs }: Shared): Releases {
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const next = turn.catch(() => {}).then(run)
    turn = next
    return next
  }
  return {
    packages: (tenant) => definitions.current(tenant).packages,
    push: (tenant, plan, from) =>
      inTurn(async () => {
        await definitions.refresh()
        const push = { tenant, plan, ...from, pushedAtMs: nowMs() }
        const outcome = await publishDefinitions(log, definitions.current(tenant), push)
        await definitions.refresh()
        return outcome
      }),
    rollBack: (tenant, name) =>
      inTurn(async () => {
        await definitions.refresh()
        const outcome = await rollBackDefinitions(log, definitions.current(tenant), name)
        await definitions.refresh()
        return outcome
      }),
  }
}
