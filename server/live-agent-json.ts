import type { LiveAgent } from '../engine/live/share.ts'
import type { LiveAgentJson } from './schemas.ts'
import { usdOf } from './usd.ts'

/** What an agent does now, as the API shows it. */
export function liveAgentToJson(one: LiveAgent): LiveAgentJson {
  return {
    agent: one.agent,
    ...(one.env !== undefined && { env: one.env }),
    lastSeen: new Date(one.lastSeenMs).toISOString(),
    inFlightTraces: one.inFlightTraces,
    runs: one.runs,
    errorRate: one.runs === 0 ? null : one.failedRuns / one.runs,
    p95DurationMs: one.p95DurationNs === null ? null : one.p95DurationNs / 1e6,
    spans: one.spans,
    failedSpans: one.failedSpans,
    runsPerMinute: one.runsPerMinute,
    spansPerMinute: one.spansPerMinute,
    tokensPerMinute: one.tokensPerMinute,
    costUsdPerMinute: usdOf(one.costMicroUsdPerMinute),
    verdicts: Object.fromEntries(one.verdicts),
    versions: [...one.versions],
    models: [...one.models],
  }
}
