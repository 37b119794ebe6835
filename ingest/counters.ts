/** What the gateway took and turned away, over all its protocols. */
import { type BoundsTally, emptyTally } from '../engine/bounds/bounds.ts'
import type { RejectReason } from './refusals.ts'

/** With what was cut, left out and clamped of accepted spans. */
export interface GatewayCounters extends BoundsTally {
  requests: number
  acceptedRequests: number
  acceptedSpans: number
  /** Of model calls, in log records. */
  acceptedMessages: number
  /** Of accepted requests: spans without a start or an end. */
  rejectedSpans: number
  /** Requests, by why they were turned away. */
  rejected: Record<RejectReason, number>
  /** Milliseconds since the epoch; null before the first spans. */
  lastAcceptedAtMs: number | null
  /** WebSockets. */
  openStreams: number
  /** By listener. */
  openConnections: { http: number; grpc: number }
}

export function emptyCounters(): GatewayCounters {
  return {
    requests: 0,
    acceptedRequests: 0,
    acceptedSpans: 0,
    acceptedMessages: 0,
    rejectedSpans: 0,
    ...emptyTally(),
    rejected: {
      malformed: 0,
      too_large: 0,
      content_type: 0,
      content_encoding: 0,
      unauthenticated: 0,
      forbidden: 0,
      not_found: 0,
      method: 0,
      overloaded: 0,
      rate_limited: 0,
      quota_used: 0,
      log_unavailable: 0,
      aborted: 0,
      internal: 0,
    },
    lastAcceptedAtMs: null,
    openStreams: 0,
    openConnections: { http: 0, grpc: 0 },
  }
}

/** Adds what was done to the spans of a request. */
export function addTally(counters: BoundsTally, { cutTexts, droppedAttributes, clampedSpans }: BoundsTally): void {
  counters.cutTexts += cutTexts
  counters.droppedAttributes += droppedAttributes
  counters.clampedSpans += clampedSpans
}
