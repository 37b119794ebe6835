/** Chat completions (https://platform.openai.com/docs/api-reference/chat). */
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

export const chatCompletions: Protocol = {
  request(body, isCaptured) {
    const stop =
      typeof body.stop === 'string' ? [body.stop] : listOf(body.stop).filter((item) => typeof item === 'string')
    const choices = numberOf(body.n)
    const format = textOf(fieldsOf(body.response_format).type)
    return definedAttributes({
      'gen_ai.request.model': textOf(body.model),
      'gen_ai.request.max_tokens': numberOf(body.max_completion_tokens) ?? numberOf(body.max_tokens),
      'gen_ai.request.temperature': numberOf(body.temperature),
      'gen_ai.request.top_p': numberOf(body.top_p),
      'gen_ai.request.frequency_penalty': numberOf(body.frequency_penalty),
      'gen_ai.request.presence_penalty': numberOf(body.presence_penalty),
      'gen_ai.request.seed': numberOf(body.seed),
      'gen_ai.request.choice.count': choices === 1 ? undefined : choices,
      'gen_ai.request.stop_sequences': stop.length > 0 ? stop : undefined,
      'gen_ai.output.type': format?.startsWith('json') === true ? 'json' : undefined,
      'gen_ai.input.messages': isCaptured ? JSON.stringify(listOf(body.messages).map(messageOf)) : undefined,
    })
  },

  response(answer, isCaptured) {
    const choices = listOf(answer.choices).map(fieldsOf)
    const reasons = choices.flatMap((choice) => textOf(choice.finish_reason) ?? [])
    const usage = fieldsOf(answer.usage)
    return definedAttributes({
      'gen_ai.response.id': textOf(answer.id),
      'gen_ai.response.model': textOf(answer.model),
      'gen_ai.response.finish_reasons': reasons.length > 0 ? reasons : undefined,
      'gen_ai.usage.input_tokens': numberOf(usage.prompt_tokens),
      'gen_ai.usage.output_tokens': numberOf(usage.completion_tokens),
      'gen_ai.usage.cache_read.input_tokens': numberOf(fieldsOf(usage.prompt_tokens_details).cached_tokens),
      'gen_ai.usage.reasoning.output_tokens': numberOf(fieldsOf(usage.completion_tokens_details).reasoning_tokens),
      'gen_ai.output.messages':
        isCaptured && choices.length > 0
          ? JSON.stringify(
              choices.map((choice) => ({
                ...messageOf({ role: 'assistant', ...fieldsOf(choice.message) }),
                finish_reason: textOf(choice.finish_reason),
              })),
            )
          : undefined,
    })
  },

  failure: () => undefined,
  collect: (isCaptured) => new ChatCollector(isCaptured),
}

function messageOf(value: unknown): { role: string | undefined; parts: Part[] } {
  const message = fieldsOf(value)
  const role = textOf(message.role)
  if (role === 'tool')
    return {
      role,
      parts: [{ type: 'tool_call_response', id: message.tool_call_id, response: contentText(message.content) }],
    }
  const parts = contentParts(message.content)
  const refusal = textOf(message.refusal)
  if (refusal !== undefined) parts.push(textPart(refusal))
  for (const call of listOf(message.tool_calls).map(fieldsOf)) {
    const called = fieldsOf(call.function ?? call.custom)
    parts.push(toolCallPart(call.id, called.name, called.arguments ?? called.input))
  }
  return { role, parts }
}

function contentParts(content: unknown): Part[] {
  if (typeof content === 'string') return [textPart(content)]
  return listOf(content).map((value) => {
    const part = fieldsOf(value)
    if (part.type === 'text' || part.type === 'refusal') return textPart(textOf(part.text ?? part.refusal) ?? '')
    if (part.type === 'image_url') return imagePart(textOf(fieldsOf(part.image_url).url))
    return { type: textOf(part.type) ?? 'other' }
  })
}

/** A tool's answer as it was given to the model. */
function contentText(content: unknown): unknown {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => textOf(fieldsOf(part).text) ?? '')
    .join('')
}

interface Choice {
  message: {
    content?: string
    refusal?: string
    tool_calls: { id?: unknown; function: { name: string; arguments: string } }[]
  }
  finish_reason?: unknown
}

class ChatCollector implements Collector {
  readonly #isCaptured: boolean
  readonly #choices: Choice[] = []
  #head: Fields = {}
  #usage: unknown

  constructor(isCaptured: boolean) {
    this.#isCaptured = isCaptured
  }

  add(piece: Fields): void {
    this.#head = { id: piece.id ?? this.#head.id, model: piece.model ?? this.#head.model }
    this.#usage = piece.usage ?? this.#usage
    for (const item of listOf(piece.choices).map(fieldsOf)) {
      const index = numberOf(item.index) ?? 0
      this.#choices[index] ??= { message: { tool_calls: [] } }
      const choice = this.#choices[index]
      choice.finish_reason = item.finish_reason ?? choice.finish_reason
      if (this.#isCaptured) addDelta(choice, fieldsOf(item.delta))
    }
  }

  answer(): Fields {
    return { ...this.#head, usage: this.#usage, choices: this.#choices.filter((choice) => choice !== undefined) }
  }
}

function addDelta({ message }: Choice, delta: Fields): void {
  if (typeof delta.content === 'string') message.content = (message.content ?? '') + delta.content
  if (typeof delta.refusal === 'string') message.refusal = (message.refusal ?? '') + delta.refusal
  for (const [place, piece] of listOf(delta.tool_calls).map(fieldsOf).entries()) {
    const at = numberOf(piece.index) ?? place
    message.tool_calls[at] ??= { function: { name: '', arguments: '' } }
    const call = message.tool_calls[at]
    const called = fieldsOf(piece.function)
    call.id = piece.id ?? call.id
    call.function.name += textOf(called.name) ?? ''
    call.function.arguments += textOf(called.arguments) ?? ''
  }
}
