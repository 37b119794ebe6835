import { diag } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { type Runtime, systemRuntime } from '../runtime.ts'
import { defaultPriority, type Priority } from './priority.ts'

export interface ExportOptions {
  /** Assay's OTLP address, with or without `/v1/traces`. `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT`, else `http://127.0.0.1:4318`. */
  url?: string
  /** A key of role ingest. `ASSAY_KEY` if absent. */
  key?: string
  headers?: Readonly<Record<string, string>>
  /** Spans that may wait, with those being sent: 8,192. */
  maxSpans?: number
  /** Memory that they may hold, estimated from their texts: 32 MiB. */
  maxBytes?: number
  /** Spans of one request: 2,048. How many it is at the moment adapts. */
  maxBatchSpans?: number
  /** How long a span waits for others: 1 s. */
  delayMs?: number
  /** One request may take: 10 s. */
  timeoutMs?: number
  /** `forceFlush` and `shutdown` return after this at the latest: 5 s. */
  flushTimeoutMs?: number
  /** What goes last when there is no room. By default errors, then roots of traces. */
  priority?: (span: ReadableSpan) => Priority
  /** Takes the few lines the SDK has to say. OpenTelemetry's `diag.warn` if absent. */
  log?: (line: string) => void
  runtime?: Runtime
}

export type ExportSettings = Required<Omit<ExportOptions, 'key'>>

/** Never fails: an agent must start with any settings. What can't be used takes its default, and a bad address is told when it is used. */
export function exportSettings(
  options: ExportOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ExportSettings {
  const key = nonEmpty(options.key) ?? nonEmpty(environment.ASSAY_KEY)
  const maxSpans = count(options.maxSpans, 8_192)
  const maxBytes = count(options.maxBytes, 32 * 1024 * 1024)
  return {
    url: tracesUrl(options.url, environment),
    headers: { ...options.headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    maxSpans,
    maxBytes,
    // What is being sent counts: a batch must leave room for the spans that end meanwhile.
    maxBatchSpans: Math.min(count(options.maxBatchSpans, 2_048), Math.max(1, Math.floor(maxSpans / 2))),
    delayMs: count(options.delayMs, 1_000),
    timeoutMs: count(options.timeoutMs, 10_000),
    flushTimeoutMs: count(options.flushTimeoutMs, 5_000),
    priority: options.priority ?? defaultPriority,
    log: options.log ?? ((line) => diag.warn(line)),
    runtime: options.runtime ?? systemRuntime,
  }
}

function tracesUrl(url: string | undefined, environment: Readonly<Record<string, string | undefined>>): string {
  const whole = url === undefined ? nonEmpty(environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) : undefined
  if (whole !== undefined) return whole
  const base = nonEmpty(url) ?? nonEmpty(environment.OTEL_EXPORTER_OTLP_ENDPOINT) ?? 'http://127.0.0.1:4318'
  return /\/v1\/traces\/?$/.test(base) ? base : `${base.replace(/\/+$/, '')}/v1/traces`
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

function count(value: number | undefined, otherwise: number): number {
  return value !== undefined && Number.isFinite(value) && value >= 1 ? Math.floor(value) : otherwise
}
