import { plansOf } from '../../storage/definitions/plans.ts'
import type { Offline, OfflinePart } from '../../workers/offline/offline-options.ts'
import { startOffline } from '../../workers/offline/start.ts'
import type { Shared } from './shared.ts'

/** Offline evals as far as this process does them; with no parts it only enqueues runs for the workers, wherever they are. */
export async function startOfflinePart(
  shared: Shared,
  parts: readonly OfflinePart[],
  onNotice: (text: string) => void,
): Promise<Offline> {
  const { log, settings, definitions, onDefinitions, nowMs } = shared
  return startOffline({
    log,
    traces: await shared.migratedTraces(),
    // The folder is of no use to a queue on Redis.
    queue: { redis: settings.redis, dataDir: '' },
    definitions: { ...plansOf(definitions), onChange: onDefinitions },
    providers: settings.providers,
    defaultJudge: settings.defaultJudge,
    spending: settings.spending,
    nowMs,
    onNotice,
    parts,
    ...(parts.length > 0 && { checkDay: async (day) => (await shared.integrity()).checkDay(day) }),
    ...settings.worker,
  })
}
