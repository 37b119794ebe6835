/**
 * Log records that say what a model call was given and answered, as some SDKs send it beside the span. They become spans of one event each,
 * with the ids of the span that they belong to: so they go the way of spans, with all that is done to those, and nothing of them is lost:
 * their attributes are the event's, their body is its attribute `body`. https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
/** Events that hold messages. */
export const MESSAGE_EVENTS: ReadonlySet<string> = new Set([
  'gen_ai.system.message',
  'gen_ai.user.message',
  'gen_ai.assistant.message',
  'gen_ai.tool.message',
  'gen_ai.choice',
  'gen_ai.client.inference.operation.details',
  'gen_ai.content.prompt',
  'gen_ai.content.completion',
])

/** The event's attribute that has the log record's body. */
export const BODY = 'body'

/** Of older SDKs, which have no field for it. */
export const EVENT_NAME = 'event.name'

export interface LeftOut {
  /** No event of the above. */
  readonly others: number
  /** Without the ids of a span. */
  readonly withoutSpan: number
}

export type LogsOutcome =
  | {
      ok: true
      /** An ExportTraceServiceRequest: `json` in OTLP/JSON, else in protobuf. */
      request: Uint8Array
      kept: number
      leftOut: LeftOut
      /** A path in `request` as the same place in what was sent. */
      pathOf(path: string): string
    }
  /** Names the field where one is wrong. */
  | { ok: false; message: string }

/** A list of spans as a path of either encoding has it. */
const SPAN_PATH = /^resourceSpans\[(\d+)\]\.scopeSpans\[(\d+)\]\.spans\[(\d+)\]/

/** Spans are in the groups of their records; only among the records of a scope some are left out. */
export function placeIn(
  path: string,
  places: readonly (readonly number[])[],
  [resource, scope, record]: readonly [string, string, string],
): string {
  const [whole, ...at] = SPAN_PATH.exec(path) ?? []
  const [group, inner, index] = at.map(Number)
  const place = places.filter((one) => one[0] === group && one[1] === inner)[index ?? -1]
  if (whole === undefined || place === undefined) return path
  return `${resource}[${place[0]}].${scope}[${place[1]}].${record}[${place[2]}]${path.slice(whole.length)}`
}
