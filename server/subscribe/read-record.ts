/** From records of the log to what subscribers are told: redacted as the store redacts, without what was erased. */
import { alertTransitionSchema } from '../../engine/alerting/transition-json.ts'
import { parseResults } from '../../engine/codec/results.ts'
import { decodeRecord, decodeRoots } from '../../engine/conventions/normalise.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { Span } from '../../engine/model/span.ts'
import { spanToJson } from '../../engine/model/span-json.ts'
import type { Redactor } from '../../engine/redact/redact.ts'
import type { StoredTransition } from '../../storage/alerts/alert-states.ts'
import type { Erased } from '../../storage/erasure/tombstones.ts'
import { holdsMessages } from '../../storage/log/holds-messages.ts'
import type { LogRecord } from '../../storage/log/port.ts'
import { tenantOf } from '../../storage/log/tenant-of.ts'
import { type Investigations, transitionToJson } from '../alert-json.ts'
import { type MeasureOf, resultToJson } from '../result-json.ts'
import type { LiveAgentJson } from '../schemas.ts'
import type { LogStream } from './streams.ts'

/** Texts are made when the first subscriber wants them, once for all. */
export type StreamEvent =
  | { readonly type: 'span'; readonly span: Span; json(): string }
  | { readonly type: 'result'; readonly result: EvalResult; json(): string }
  | { readonly type: 'alert'; readonly alert: StoredTransition; json(): string }
  | { readonly type: 'agent'; readonly agent: LiveAgentJson; json(): string }
  | { readonly type: 'agent_gone'; readonly agent: Pick<LiveAgentJson, 'agent' | 'env'>; json(): string }

export interface ReadContext {
  /** Of a tenant; throws where its definitions could not be compiled: nothing of its spans is told then. */
  readonly redactorOf: (tenant: string) => Redactor
  readonly erased: Erased
  readonly measuresOf: (tenant: string) => MeasureOf
  readonly investigations: Investigations
  /** Under which others reach this instance, if it is known. */
  readonly publicUrl: string | null
}

/** At the places that they have in the record; null where one is not to be told. */
export type RecordEvents = readonly (StreamEvent | null)[]

const NOTHING: RecordEvents = []

/** `isOfRoots`: nobody wants other spans, which are then null and not read. */
export function readRecord(
  stream: LogStream,
  record: LogRecord,
  context: ReadContext,
  isOfRoots: boolean,
): RecordEvents {
  if (stream === 'spans') return spansOf(record, context, isOfRoots)
  if (stream === 'results') return resultsOf(record, context)
  return alertOf(record, context)
}

function spansOf(record: LogRecord, { redactorOf, erased }: ReadContext, isOfRoots: boolean): RecordEvents {
  if (holdsMessages(record)) return NOTHING
  const tenant = tenantOf(record)
  const redactor = redactorOf(tenant)
  const outcome = (isOfRoots ? decodeRoots : decodeRecord)(tenant, record.value)
  if (!outcome.ok) return NOTHING
  return outcome.spans.map((span) => {
    if (span === null || erased.covers(span, record.appendTimeMs)) return null
    redactor.apply(span)
    return { type: 'span', span, json: once(() => spanToJson(span)) }
  })
}

function resultsOf(record: LogRecord, { erased, measuresOf }: ReadContext): RecordEvents {
  const outcome = parseResults(record.value)
  if (!outcome.ok) return NOTHING
  const tenant = tenantOf(record)
  const measureOf = measuresOf(tenant)
  return outcome.results.map((result) => {
    if (result.tenant !== tenant || erased.coversTrace(tenant, result.traceId)) return null
    return { type: 'result', result, json: once(() => resultToJson(result, measureOf)) }
  })
}

function alertOf(record: LogRecord, { investigations, publicUrl }: ReadContext): RecordEvents {
  const tenant = tenantOf(record)
  const alert = parseTransition(record.value)
  return alert === null
    ? NOTHING
    : [{ type: 'alert', alert, json: once(() => transitionToJson(alert, tenant, investigations, publicUrl)) }]
}

function parseTransition(value: Uint8Array): StoredTransition | null {
  try {
    const parsed = alertTransitionSchema.safeParse(JSON.parse(new TextDecoder().decode(value)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

export function once(make: () => unknown): () => string {
  let text: string | null = null
  return () => {
    text ??= JSON.stringify(make())
    return text
  }
}
