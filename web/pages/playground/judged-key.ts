import type { Judged } from './protocol.ts'

/** Of an eval and what it judged. */
export const keyOf = ({ evalId, traceId, spanId }: Pick<Judged, 'evalId' | 'traceId' | 'spanId'>): string =>
  `${evalId} ${traceId} ${spanId}`
