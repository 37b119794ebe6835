import type { LogRecord } from './port.ts'

/** The header of records of `agent-traces` that hold messages sent apart from their spans, and how many: `engine/conventions/span-messages.ts`. */
export const MESSAGES = 'messages'

export const holdsMessages = ({ headers }: Pick<LogRecord, 'headers'>): boolean => headers[MESSAGES] !== undefined
