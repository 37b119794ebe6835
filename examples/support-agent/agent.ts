/**
 * A support agent: looks up help pages, then lets the model answer or call tools, up to a limit of turns. Instrumented with
 * OpenTelemetry's GenAI conventions (https://opentelemetry.io/docs/specs/semconv/gen-ai/).
 */
import { type Attributes, SpanKind } from '@opentelemetry/api'
import { z } from 'zod'
import { searchHelp, tools } from './shop.ts'
import { agentName, agentVersion, json, message, type Telemetry, text } from './telemetry.ts'

const model = 'gpt-5-mini'
const MAX_TURNS = 8
const instructions = 'You are the support agent of a small shop. Use the tools; be brief.'

const completionSchema = z.object({
  model: z.string(),
  choices: z
    .array(
      z.object({
        finish_reason: z.string(),
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
            .optional(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }),
})

type ChatMessage = Record<string, unknown> & { role: string }
type ToolCall = { id: string; function: { name: string; arguments: string } }

export interface Ask {
  question: string
  customer: string
  conversationId: string
  /** Whether texts go into the spans. */
  captureContent: boolean
}

export interface Answered {
  traceId: string
  answer: string
  durationMs: number
  spanCount: number
}

export interface SupportAgent {
  answer(ask: Ask): Promise<Answered>
}

/** `version`: what was deployed. */
export function createAgent(options: { modelUrl: string; telemetry: Telemetry; version?: string }): SupportAgent {
  const { modelUrl, telemetry, version = agentVersion } = options
  return { answer: (ask) => new Run(modelUrl, telemetry, ask, version).answer() }
}

/** One conversation's run. */
class Run {
  readonly #modelUrl: string
  readonly #telemetry: Telemetry
  readonly #ask: Ask
  readonly #identity: Attributes
  #spanCount = 1

  constructor(modelUrl: string, telemetry: Telemetry, ask: Ask, version: string) {
    this.#modelUrl = modelUrl
    this.#telemetry = telemetry
    this.#ask = ask
    this.#identity = {
      'gen_ai.agent.name': agentName,
      'gen_ai.agent.version': version,
      'gen_ai.conversation.id': ask.conversationId,
      'enduser.id': ask.customer,
    }
  }

  answer(): Promise<Answered> {
    const { question } = this.#ask
    const attributes: Attributes = { ...this.#identity, 'gen_ai.operation.name': 'invoke_agent' }
    return this.#telemetry.inSpan(`invoke_agent ${agentName}`, { attributes, root: true }, async (span) => {
      const startMs = performance.now()
      span.setAttributes(this.#content({ 'gen_ai.input.messages': json([message('user', text(question))]) }))
      const answer = await this.#converse()
      span.setAttributes(this.#content({ 'gen_ai.output.messages': json([message('assistant', text(answer))]) }))
      return {
        traceId: span.spanContext().traceId,
        answer,
        durationMs: performance.now() - startMs,
        spanCount: this.#spanCount,
      }
    })
  }

  async #converse(): Promise<string> {
    const pages = await this.#retrieve()
    const messages: ChatMessage[] = [
      { role: 'system', content: `${instructions}\n\n${pages}` },
      { role: 'user', content: this.#ask.question },
    ]
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const { content, tool_calls: calls } = await this.#chat(messages)
      if (!calls) return content ?? ''
      messages.push({ role: 'assistant', content: content ?? null, tool_calls: calls })
      for (const call of calls) {
        const result = await this.#callTool(call)
        messages.push({ role: 'tool', tool_call_id: call.id, content: result })
      }
    }
    return 'I could not answer that.'
  }

  #retrieve(): Promise<string> {
    this.#spanCount++
    const { question } = this.#ask
    const attributes = {
      ...this.#identity,
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.data_source.id': 'help-pages',
    }
    return this.#telemetry.inSpan('retrieval help-pages', { attributes }, async (span) => {
      const pages = searchHelp(question)
      span.setAttributes(
        this.#content({ 'gen_ai.retrieval.query.text': question, 'gen_ai.retrieval.documents': json(pages) }),
      )
      return pages.map(({ content }) => content).join('\n')
    })
  }

  #chat(
    messages: readonly ChatMessage[],
  ): Promise<{ content?: string | null | undefined; tool_calls?: ToolCall[] | undefined }> {
    this.#spanCount++
    const attributes = {
      ...this.#identity,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': model,
    }
    return this.#telemetry.inSpan(`chat ${model}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      span.setAttributes(this.#content({ 'gen_ai.input.messages': json(messages.map(toGenAi)) }))
      const response = await fetch(`${this.#modelUrl}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer not-needed' },
        body: JSON.stringify({ model, messages }),
      })
      if (!response.ok) throw new Error(`the model answered ${response.status}: ${await response.text()}`)
      const completion = completionSchema.parse(await response.json())
      const choice = completion.choices[0]!
      span.setAttributes({
        'gen_ai.response.model': completion.model,
        'gen_ai.response.finish_reasons': [choice.finish_reason],
        'gen_ai.usage.input_tokens': completion.usage.prompt_tokens,
        'gen_ai.usage.output_tokens': completion.usage.completion_tokens,
        ...this.#content({ 'gen_ai.output.messages': json([toGenAi({ role: 'assistant', ...choice.message })]) }),
      })
      return choice.message
    })
  }

  #callTool({ id, function: { name, arguments: given } }: ToolCall): Promise<string> {
    this.#spanCount++
    const attributes = {
      ...this.#identity,
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.call.id': id,
      ...this.#content({ 'gen_ai.tool.call.arguments': given }),
    }
    return this.#telemetry.inSpan(`execute_tool ${name}`, { attributes }, async (span) => {
      const tool = tools[name]
      if (!tool) throw new Error(`there is no tool ${name}`)
      const result = json(tool(z.record(z.string(), z.string()).parse(JSON.parse(given))))
      span.setAttributes(this.#content({ 'gen_ai.tool.call.result': result }))
      return result
    })
  }

  #content(attributes: Attributes): Attributes {
    return this.#ask.captureContent ? attributes : {}
  }
}

function toGenAi(chat: ChatMessage): ReturnType<typeof message> {
  const { role, content, tool_calls: calls, tool_call_id: callId } = chat
  if (role === 'tool') return message(role, { type: 'tool_call_response', id: callId, response: content })
  const parts: Record<string, unknown>[] = typeof content === 'string' ? [text(content)] : []
  for (const { id, function: called } of (calls ?? []) as ToolCall[])
    parts.push({ type: 'tool_call', id, name: called.name, arguments: JSON.parse(called.arguments) })
  return message(role, ...parts)
}
