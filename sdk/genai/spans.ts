/** Spans of what an agent does besides calling a model (https://opentelemetry.io/docs/specs/semconv/gen-ai/). */
import { type Attributes, context, type Span } from '@opentelemetry/api'
import { capturesContent, jsonText } from './content.ts'
import { contextWithIdentity } from './identity.ts'
import { inSpan } from './in-span.ts'

interface ContentOption {
  /** Whether texts go into this span; what `startAssay` or the environment says if absent. */
  captureContent?: boolean
}

export interface AgentOptions extends ContentOption {
  name: string
  version?: string
  /** A conversation, as `withSession` says it. */
  sessionId?: string
  userId?: string
  /** What the agent was asked. */
  input?: string
}

export interface ToolOptions extends ContentOption {
  name: string
  /** The model's id of this call. */
  callId?: string
  arguments?: unknown
}

export interface RetrievalOptions extends ContentOption {
  /** Where is looked: an index, a collection. */
  source?: string
  query?: string
}

export interface RetrievedDocument {
  id?: string
  content?: string
  score?: number
}

const message = (role: string, content: string): string =>
  JSON.stringify([{ role, parts: [{ type: 'text', content }] }])

/**
 * A run of an agent. Everything inside belongs to it: its name, session and user are on all spans below. A text that the work returns is
 * the agent's answer.
 */
export function agent<T>(options: AgentOptions, work: (span: Span) => T): T {
  const { name, version, sessionId, userId, input } = options
  const isCaptured = capturesContent(options.captureContent)
  const parent = contextWithIdentity(
    {
      agent: { name, ...(version !== undefined && { version }) },
      ...(sessionId !== undefined && { sessionId }),
      ...(userId !== undefined && { userId }),
    },
    context.active(),
  )
  return inSpan({
    name: `invoke_agent ${name}`,
    parent,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': name,
      ...(isCaptured && input !== undefined && { 'gen_ai.input.messages': message('user', input) }),
    },
    work,
    onResult: (span, result) => {
      if (isCaptured && typeof result === 'string')
        span.setAttribute('gen_ai.output.messages', message('assistant', result))
    },
  })
}

/** A call of a tool; what the work returns is its result. */
export function tool<T>(options: ToolOptions, work: (span: Span) => T): T {
  const { name, callId } = options
  const isCaptured = capturesContent(options.captureContent)
  const given = isCaptured && options.arguments !== undefined ? jsonText(options.arguments) : undefined
  const attributes: Attributes = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    ...(callId !== undefined && { 'gen_ai.tool.call.id': callId }),
    ...(given !== undefined && { 'gen_ai.tool.call.arguments': given }),
  }
  return inSpan({
    name: `execute_tool ${name}`,
    attributes,
    work,
    onResult: (span, result) => {
      const text = isCaptured && result !== undefined ? jsonText(result) : undefined
      if (text !== undefined) span.setAttribute('gen_ai.tool.call.result', text)
    },
  })
}

/** A look-up of documents; what the work returns are those found, the best first. */
export function retrieval<T extends readonly RetrievedDocument[] | Promise<readonly RetrievedDocument[]>>(
  options: RetrievalOptions,
  work: (span: Span) => T,
): T {
  const { source, query } = options
  const isCaptured = capturesContent(options.captureContent)
  return inSpan({
    name: source === undefined ? 'retrieval' : `retrieval ${source}`,
    attributes: {
      'gen_ai.operation.name': 'retrieval',
      ...(source !== undefined && { 'gen_ai.data_source.id': source }),
      ...(isCaptured && query !== undefined && { 'gen_ai.retrieval.query.text': query }),
    },
    work,
    onResult: (span, found: readonly RetrievedDocument[]) => {
      // Ids and scores are no content: without them nobody could tell what was found.
      const documents = found.map(({ id, content, score }) => ({ id, score, ...(isCaptured && { content }) }))
      const text = jsonText(documents)
      if (text !== undefined) span.setAttribute('gen_ai.retrieval.documents', text)
    },
  })
}
