/**
 * The Vercel AI SDK, versions 4 to 6, and 7 with its `LegacyOpenTelemetry`. (Version 7's own form is OpenTelemetry's GenAI convention.)
 * The outer span of a call is a run of an agent: it goes around model calls and tools, and repeats the usage and the answer of its last call.
 * https://ai-sdk.dev/docs/ai-sdk-core/telemetry
 */
import type { AttributeValue, Message, MessagePart, SpanKind } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'
import { unquoted } from './called-with.ts'
import type { ConventionReader } from './convention.ts'
import { asJsonText, parseJson, property } from './json.ts'
import { toolCall } from './message-parts.ts'
import { messagesFromJson, messagesOf } from './messages.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const aiSdkFields: Partial<FieldKeys> = {
  agentName: ['ai.telemetry.functionId'],
  sessionId: [
    'ai.telemetry.metadata.sessionId',
    'ai.telemetry.metadata.session_id',
    'ai.telemetry.metadata.langfuseSessionId',
    'ai.settings.context.sessionId',
  ],
  userId: [
    'ai.telemetry.metadata.userId',
    'ai.telemetry.metadata.user_id',
    'ai.telemetry.metadata.langfuseUserId',
    'ai.settings.context.userId',
  ],
  provider: ['ai.model.provider'],
  model: ['ai.model.id', 'gen_ai.request.model', 'ai.response.model'],
  toolName: ['ai.toolCall.name'],
  toolCallId: ['ai.toolCall.id'],
  finishReason: ['ai.response.finishReason'],
  tokensInput: ['ai.usage.inputTokens', 'ai.usage.promptTokens'],
  tokensOutput: ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
  tokensTotal: ['ai.usage.totalTokens'],
  tokensCachedInput: ['ai.usage.cachedInputTokens', 'ai.usage.inputTokenDetails.cacheReadTokens'],
  tokensReasoning: ['ai.usage.reasoningTokens', 'ai.usage.outputTokenDetails.reasoningTokens'],
  timeToFirstTokenMs: ['ai.response.msToFirstChunk'],
}

const KIND_OF: ReadonlyMap<string, SpanKind> = new Map([
  ['ai.generateText', 'agent'],
  ['ai.streamText', 'agent'],
  ['ai.generateObject', 'agent'],
  ['ai.streamObject', 'agent'],
  ['ai.generateText.doGenerate', 'llm'],
  ['ai.streamText.doStream', 'llm'],
  ['ai.generateObject.doGenerate', 'llm'],
  ['ai.streamObject.doStream', 'llm'],
  ['ai.toolCall', 'tool'],
  // Around one or more calls of the embedding model.
  ['ai.embed', 'chain'],
  ['ai.embedMany', 'chain'],
  ['ai.embed.doEmbed', 'embedding'],
  ['ai.embedMany.doEmbed', 'embedding'],
])

export function createAiSdk(vocabulary: Vocabulary): ConventionReader {
  const slot = vocabulary.slot
  const operation = slot('ai.operationId')
  const promptMessages = slot('ai.prompt.messages')
  const prompt = slot('ai.prompt')
  const text = slot('ai.response.text')
  const object = slot('ai.response.object')
  const reasoning = slot('ai.response.reasoning')
  const toolCalls = slot('ai.response.toolCalls')
  const toolArguments = slot('ai.toolCall.args')
  const toolResult = slot('ai.toolCall.result')
  const value = slot('ai.value')
  const values = slot('ai.values')

  const takeText = (bag: AttributeBag, at: number): string | undefined => {
    const taken = asJsonText(bag.peek(at))
    if (taken !== undefined) bag.consume(at)
    return taken
  }

  return {
    convention: 'ai_sdk',
    marks: ['ai.operationId'],
    fields: aiSdkFields,
    kindOf: (bag) => {
      const name = bag.peek(operation)
      return typeof name === 'string' ? (KIND_OF.get(name) ?? 'other') : undefined
    },
    // `openai.chat`, `anthropic.messages`: the API is no part of the provider's name.
    providerName: (sent) => sent.split('.', 1)[0] || sent,
    readers: {
      inputMessages: (bag) => {
        const messages = messagesOf(bag.peek(promptMessages), 'user') ?? messagesOfPrompt(bag.peek(prompt))
        if (messages === undefined) return undefined
        bag.consume(promptMessages)
        bag.consume(prompt)
        return messages
      },
      outputMessages: (bag) => {
        const parts: MessagePart[] = []
        const thought = takeText(bag, reasoning)
        if (thought !== undefined) parts.push({ type: 'reasoning', content: thought })
        const calls = callsOf(bag.peek(toolCalls))
        const said = takeText(bag, text) ?? takeText(bag, object)
        if (said !== undefined) parts.push({ type: 'text', content: said })
        // Version 7 writes the empty text of a turn that only calls tools.
        else if (bag.peek(text) === '') bag.consume(text)
        if (calls !== undefined) {
          bag.consume(toolCalls)
          parts.push(...calls)
        }
        return parts.length === 0 ? undefined : [{ role: 'assistant', parts }]
      },
      embeddedText: (bag) => {
        const at = bag.peek(values) === undefined ? value : values
        const sent = bag.peek(at)
        const texts = Array.isArray(sent) ? sent : [sent]
        const embedded = texts.filter((one) => typeof one === 'string').map(unquoted)
        if (embedded.length === 0) return undefined
        bag.consume(at)
        return embedded.join('\n')
      },
      toolArguments: (bag) => takeText(bag, toolArguments),
      toolResult: (bag) => takeText(bag, toolResult),
    },
  }
}

/** `{system, prompt}` or `{system, messages}`, as the caller gave it. */
function messagesOfPrompt(sent: AttributeValue | undefined): Message[] | undefined {
  const parsed = typeof sent === 'string' ? parseJson(sent) : undefined
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const said = property(parsed, 'messages') ?? property(parsed, 'prompt')
  const messages = said === undefined ? undefined : messagesFromJson(said, 'user')
  const system = property(parsed, 'system')
  const instructions = system === undefined ? undefined : messagesFromJson(system, 'system')
  if (messages === undefined) return instructions
  return instructions === undefined ? messages : [...instructions, ...messages]
}

/** `[{toolCallId, toolName, input}]`; before version 5 `args`, and either may be JSON in JSON. */
function callsOf(sent: AttributeValue | undefined): MessagePart[] | undefined {
  const parsed = typeof sent === 'string' ? parseJson(sent) : undefined
  if (!Array.isArray(parsed) || parsed.length === 0) return undefined
  const calls: MessagePart[] = []
  for (const call of parsed) {
    if (typeof call !== 'object' || call === null) return undefined
    const input = property(call, 'input') ?? property(call, 'args')
    const args = typeof input === 'string' ? (parseJson(input) ?? input) : input
    calls.push(toolCall(property(call, 'toolCallId'), property(call, 'toolName'), args))
  }
  return calls
}
