/** What the code knows of the environment, for tests of what sets it. */
import { SLACK_VARIABLE } from '../../alerting/receivers/config.ts'
import { parseServeSettings, ROLES } from '../../cli/serve/serve-settings.ts'
import { providersFromEnv } from '../../workers/offline/providers.ts'

/** Addresses of engines, as somebody might write them. */
export const EXAMPLE_ENGINES: Readonly<Record<string, string>> = {
  ASSAY_LOG_URL: 'kafka://kafka:9092',
  ASSAY_TRACES_URL: 'http://assay:secret@clickhouse:8123',
  REDIS_URL: 'redis://:secret@redis:6379',
}

const NONSENSE = 'nonsense '

/** Whether a variable does something: given nonsense, the settings change or are refused. */
export function isRead(variable: string): boolean {
  const settings = (env: Record<string, string>) => JSON.stringify(parseServeSettings(ROLES, {}, env))
  const spoilt = { ...EXAMPLE_ENGINES, [variable]: NONSENSE }
  const providers = providersFromEnv({ [variable]: NONSENSE })
  return (
    settings(spoilt) !== settings({ ...EXAMPLE_ENGINES }) ||
    providers.byName.size + providers.problems.length > 0 ||
    variable === SLACK_VARIABLE
  )
}
