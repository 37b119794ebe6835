/** The store of traces as `assay up` opens it, or why it cannot. */
import { messageOf } from '../../engine/message-of.ts'
import { measuredTraces } from '../../storage/metrics/measured.ts'
import { openTraces } from '../../storage/traces/open.ts'
import type { TracesStore } from '../../storage/traces/port.ts'
import { CannotStart } from '../roles/run-role.ts'
import type { UpSettings } from '../settings.ts'

/** Damage, a schema of another version, a full disk: told with the place, since the engine's words leave it out. */
export async function openStore(
  dataDir: string,
  { tracesUrl: url, tables }: Pick<UpSettings, 'tracesUrl' | 'tables'>,
  nowMs: () => number,
): Promise<TracesStore> {
  try {
    const traces = await openTraces({ ...(url === null ? { dataDir } : { url }), nowMs, ...tables })
    await traces.migrate()
    return measuredTraces(traces)
  } catch (error) {
    throw new CannotStart(
      `the traces ${url === null ? `below ${dataDir}` : `at ${withoutSecrets(url)}`} cannot be opened: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

/** A URL as it may be shown. */
function withoutSecrets(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}
