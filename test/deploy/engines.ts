/** What the code knows of the environment, for tests of what sets it. */
import { settings } from '../../cli/config/settings.ts'
import { isVariable } from '../../cli/config/variables.ts'

/** Addresses of engines, as somebody might write them. */
export const EXAMPLE_ENGINES: Readonly<Record<string, string>> = {
  ASSAY_LOG_URL: 'kafka://kafka:9092',
  ASSAY_TRACES_URL: 'http://assay:secret@clickhouse:8123',
  REDIS_URL: 'redis://:secret@redis:6379',
}

/** Whether a variable does something. */
export const isRead = (variable: string): boolean => isVariable(settings, variable)
