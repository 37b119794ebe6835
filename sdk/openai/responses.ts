/** The responses API (https://platform.openai.com/docs/api-reference/responses). */
import { type Fields, fieldsOf, listOf, numberOf, textOf } from './fields.ts'
import {
  type Collector,
  definedAttributes,
  imagePart,
  type Part,
  type Protocol,
  textPart,
  toolCallPart,
} from './protocol.ts'

interface Message {
  role: string
  parts: Part[]
}

export const responses: Protocol = {
  request(body, isCaptured) {
    const instructions = textOf(body.instructions)
    const format = textOf(fieldsOf(fieldsOf(body.text).format).type)
    return definedAttributes({
      'gen_ai.request.model': textOf(body.model),
      'gen_ai.request.max_tokens': numberOf(body.max_output_tokens),
      'gen_ai.request.temperature': numberOf(body.temperature),
      'gen_ai.request.top_p': numberOf(body.top_p),
      'gen_ai.output.type': format?.startsWith('json') === true ? 'json' : undefined,
      'gen_ai.conversation.id': textOf(body.conversation) ?? textOf(fieldsOf(body.conversation).id),
      'gen_ai.system_instructions':
        isCaptured && instructions !== undefined ? JSON.stringify([textPart(instructions)]) : undefined,
      'gen_ai.input.messages': isCaptured ? JSON.stringify(inputMessages(body.input)) : undefined,
    })
  },

  response(answer, isCaptured) {
    const usage = fieldsOf(answer.usage)
    const reason = finishReason(answer)
    const output = listOf(answer.output)
    return definedAttributes({
      'gen_ai.response.id': textOf(answer.id),
      'gen_ai.response.model': textOf(answer.model),
      'gen_ai.response.finish_reasons': reason === undefined ? undefined : [reason],
      'gen_ai.usage.input_tokens': numberOf(usage.input_tokens),
      'gen_ai.usage.output_tokens': numberOf(usage.output_tokens),
      'gen_ai.usage.cache_read.input_tokens': numberOf(fieldsOf(usage.input_tokens_details).cached_tokens),
      'gen_ai.usage.reasoning.output_tokens': numberOf(fieldsOf(usage.output_tokens_details).reasoning_tokens),
      'gen_ai.output.messages':
        isCaptured && output.length > 0
          ? JSON.stringify([
              {
                role: 'assistant',
                parts: output.flatMap((item) => itemMessage(item)?.parts ?? []),
                finish_reason: reason,
              },
            ])
          : undefined,
    })
  },

  failure(answer) {
    if (answer.status !== 'failed') return undefined
    return textOf(fieldsOf(answer.error).message) ?? 'the response failed'
  },

  collect: () => new ResponsesCollector(),
}

function finishReason(answer: Fields): string | undefined {
  if (answer.status === 'incomplete') {
    const reason = textOf(fieldsOf(answer.incomplete_details).reason)
    return reason === 'max_output_tokens' ? 'length' : (reason ?? 'incomplete')
  }
  if (answer.status === 'failed') return 'error'
  if (answer.status !== 'completed') return undefined
  return listOf(answer.output).some((item) => fieldsOf(item).type === 'function_call') ? 'tool_call' : 'stop'
}

function inputMessages(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [textPart(input)] }]
  return listOf(input).flatMap((item) => itemMessage(item) ?? [])
}

function itemMessage(value: unknown): Message | undefined {
  const item = fieldsOf(value)
  switch (item.type) {
    case 'function_call':
      return { role: 'assistant', parts: [toolCallPart(item.call_id, item.name, item.arguments)] }
    case 'function_call_output':
      return { role: 'tool', parts: [{ type: 'tool_call_response', id: item.call_id, response: item.output }] }
    case 'message':
    case undefined:
      return { role: textOf(item.role) ?? 'user', parts: contentParts(item.content) }
    default:
      // Reasoning is encrypted, and the provider's own tools have no text that was said.
      return undefined
  }
}

function contentParts(content: unknown): Part[] {
  if (typeof content === 'string') return [textPart(content)]
  return listOf(content).map((value) => {
    const part = fieldsOf(value)
    const text = textOf(part.text) ?? textOf(part.refusal)
    if (text !== undefined) return textPart(text)
    if (part.type === 'input_image') return imagePart(textOf(part.image_url))
    return { type: textOf(part.type) ?? 'other' }
  })
}

/** The last event of a stream holds the whole answer; the pieces before need not be kept. */
class ResponsesCollector implements Collector {
  #answer: Fields = {}

  add(piece: Fields): void {
    if (typeof piece.response === 'object' && piece.response !== null) this.#answer = fieldsOf(piece.response)
    else if (piece.type === 'error')
      this.#answer = { ...this.#answer, status: 'failed', error: { message: piece.message } }
  }

  answer(): Fields {
    return this.#answer
  }
}
