/** The header by which a trace goes on in the next process: https://www.w3.org/TR/trace-context/#traceparent-header */

/** Where a span is, for those that go on from it or point at it. */
export interface SpanPlace {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string
  /** 16 of them. */
  readonly spanId: string
  readonly isSampled: boolean
}

const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** Null for what is none: its trace then begins here. */
export function parseTraceparent(text: string | undefined): SpanPlace | null {
  const [, version, traceId = '', spanId = '', flags = '', more] = SHAPE.exec(text?.trim() ?? '') ?? []
  // A later version may have more in it, the first may not.
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return null
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: SpanPlace): string =>
  `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`
