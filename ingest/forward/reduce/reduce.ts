/** What the forwarder leaves out of requests before they go to disk, if it is told to; counted, and marked where a span is changed. */
import { rewriteRequest, type SpanChoice } from '../../../engine/otlp/rewrite.ts'
import { scanRequest } from '../../../engine/otlp/scan.ts'
import { asBuffer, WIRE_DELIMITED, WireReader } from '../../../engine/otlp/wire.ts'
import { attributeField, isReadByConventions } from './attributes.ts'
import { Cardinality, type CardinalityLimits } from './cardinality.ts'
import { Folder } from './fold.ts'
import { Sampler } from './sample.ts'
import { readSpanParts, type SpanParts, serviceNameIn } from './span-parts.ts'

export interface ReduceOptions extends CardinalityLimits {
  /** Of traces; 1 keeps all. */
  readonly sampleRate: number
  /** Spans that are alike beyond so many of a trace are folded into one; null: never. */
  readonly foldAfter: number | null
}

export interface ReduceStats {
  sampledOutSpans: number
  /** That stand in another one. */
  foldedSpans: number
  droppedAttributes: number
  replacedValues: number
}

export interface Reduced {
  /** Null: nothing is left. */
  readonly value: Uint8Array | null
  readonly spanCount: number
}

const OVERFLOW = '(overflow)'

export class Reducer {
  readonly stats: ReduceStats = { sampledOutSpans: 0, foldedSpans: 0, droppedAttributes: 0, replacedValues: 0 }
  readonly #sampler: Sampler | null
  readonly #folder: Folder | null
  readonly #cardinality: Cardinality | null

  constructor({ sampleRate, foldAfter, ...limits }: ReduceOptions, nowMs: () => number) {
    this.#sampler = sampleRate < 1 ? new Sampler(sampleRate) : null
    this.#folder = foldAfter === null ? null : new Folder(foldAfter)
    this.#cardinality = limits.maxKeys === null && limits.maxValues === null ? null : new Cardinality(limits, nowMs)
  }

  /** A request that the gateway has found well-formed; the same bytes where nothing is to be changed. */
  reduce(request: Uint8Array, spanCount: number): Reduced {
    if (this.#sampler === null && this.#folder === null && this.#cardinality === null)
      return { value: request, spanCount }
    const scanned = scanRequest(request)
    if (!scanned.ok) return { value: request, spanCount }
    const bytes = asBuffer(request)
    const { spans, agents } = partsOf(bytes, scanned.layout)
    const kept = this.#sample(spans)
    const { left, added } = this.#folder?.fold(kept) ?? NOTHING_FOLDED
    this.stats.foldedSpans += left.size
    const choices = kept.map((span, at): SpanChoice => {
      if (span === null || left.has(at)) return 'leave_out'
      return this.#rewrite(bytes, span, agents[at]!, added.get(at) ?? [])
    })
    if (choices.every((choice) => choice === 'keep')) return { value: request, spanCount }
    const value = rewriteRequest(bytes, scanned.layout, (at) => choices[at]!)
    return { value, spanCount: choices.filter((choice) => choice !== 'leave_out').length }
  }

  #sample(spans: readonly SpanParts[]): readonly (SpanParts | null)[] {
    const sampler = this.#sampler
    if (sampler === null) return spans
    for (const span of spans) sampler.notice(span)
    const kept = spans.map((span) => (sampler.keeps(span.traceId) ? span : null))
    this.stats.sampledOutSpans += kept.filter((span) => span === null).length
    return kept
  }

  /** The span's fields one after the other, without those that are too many, and with what is added. */
  #rewrite(bytes: Buffer, span: SpanParts, agent: string, added: readonly Uint8Array[]): SpanChoice {
    const pieces: Uint8Array[] = []
    let [dropped, replaced, from] = [0, 0, span.bodyStart]
    for (const { key, start, end, valueStart } of this.#cardinality === null ? [] : span.attributes) {
      if (isReadByConventions(key)) continue
      const ruling = this.#cardinality!.rule(agent, key, textAt(bytes, valueStart, end))
      if (ruling === 'keep') continue
      pieces.push(bytes.subarray(from, start))
      from = end
      if (ruling === 'drop') dropped++
      else {
        replaced++
        pieces.push(attributeField(key, OVERFLOW))
      }
    }
    this.stats.droppedAttributes += dropped
    this.stats.replacedValues += replaced
    const marks = [...added]
    if (dropped > 0) marks.push(attributeField('assay.overflow.dropped_attributes', { int: dropped }))
    if (replaced > 0) marks.push(attributeField('assay.overflow.replaced_values', { int: replaced }))
    if (marks.length === 0) return 'keep'
    return { replacement: Buffer.concat([...pieces, bytes.subarray(from, span.end), ...marks]) }
  }
}

const NOTHING_FOLDED: ReturnType<Folder['fold']> = { left: new Set(), added: new Map() }

interface Layout {
  readonly groups: readonly {
    readonly others: number[]
    readonly scopes: readonly { readonly spans: readonly number[] }[]
  }[]
}

/** The spans of a request in order, each with the agent that it is of. */
function partsOf(bytes: Buffer, layout: Layout): { spans: SpanParts[]; agents: string[] } {
  const reader = new WireReader(bytes)
  const spans: SpanParts[] = []
  const agents: string[] = []
  for (const { others, scopes } of layout.groups) {
    const agent = serviceNameIn(bytes, others)
    for (const { spans: bounds } of scopes) {
      for (let i = 0; i < bounds.length; i += 2) {
        spans.push(readSpanParts(reader, bounds[i]!, bounds[i + 1]!))
        agents.push(agent)
      }
    }
  }
  return { spans, agents }
}

/** The text of an AnyValue; null for a value of another kind. */
function textAt(bytes: Buffer, start: number, end: number): string | null {
  if (bytes[start] !== 8 + WIRE_DELIMITED || start >= end) return null
  const reader = new WireReader(bytes)
  reader.pos = start + 1
  const length = reader.length(end)
  return bytes.toString('utf8', reader.pos, reader.pos + length)
}
