/**
 * The conventions in the order in which a span is tried. A span often follows two (an SDK's own attributes beside OpenTelemetry's): the
 * one that fits first names its kind and is asked first for each field, GenAI's and OpenInference's keys fill the gaps.
 */
import type { Convention, SpanKind } from '../model/span.ts'
import type { RawSpan } from '../otlp/decode.ts'
import { createAiSdk } from './ai-sdk.ts'
import type { AttributeBag } from './attribute-bag.ts'
import type { ConventionReader, Readers } from './convention.ts'
import { createLangfuse } from './langfuse.ts'
import { createLangSmith } from './langsmith.ts'
import { createMcp } from './mcp.ts'
import { createOpenInference } from './openinference.ts'
import { createOpenLlmetry } from './openllmetry.ts'
import { createOtelGenAi } from './otel-genai.ts'
import { createPydanticAi } from './pydantic-ai.ts'
import { createVocabulary, type FieldSlots, fieldSlots, type Vocabulary } from './vocabulary.ts'

type Chains = { readonly [K in keyof Readers]: readonly Readers[K][] }

/** How the fields of a convention's spans are read. */
export interface Profile extends Chains {
  readonly convention: Convention
  readonly own: ConventionReader | null
  readonly slots: FieldSlots
}

export interface Profiles {
  readonly vocabulary: Vocabulary
  /** The bits of the conventions that the attribute is a mark of. */
  marksOf(key: string): number
  /** The first convention that the loaded span follows, with its kind in `kind`. */
  find(bag: AttributeBag, span: RawSpan): { profile: Profile; kind: SpanKind }
}

export function createProfiles(): Profiles {
  const vocabulary = createVocabulary()
  const otelGenAi = createOtelGenAi(vocabulary)
  const openInference = createOpenInference(vocabulary)
  const inOrder = [
    openInference,
    createLangfuse(vocabulary),
    createAiSdk(vocabulary),
    createLangSmith(vocabulary),
    createOpenLlmetry(vocabulary, otelGenAi),
    createPydanticAi(vocabulary, otelGenAi),
    createMcp(vocabulary),
    otelGenAi,
  ]
  const profileOf = (own: ConventionReader | null): Profile => {
    const chain = [...new Set([...(own === null ? [] : [own]), otelGenAi, openInference])]
    const readersOf = <K extends keyof Readers>(field: K): readonly Readers[K][] =>
      chain.flatMap(({ readers }) => {
        const reader: Readers[K] | undefined = readers[field]
        return reader === undefined ? [] : [reader]
      })
    return {
      convention: own?.convention ?? 'none',
      own,
      slots: fieldSlots(
        vocabulary,
        chain.map(({ fields }) => fields),
      ),
      inputMessages: readersOf('inputMessages'),
      outputMessages: readersOf('outputMessages'),
      inputText: readersOf('inputText'),
      outputText: readersOf('outputText'),
      embeddedText: readersOf('embeddedText'),
      model: readersOf('model'),
      toolArguments: readersOf('toolArguments'),
      toolResult: readersOf('toolResult'),
      retrievalQuery: readersOf('retrievalQuery'),
      documents: readersOf('documents'),
      usage: readersOf('usage'),
      costUsd: readersOf('costUsd'),
      finishReason: readersOf('finishReason'),
      timeToFirstTokenMs: readersOf('timeToFirstTokenMs'),
    }
  }
  const known = inOrder.map((reader) => ({ reader, profile: profileOf(reader) }))
  const none: { profile: Profile; kind: SpanKind } = { profile: profileOf(null), kind: 'other' }
  return {
    vocabulary,
    marksOf: (key) =>
      inOrder.reduce((bits, { marks }, i) => (marks.some((mark) => fits(mark, key)) ? bits | (1 << i) : bits), 0),
    find: (bag, span) => {
      const marks = bag.marks()
      for (let i = 0; marks >>> i !== 0; i++) {
        if ((marks & (1 << i)) === 0) continue
        const { reader, profile } = known[i]!
        const kind = reader.kindOf(bag, span)
        if (kind !== undefined) return { profile, kind }
      }
      return none
    },
  }
}

const fits = (mark: string, key: string): boolean => (mark.endsWith('.') ? key.startsWith(mark) : key === mark)
