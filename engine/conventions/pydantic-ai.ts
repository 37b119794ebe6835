/**
 * Pydantic AI, and Logfire's own instrumentations of model clients. Both follow OpenTelemetry's GenAI convention today and add what it has no
 * key for; their older versions have keys of their own.
 * https://ai.pydantic.dev/logfire/
 */
import type { Message, SpanKind } from '../model/span.ts'
import type { AttributeBag } from './attribute-bag.ts'
import type { ConventionReader } from './convention.ts'
import { asJsonText, parseJson, property } from './json.ts'
import { inputTextOf, messagesFromJson, messagesOf, withSystem } from './messages.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const pydanticAiFields: Partial<FieldKeys> = {
  agentName: ['gen_ai.agent.name', 'agent_name'],
  model: ['gen_ai.request.model', 'model_name'],
  costUsd: ['operation.cost'],
}

export function createPydanticAi(vocabulary: Vocabulary, otelGenAi: ConventionReader): ConventionReader {
  const slot = vocabulary.slot
  const allMessages = slot('pydantic_ai.all_messages')
  const allEvents = slot('all_messages_events')
  const events = slot('events')
  const instructions = slot('gen_ai.system_instructions')
  const finalResult = slot('final_result')
  const agentName = slot('agent_name')
  const toolName = slot('gen_ai.tool.name')
  const toolArguments = slot('tool_arguments')
  const toolResponse = slot('tool_response')
  const requestData = slot('request_data')
  const responseData = slot('response_data')

  const takeText = (bag: AttributeBag, at: number): string | undefined => {
    const taken = asJsonText(bag.peek(at))
    if (taken !== undefined) bag.consume(at)
    return taken
  }
  /** The whole conversation of a run, or of a call in the first versions. */
  const conversation = (bag: AttributeBag): { messages: Message[]; at: number } | undefined => {
    for (const at of [allMessages, allEvents, events]) {
      const messages = messagesOf(bag.peek(at), 'user')
      if (messages !== undefined) return { messages, at }
    }
    return undefined
  }
  const dataOf = (bag: AttributeBag, at: number): object | undefined => {
    const sent = bag.peek(at)
    const data = typeof sent === 'string' ? parseJson(sent) : undefined
    return typeof data === 'object' && data !== null ? data : undefined
  }

  return {
    convention: 'pydantic_ai',
    marks: ['logfire.', 'pydantic_ai.', 'model_request_parameters'],
    fields: pydanticAiFields,
    kindOf: (bag, span) => {
      const kind: SpanKind | undefined = otelGenAi.kindOf(bag, span)
      if (kind !== undefined) return kind
      // Before version 3 of the instrumentation the spans of runs and tools named no operation.
      if (bag.peek(toolName) !== undefined && bag.peek(toolArguments) !== undefined) return 'tool'
      if (bag.peek(agentName) !== undefined && conversation(bag) !== undefined) return 'agent'
      return undefined
    },
    readers: {
      inputMessages: (bag) => {
        const all = conversation(bag)
        if (all !== undefined) {
          const system = messagesOf(bag.peek(instructions), 'system')
          bag.consume(all.at)
          bag.consume(instructions)
          return withSystem(system, all.messages.slice(0, lastQuestion(all.messages) + 1))
        }
        const request = dataOf(bag, requestData)
        return request === undefined ? undefined : messagesFromJson(property(request, 'messages'), 'user')
      },
      outputMessages: (bag) => {
        const result = takeText(bag, finalResult)
        if (result !== undefined) return [{ role: 'assistant', parts: [{ type: 'text', content: result }] }]
        const all = conversation(bag)?.messages
        const answer = all?.slice(lastQuestion(all) + 1).findLast(({ role }) => role === 'assistant')
        if (answer !== undefined) return [answer]
        const response = dataOf(bag, responseData)
        return response === undefined ? undefined : messagesFromJson(property(response, 'message'), 'assistant')
      },
      toolArguments: (bag) => takeText(bag, toolArguments),
      toolResult: (bag) => takeText(bag, toolResponse),
    },
  }
}

/** Where the last message of the user stands; answers of tools have the same role, and no text. */
function lastQuestion(messages: readonly Message[]): number {
  return messages.findLastIndex((message) => inputTextOf([message]) !== undefined)
}
