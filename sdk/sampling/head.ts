/**
 * Whether a trace is kept, from its id alone, so that every service of a trace decides the same. The rule is that of OpenTelemetry's consistent
 * probability sampling: the id's last 56 bits are the trace's random number, and it is kept above a threshold
 * (https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/). Of the 56 bits the upper 52 are looked at, which a
 * number holds exactly.
 */
export function keepsTrace(traceId: string, rate: number): boolean {
  if (rate >= 1) return true
  return Number.parseInt(traceId.slice(18, 31), 16) >= (1 - rate) * 2 ** 52
}
