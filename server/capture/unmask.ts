/**
 * A stored text is masked where a `redact:` clause said so, and an eval that looked there would find nothing and pass. Its stored
 * evidence says where which pattern matched: made-up data of that kind is put there, and the verdict is the stored one again.
 */
import type { Span } from '../../engine/model/span.ts'
import { STAND_INS } from '../../engine/testing/redact-text.ts'
import type { ResultJson } from '../schemas.ts'

/** The texts that evidence names by these paths. */
const TEXTS = {
  'input.text': 'inputText',
  'output.text': 'outputText',
  'arguments.text': 'toolArguments',
  'result.text': 'toolResult',
  'query.text': 'retrievalQuery',
  error: 'errorMessage',
} as const satisfies Readonly<Record<string, keyof Span>>

type Evidence = ResultJson['evidence'][number]

/** Only where a mask of that length stands, by a pattern of a kind that the packs know; all else stays as it is stored. */
export function withMadeUp(spans: readonly Span[], results: readonly ResultJson[]): readonly Span[] {
  const found = new Map<string, Evidence[]>()
  const root = spans.find(({ parentSpanId }) => parentSpanId === undefined)
  for (const { spanId, evidence } of results)
    for (const one of evidence) {
      const of = one.spanId ?? spanId ?? root?.spanId ?? ''
      found.set(of, [...(found.get(of) ?? []), one])
    }
  return spans.map((span) => {
    const own = found.get(span.spanId)
    return own === undefined ? span : { ...span, ...textsOf(span, own) }
  })
}

function textsOf(span: Span, evidence: readonly Evidence[]): Partial<Span> {
  const texts: Partial<Record<(typeof TEXTS)[keyof typeof TEXTS], string>> = {}
  // From the end, so that the places before stay true; where matches overlap, the later ones find no mask any more.
  for (const { field, start, end, pattern } of evidence.toSorted((a, b) => b.start - a.start)) {
    const property = isText(field) ? TEXTS[field] : undefined
    const standIn = STAND_INS[pattern.slice(pattern.lastIndexOf('.') + 1)]
    const text = property === undefined ? undefined : (texts[property] ?? span[property])
    if (property === undefined || standIn === undefined || text === undefined) continue
    if (text.slice(start, end) !== '*'.repeat(end - start)) continue
    texts[property] = text.slice(0, start) + standIn + text.slice(end)
  }
  return texts
}

function isText(field: string): field is keyof typeof TEXTS {
  return Object.hasOwn(TEXTS, field)
}
