import { DEFAULT_TENANT } from '../access/principal.ts'
import type { LogRecord } from './port.ts'

/** Whose record it is. The gateway says it with each; records from before it did are the default tenant's. */
export const tenantOf = ({ headers }: Pick<LogRecord, 'headers'>): string => headers.tenant ?? DEFAULT_TENANT
