import type { Plan } from '../../dsl/plan.ts'
import type { Message, MessagePart, Span } from '../model/span.ts'
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
  /** `input.text`, `query.text`. */
  input: PatternGroup | null
  /** `output.text`, `result.text`. */
  output: PatternGroup | null
  /** Both, for what belongs to no side or to both: tool arguments, attributes, events, error messages. */
  either: PatternGroup
}

const INPUT_FIELDS = new Set(['input.text', 'arguments.text', 'query.text'])

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * The redaction that a plan asks for. It masks in every span, whatever an eval's subject and scope are: an agent's span repeats
 * the answer of its model calls, a tool's their arguments, and a text that must not be stored must not be stored there either.
 * Masking too much is the safe mistake. A field named on one side masks that whole side: `input.text` covers the messages and
 * the retrieval query, `output.text` the messages, the tool's result and the documents. What a model wrote and something else
 * took in (a tool's arguments, assistant messages in the input) counts as both sides, as do attributes, events and errors.
 */
export function compileRedaction(plan: Plan, patterns = compilePatterns(plan.patterns)): Redactor {
  const sides = sidesOf(plan, patterns)
  return { apply: (span) => (sides === null ? 0 : redactSpan(span, sides, patterns)) }
}

/** Null when nothing is to be masked. */
function sidesOf(plan: Plan, patterns: PatternSet): SideGroups | null {
  const input = new Set<number>()
  const output = new Set<number>()
  for (const item of plan.evals) {
    if (item.kind !== 'online' || item.redact === null) continue
    for (const field of item.redact.fields) {
      const side = INPUT_FIELDS.has(field) ? input : output
      for (const index of item.redact.patterns) side.add(index)
    }
  }
  const groupOf = (indices: Set<number>): PatternGroup | null =>
    indices.size === 0 ? null : patterns.group([...indices])
  const either = groupOf(new Set([...input, ...output]))
  if (either === null) return null
  // One group object where both sides ask for the same, so that a text masked on one side is not scanned again.
  const same = sameSet(input, output)
  return { input: same ? either : groupOf(input), output: same ? either : groupOf(output), either }
}

function sameSet(a: Set<number>, b: Set<number>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item))
}

function redactSpan(span: Mutable<Span>, sides: SideGroups, patterns: PatternSet): number {
  const masker = createMasker(patterns)
  const mask = (group: PatternGroup | null, text: string | undefined): string | undefined =>
    group === null || text === undefined ? text : masker.mask(group, text)

  span.inputText = mask(sides.input, span.inputText)
  span.toolArguments = mask(sides.either, span.toolArguments)
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
