/** What each convention's file gives the normaliser: how its spans are known, a table of keys, and readers for what no table can say. */
import type { Convention, Message, RetrievedDocument, SpanKind } from '../model/span.ts'
import type { RawSpan } from '../otlp/decode.ts'
import type { AttributeBag } from './attribute-bag.ts'
import type { FieldKeys } from './vocabulary.ts'

export interface Usage {
  readonly input: number | undefined
  readonly output: number | undefined
  readonly total: number | undefined
  readonly cachedInput: number | undefined
  readonly reasoning: number | undefined
}

/** Undefined where the span does not say. What went whole into the answer is consumed in the bag. */
export type Reader<T> = (bag: AttributeBag, span: RawSpan) => T | undefined

/** Of a span, its own convention's reader is tried first, then those that fill gaps. */
export interface Readers {
  readonly inputMessages: Reader<Message[]>
  readonly outputMessages: Reader<Message[]>
  /** What went in and came out where there are no messages. */
  readonly inputText: Reader<string>
  readonly outputText: Reader<string>
  /** What was embedded, several texts on lines of their own. */
  readonly embeddedText: Reader<string>
  readonly model: Reader<string>
  readonly toolArguments: Reader<string>
  readonly toolResult: Reader<string>
  readonly retrievalQuery: Reader<string>
  readonly documents: Reader<RetrievedDocument[]>
  readonly usage: Reader<Usage>
  readonly costUsd: Reader<number>
  /** As sent; the first of several choices. */
  readonly finishReason: Reader<string>
  readonly timeToFirstTokenMs: Reader<number>
}

export interface ConventionReader {
  readonly convention: Exclude<Convention, 'none'>
  /** The attributes, or beginnings of them that end in a dot, of which a span of the convention has at least one. */
  readonly marks: readonly string[]
  readonly fields: Partial<FieldKeys>
  readonly readers: Partial<Readers>
  /** Asked of spans with a mark alone. Undefined when the span is not of this convention; `other` for what is no subject. */
  readonly kindOf: Reader<SpanKind>
  /** What an agent's span calls the agent, where no attribute and no resource says it. */
  readonly agentName?: Reader<string>
  readonly toolName?: Reader<string>
  /** The provider's plain name: `openai` for `openai.chat`. */
  readonly providerName?: (sent: string) => string
  /** The message of a failure that the span's status does not tell of; empty when it has none. */
  readonly failure?: Reader<string>
}
