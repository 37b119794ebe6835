import type { OnlineEvalPlan, Plan, Subject } from '../../dsl/plan.ts'
import type { Message, MessagePart, Span, SpanKind } from '../model/span.ts'
import { compilePatterns, type PatternGroup, type PatternSet } from '../regex/patterns.ts'
import { maskAttributes } from './attributes.ts'
import { maskJson } from './json.ts'
import { mapKept } from './map-kept.ts'
import { createMasker, type TextMasker } from './masker.ts'

/** Masks what the evals' `redact:` clauses name. Owns no state between spans. */
export interface Redactor {
  /**
   * Masks in place, before the span is stored, and returns the number of places masked. Lengths are kept, so that the
   * offsets of evidence stay true.
   */
  apply(span: Span): number
}

/** The patterns which may not survive on either side of a span. */
interface SideGroups {
  /** `input.text`, `arguments.text`, `query.text`. */
  input: PatternGroup | null
  /** `output.text`, `result.text`. */
  output: PatternGroup | null
  /** Both, for what belongs to no side: attributes, events, error messages. */
  either: PatternGroup
}

const KINDS_OF_SUBJECT: Record<Subject, readonly SpanKind[]> = {
  agent_run: ['agent'],
  llm_call: ['llm'],
  tool_call: ['tool'],
  retrieval: ['retriever'],
  embedding: ['embedding'],
  guardrail: ['guardrail'],
  span: ['agent', 'llm', 'tool', 'retriever', 'embedding', 'guardrail', 'chain', 'other'],
  // A trace's texts are its root's, and what kind of span the root is can't be told from the plan.
  trace: ['agent', 'llm', 'tool', 'retriever', 'embedding', 'guardrail', 'chain', 'other'],
  session: ['agent', 'llm', 'tool', 'retriever', 'embedding', 'guardrail', 'chain', 'other'],
}

const INPUT_FIELDS = new Set(['input.text', 'arguments.text', 'query.text'])

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * The redaction that a plan asks for. Only the kind of span decides which evals' patterns apply: a narrower scope (`where`,
 * conditions on the trace) is ignored, because the store loop sees one span at a time and masking too much is the safe
 * mistake. A field named on one side masks that whole side: `input.text` covers the messages, the tool arguments and the
 * retrieval query, `output.text` the messages, the tool's result and the documents; assistant messages in the input are
 * earlier outputs and count as both. Attributes, events, and error messages are masked with the patterns of either side.
 */
export function compileRedaction(plan: Plan): Redactor {
  const patterns = compilePatterns(plan.patterns)
  const groups = groupByKind(plan, patterns)
  return {
    apply: (span) => {
      const sides = groups.get(span.kind)
      return sides === undefined ? 0 : redactSpan(span, sides, patterns)
    },
  }
}

function groupByKind(plan: Plan, patterns: PatternSet): Map<SpanKind, SideGroups> {
  const wanted = new Map<SpanKind, { input: Set<number>; output: Set<number> }>()
  const online = plan.evals.filter((item): item is OnlineEvalPlan => item.kind === 'online')
  for (const { scope, redact } of online) {
    if (redact === null || redact.patterns.length === 0) continue
    for (const kind of KINDS_OF_SUBJECT[scope.subject]) {
      const sides = wanted.get(kind) ?? { input: new Set<number>(), output: new Set<number>() }
      wanted.set(kind, sides)
      for (const field of redact.fields) {
        const side = INPUT_FIELDS.has(field) ? sides.input : sides.output
        for (const index of redact.patterns) side.add(index)
      }
    }
  }
  const groupOf = (indices: Set<number>): PatternGroup | null =>
    indices.size === 0 ? null : patterns.group([...indices])
  const groups = new Map<SpanKind, SideGroups>()
  for (const [kind, { input, output }] of wanted) {
    const either = groupOf(new Set([...input, ...output]))
    if (either === null) continue
    groups.set(kind, {
      // One group object where both sides ask for the same, so that a text masked on one side is not scanned again.
      input: sameSet(input, output) ? either : groupOf(input),
      output: sameSet(input, output) ? either : groupOf(output),
      either,
    })
  }
  return groups
}

function sameSet(a: Set<number>, b: Set<number>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item))
}

function redactSpan(span: Mutable<Span>, sides: SideGroups, patterns: PatternSet): number {
  const masker = createMasker(patterns)
  const mask = (group: PatternGroup | null, text: string | undefined): string | undefined =>
    group === null || text === undefined ? text : masker.mask(group, text)

  span.inputText = mask(sides.input, span.inputText)
  span.toolArguments = mask(sides.input, span.toolArguments)
  span.retrievalQuery = mask(sides.input, span.retrievalQuery)
  span.outputText = mask(sides.output, span.outputText)
  span.toolResult = mask(sides.output, span.toolResult)
  span.inputMessages = maskMessages(
    span.inputMessages,
    (role) => (role === 'assistant' ? sides.either : sides.input),
    masker,
  )
  span.outputMessages = maskMessages(span.outputMessages, () => sides.output, masker)
  const { output } = sides
  if (output !== null) {
    span.documents &&= mapKept(span.documents, (document) => {
      const text = mask(output, document.text)
      return text === document.text ? document : { ...document, text }
    })
  }
  span.statusMessage = mask(sides.either, span.statusMessage)
  span.errorMessage = mask(sides.either, span.errorMessage)
  span.attributes = maskAttributes(span.attributes, sides.either, masker)
  span.events = mapKept(span.events, (event) => {
    const attributes = maskAttributes(event.attributes, sides.either, masker)
    return attributes === event.attributes ? event : { ...event, attributes }
  })
  return masker.count()
}

function maskMessages(
  messages: readonly Message[] | undefined,
  groupOfRole: (role: string) => PatternGroup | null,
  masker: TextMasker,
): readonly Message[] | undefined {
  if (messages === undefined) return undefined
  return mapKept(messages, (message) => {
    const group = groupOfRole(message.role)
    if (group === null) return message
    const parts = mapKept(message.parts, (part) => maskPart(part, group, masker))
    return parts === message.parts ? message : { ...message, parts: [...parts] }
  })
}

function maskPart(part: MessagePart, group: PatternGroup, masker: TextMasker): MessagePart {
  switch (part.type) {
    case 'text':
    case 'reasoning': {
      const content = masker.mask(group, part.content)
      return content === part.content ? part : { ...part, content }
    }
    case 'tool_call': {
      const masked = maskJson(part.arguments, group, masker)
      return masked === part.arguments ? part : { ...part, arguments: masked }
    }
    case 'tool_call_response': {
      const response = maskJson(part.response, group, masker)
      return response === part.response ? part : { ...part, response }
    }
    case 'other': {
      const value = maskJson(part.value, group, masker)
      return value === part.value ? part : { ...part, value }
    }
  }
}
