/** One part of a message, in OpenTelemetry GenAI's schema and in the shapes that SDKs send in its place. */
import { createHash } from 'node:crypto'
import type { MessagePart } from '../model/span.ts'
import { property } from './json.ts'

export function toolCall(id: unknown, name: unknown, args: unknown): MessagePart {
  const part: MessagePart = { type: 'tool_call' }
  if (typeof id === 'string' && id !== '') part.id = id
  if (typeof name === 'string' && name !== '') part.name = name
  if (args !== undefined && args !== null) part.arguments = args
  return part
}

function toolResponse(id: unknown, response: unknown): MessagePart {
  const part: MessagePart = { type: 'tool_call_response' }
  if (typeof id === 'string' && id !== '') part.id = id
  if (response !== undefined && response !== null) part.response = response
  return part
}

const DATA_URL = /^data:([^;,]{1,100})?[^,]{0,100},/

/**
 * An image by where it is. One that was sent inline, as base64 or a data URL, is known by its hash and size: its bytes are no text to
 * judge, and far larger than all texts beside them.
 */
export function imageReference(source: string, mediaType: string | undefined): MessagePart {
  const dataUrl = DATA_URL.exec(source)
  if (dataUrl === null && /^[a-z][a-z0-9+.-]*:/i.test(source)) {
    return { type: 'other', value: { type: 'image', ...(mediaType !== undefined && { mediaType }), url: source } }
  }
  const media = mediaType ?? dataUrl?.[1]
  const bytes = Buffer.from(dataUrl === null ? source : source.slice(dataUrl[0].length), 'base64')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return {
    type: 'other',
    value: { type: 'image', ...(media !== undefined && { mediaType: media }), sizeBytes: bytes.length, sha256 },
  }
}

export function partFromJson(value: unknown): MessagePart {
  if (typeof value === 'string') return { type: 'text', content: value }
  if (typeof value !== 'object' || value === null) return { type: 'other', value }
  const fields = value as { type?: unknown; content?: unknown; text?: unknown }
  switch (fields.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal': {
      const content = fields.content ?? fields.text ?? property(fields, 'refusal')
      return typeof content === 'string' ? { type: 'text', content } : { type: 'other', value }
    }
    case 'reasoning':
    case 'thinking': {
      const content = fields.content ?? fields.text ?? property(fields, 'thinking')
      return typeof content === 'string' ? { type: 'reasoning', content } : { type: 'other', value }
    }
    case 'tool_call':
    case 'function_call':
      return toolCall(
        property(fields, 'call_id') ?? property(fields, 'id'),
        property(fields, 'name'),
        property(fields, 'arguments') ?? property(fields, 'args'),
      )
    case 'tool_use':
      return toolCall(property(fields, 'id'), property(fields, 'name'), property(fields, 'input'))
    case 'tool-call':
      return toolCall(
        property(fields, 'toolCallId'),
        property(fields, 'toolName'),
        property(fields, 'input') ?? property(fields, 'args'),
      )
    case 'tool_call_response':
    case 'tool_result':
      // `result` was the key before `response`.
      return toolResponse(
        property(fields, 'id') ?? property(fields, 'tool_use_id'),
        property(fields, 'response') ?? property(fields, 'result') ?? fields.content,
      )
    case 'function_call_output':
      return toolResponse(property(fields, 'call_id'), property(fields, 'output'))
    case 'tool-result':
      return toolResponse(property(fields, 'toolCallId'), aiSdkResult(fields))
    case undefined:
      if (typeof fields.text === 'string') return { type: 'text', content: fields.text }
      return { type: 'other', value }
    default:
      return imagePart(fields) ?? { type: 'other', value }
  }
}

/** `output` is `{type: 'json' | 'text', value}` since version 5; before, `result` was the value itself. */
function aiSdkResult(fields: object): unknown {
  const output = property(fields, 'output')
  if (typeof output !== 'object' || output === null) return output ?? property(fields, 'result')
  return Object.hasOwn(output, 'value') ? property(output, 'value') : output
}

/** The keys under which SDKs put an image: its address, a data URL or base64. */
const IMAGE_KEYS = ['image_url', 'url', 'uri', 'image', 'data', 'content', 'source']
const MEDIA_TYPE_KEYS = ['mediaType', 'media_type', 'mimeType', 'mime_type']
const IMAGE_TYPES = new Set(['image', 'image_url', 'input_image', 'image-url'])
/** Parts that hold files of any kind; those that say so are images. */
const FILE_TYPES = new Set(['file', 'blob', 'uri', 'binary', 'media'])

function imagePart(fields: { type?: unknown }): MessagePart | undefined {
  if (typeof fields.type !== 'string') return undefined
  const isFile = FILE_TYPES.has(fields.type)
  if (!isFile && !IMAGE_TYPES.has(fields.type)) return undefined
  const mediaType = textAt(fields, MEDIA_TYPE_KEYS)
  if (isFile && !mediaType?.startsWith('image/') && property(fields, 'modality') !== 'image') return undefined
  const source = textAt(fields, IMAGE_KEYS)
  if (source !== undefined) return imageReference(source, mediaType)
  for (const key of IMAGE_KEYS) {
    // OpenAI's `{image_url: {url}}`, Anthropic's `{source: {media_type, data}}`.
    const inner = property(fields, key)
    if (typeof inner !== 'object' || inner === null) continue
    const innerSource = textAt(inner, IMAGE_KEYS)
    if (innerSource !== undefined) return imageReference(innerSource, mediaType ?? textAt(inner, MEDIA_TYPE_KEYS))
  }
  return undefined
}

function textAt(fields: object, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = property(fields, key)
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}
