/** Which engines the configuration names, as `assay up` and `assay serve` read it. */
import type { KafkaSettings } from '../../storage/log/kafka/config.ts'
import type { Answer } from '../commands/ask-api.ts'
import { lineOf } from '../config/problem.ts'
import { configPathOf, resolveSettings } from '../config/resolve-settings.ts'
import { kafkaSettingsOf } from '../config/sections/log.ts'
import { tracesUrlOf } from '../config/sections/traces.ts'
import { type TablesSettings, tablesOf } from '../config/sections/traces-tables.ts'

export interface PlaceFlags {
  server?: string
  data?: string
  logUrl?: string
  tracesUrl?: string
  config?: string
}

export interface EngineUrls {
  /** Null: in the data folder. */
  readonly log: KafkaSettings | null
  /** Null: in the data folder. */
  readonly tracesUrl: string | null
  readonly cluster: string | null
}

export interface FoundEngines {
  readonly engines: EngineUrls
  readonly dataDir: string
  readonly tables: TablesSettings
}

const USES = new Set(['data', 'log', 'traces'])

export function enginesOf(flags: PlaceFlags): Answer<FoundEngines> {
  const { data, logUrl, tracesUrl } = flags
  const resolved = resolveSettings(
    { flags: { data, logUrl, tracesUrl }, env: process.env, path: configPathOf(flags.config, process.env) },
    { uses: (key) => USES.has(key) },
  )
  if (!resolved.ok) return { ok: false, message: resolved.problems.map(lineOf).join('\n') }
  const { config } = resolved
  const tables = tablesOf(config.traces)
  const engines = { log: kafkaSettingsOf(config.log), tracesUrl: tracesUrlOf(config.traces), cluster: tables.cluster }
  return { ok: true, value: { engines, dataDir: config.data, tables } }
}
