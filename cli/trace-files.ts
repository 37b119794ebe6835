/** Files of traces that tests name: read once each, and known by path to whoever watches them. */
import { readFileSync } from 'node:fs'
import type { TracesFile } from '../dsl/resolve.ts'
import { messageOf } from '../engine/message-of.ts'
import type { Span } from '../engine/model/span.ts'
import { readTraces } from './read-traces.ts'

type FileOutcome = { ok: true; traces: ReadonlyMap<string, readonly Span[]> } | { ok: false; message: string }

export class TraceFiles {
  readonly #files = new Map<string, FileOutcome>()

  /** Those that were asked for, in order. */
  get paths(): string[] {
    return [...this.#files.keys()]
  }

  /** For `loadEvals`: which traces a file holds. */
  readonly read = (path: string): TracesFile => {
    const outcome = this.#outcome(path)
    return outcome.ok ? { ok: true, path, traceIds: [...outcome.traces.keys()] } : outcome
  }

  /** For the runner, of what `read` has named. `traceId` null is the file's only trace. */
  readonly traceOf = (path: string, traceId: string | null): readonly Span[] => {
    const outcome = this.#outcome(path)
    const spans = outcome.ok ? outcome.traces.get(traceId ?? outcome.traces.keys().next().value ?? '') : undefined
    if (spans === undefined) throw new RangeError(`${path} has no trace ${traceId}`)
    return spans
  }

  #outcome(path: string): FileOutcome {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const outcome = readFile(path)
    this.#files.set(path, outcome)
    return outcome
  }
}

function readFile(path: string): FileOutcome {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    return { ok: false, message: messageOf(error) }
  }
  const read = readTraces(bytes)
  if (!read.ok) return read
  return read.spans.length === 0 ? { ok: false, message: 'it is empty' } : { ok: true, traces: tracesOf(read.spans) }
}

/** By trace in the order of the file. A span that is there more than once counts once: the first one. */
export function tracesOf(spans: readonly Span[]): Map<string, Span[]> {
  const byId = new Map<string, Map<string, Span>>()
  for (const span of spans) {
    const trace = byId.get(span.traceId) ?? new Map<string, Span>()
    byId.set(span.traceId, trace)
    if (!trace.has(span.spanId)) trace.set(span.spanId, span)
  }
  return new Map([...byId].map(([traceId, trace]) => [traceId, [...trace.values()]]))
}
