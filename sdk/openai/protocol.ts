import type { Attributes } from '@opentelemetry/api'
import type { Fields } from './fields.ts'

/** One of the API's ways to ask a model, in the terms of the GenAI conventions. */
export interface Protocol {
  request(body: Fields, isCaptured: boolean): Attributes
  /** Of a whole answer, or of one that `collect` put together. */
  response(answer: Fields, isCaptured: boolean): Attributes
  /** What went wrong in an answer that came with a 200. */
  failure(answer: Fields): string | undefined
  /** Puts the pieces of a stream together. */
  collect(isCaptured: boolean): Collector
}

export interface Collector {
  add(piece: Fields): void
  answer(): Fields
}

/** Of a message, in the conventions' JSON. */
export type Part = Readonly<Record<string, unknown>>

export const textPart = (content: string): Part => ({ type: 'text', content })

/** Arguments are JSON text in OpenAI's protocols and a value in the conventions; text that is no JSON stays as it is. */
export function toolCallPart(id: unknown, name: unknown, given: unknown): Part {
  return { type: 'tool_call', id, name, arguments: typeof given === 'string' ? parsed(given) : given }
}

/** By reference: the bytes of a picture have no place in a span. */
export function imagePart(url: string | undefined): Part {
  if (url === undefined || url.startsWith('data:')) return { type: 'blob', modality: 'image' }
  return { type: 'uri', modality: 'image', uri: url }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}

/** Without those that are undefined, which a span would not take. */
export function definedAttributes(attributes: Readonly<Record<string, Attributes[string] | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
