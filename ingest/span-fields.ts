/** Fields of spans in plain JSON that no span has: a misspelt one would be lost, and nobody told. */
import type { SpanJson } from '../engine/model/span-json.ts'

/** What a field that is an object may have; null where it is none, or takes any name. `results`: the API shows spans with them. */
const FIELDS: Readonly<Record<keyof SpanJson | 'endTime' | 'results', readonly string[] | null>> = {
  traceId: null,
  spanId: null,
  parentSpanId: null,
  kind: null,
  name: null,
  startTime: null,
  endTime: null,
  durationMs: null,
  status: null,
  statusMessage: null,
  errorMessage: null,
  agent: ['name', 'version'],
  env: null,
  session: ['id'],
  user: ['id'],
  provider: null,
  model: null,
  input: ['text', 'messages'],
  output: ['text', 'messages'],
  tokens: ['input', 'output', 'total', 'cachedInput', 'reasoning'],
  costUsd: null,
  costSource: null,
  tool: ['name', 'callId', 'arguments', 'result'],
  retrieval: ['query', 'documents'],
  finishReason: null,
  timeToFirstTokenMs: null,
  convention: null,
  attributes: null,
  resource: null,
  scope: ['name', 'version'],
  events: null,
  links: null,
  results: null,
}
const KNOWN: ReadonlyMap<string, readonly string[] | null> = new Map(Object.entries(FIELDS))
const MOST_NAMED = 5
const MOST_CHARACTERS = 60

/** A sentence with the first of them, for the sender; null where all are known. `spans`: as they were parsed, each an object. */
export function ignoredFields(spans: readonly unknown[]): string | null {
  const first = new Map<string, number>()
  for (const [index, span] of spans.entries()) {
    for (const [field, value] of Object.entries(span as object)) {
      const inner = KNOWN.get(field)
      if (inner === undefined) note(first, field, index)
      else if (inner !== null)
        for (const name of Object.keys((value ?? {}) as object))
          if (!inner.includes(name)) note(first, `${field}.${name}`, index)
    }
  }
  if (first.size === 0) return null
  const named = [...first].map(([name, index]) => `spans[${index}].${name}`).slice(0, MOST_NAMED)
  const more = first.size > MOST_NAMED ? ', and others' : ''
  return `a span has no such field, and what it held was left out: ${named.join(', ')}${more}; what is your own goes into attributes`
}

/** One more than are named is enough to say that there are others. */
function note(first: Map<string, number>, path: string, index: number): void {
  const name = path.length > MOST_CHARACTERS ? `${path.slice(0, MOST_CHARACTERS)}…` : path
  if (first.size <= MOST_NAMED && !first.has(name)) first.set(name, index)
}
