/** A trace as OTLP/JSON: one root with thousands of calls below it. */
export function largeTrace(traceId: string, spanCount: number): unknown {
  const nowNs = BigInt(Date.now()) * 1_000_000n
  const spans = Array.from({ length: spanCount }, (_, index) => ({
    traceId,
    spanId: (index + 1).toString(16).padStart(16, '0'),
    ...(index > 0 && { parentSpanId: '0000000000000001' }),
    name: `call ${index}`,
    kind: 1,
    startTimeUnixNano: String(nowNs + BigInt(index) * 1_000_000n),
    endTimeUnixNano: String(nowNs + BigInt(index === 0 ? spanCount : index + 1) * 1_000_000n),
  }))
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] }
}
