/** Records of the log without the spans and results of some traces. */
import { encodeResults, parseResults } from '../../engine/codec/results.ts'
import { splitByPartition } from '../../engine/otlp/split.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../log/topics.ts'
import { encodeNote, parseNote } from '../unsettled-notes.ts'

export interface Removed {
  /** What is left. */
  readonly value: Uint8Array
  /** Spans or results that are not. */
  readonly rows: number
}

export type IsErased = (traceId: string) => boolean

const NOTHING = new Uint8Array(0)
const KEPT = 0
const ERASED = 1

/**
 * Null when there is none of them in it. `topic`: whose form the record has. What cannot be read goes as a whole when `mayBeAbout` it.
 */
export function withoutTraces(
  topic: string,
  value: Uint8Array,
  isErased: IsErased,
  mayBeAbout: (bytes: Uint8Array) => boolean,
): Removed | null {
  const unreadable = (): Removed | null => (value.length > 0 && mayBeAbout(value) ? { value: NOTHING, rows: 1 } : null)
  switch (topic) {
    case AGENT_TRACES: {
      const split = splitByPartition(value, (traceId) => (isErased(traceId) ? ERASED : KEPT))
      if (!split.ok) return unreadable()
      const erased = split.records.find(({ partition }) => partition === ERASED)
      if (erased === undefined) return null
      return {
        value: split.records.find(({ partition }) => partition === KEPT)?.value ?? NOTHING,
        rows: erased.spanCount,
      }
    }
    case EVAL_RESULTS: {
      const parsed = parseResults(value)
      if (!parsed.ok) return unreadable()
      const kept = parsed.results.filter(({ traceId }) => !isErased(traceId))
      const rows = parsed.results.length - kept.length
      return rows === 0 ? null : { value: encodeResults(kept), rows }
    }
    default:
      return unreadable()
  }
}

/** Of `unsettled-traces`, whose records are of several tenants. Null when there is none of them in it. */
export function withoutNotes(tenant: string, value: Uint8Array, isErased: IsErased): Removed | null {
  const note = parseNote(value)
  if (note === null) return null
  const isKept = (one: { tenant: string; traceId: string }): boolean => one.tenant !== tenant || !isErased(one.traceId)
  const waiting = note.waiting.filter(isKept)
  const settled = note.settled.filter(isKept)
  const rows = note.waiting.length + note.settled.length - waiting.length - settled.length
  return rows === 0 ? null : { value: encodeNote({ ...note, waiting, settled }), rows }
}
