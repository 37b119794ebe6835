/**
 * Repetitive spans as one: from a trace's spans that are alike, those beyond the first few stand in one of them, with how many they are
 * and how long they took. Alike are leaves of one parent with the same name and kind, without errors, events, links or anything that
 * evals read: 3,000 queries of a loop, but no model call.
 */
import { attributeField, isReadByConventions } from './attributes.ts'
import { Recent } from './recent.ts'
import type { SpanParts } from './span-parts.ts'

const REMEMBERED_TRACES = 1_000
const KINDS_OF_A_TRACE = 200

interface Folded {
  /** Place of the span in which the others stand. */
  readonly at: number
  count: number
  sumNs: bigint
  maxNs: bigint
}

export class Folder {
  readonly #after: number
  /** By trace: of which kind there were how many. */
  readonly #seen = new Recent<string, Recent<string, { count: number }>>(REMEMBERED_TRACES)

  constructor(after: number) {
    this.#after = after
  }

  /** Of a request's spans (null: not to be sent), those that go, and what is put behind those that stand for them. */
  fold(spans: readonly (SpanParts | null)[]): { left: ReadonlySet<number>; added: ReadonlyMap<number, Uint8Array[]> } {
    const parents = new Set(spans.map((span) => span?.parentSpanId))
    const left = new Set<number>()
    const folded = new Map<string, Folded>()
    for (const [at, span] of spans.entries()) {
      if (span === null || parents.has(span.spanId) || !isFoldable(span)) continue
      const kind = `${span.parentSpanId} ${span.kind} ${span.name}`
      const ofTrace = this.#seen.touch(span.traceId, () => new Recent(KINDS_OF_A_TRACE))
      const seen = ofTrace.touch(kind, () => ({ count: 0 }))
      if (++seen.count <= this.#after) continue
      const key = `${span.traceId} ${kind}`
      const one = folded.get(key)
      if (one === undefined) folded.set(key, { at, count: 1, sumNs: span.durationNs, maxNs: span.durationNs })
      else {
        left.add(at)
        one.count++
        one.sumNs += span.durationNs
        if (span.durationNs > one.maxNs) one.maxNs = span.durationNs
      }
    }
    const several = [...folded.values()].filter(({ count }) => count > 1)
    return { left, added: new Map(several.map((one) => [one.at, marksOf(one)])) }
  }
}

function isFoldable(span: SpanParts): boolean {
  if (span.parentSpanId === '' || span.isError || span.hasEventsOrLinks) return false
  return !span.attributes.some(({ key }) => isReadByConventions(key))
}

function marksOf({ count, sumNs, maxNs }: Folded): Uint8Array[] {
  return [
    attributeField('assay.folded.spans', { int: count }),
    attributeField('assay.folded.duration_sum_ms', { double: Number(sumNs) / 1e6 }),
    attributeField('assay.folded.duration_max_ms', { double: Number(maxNs) / 1e6 }),
  ]
}
