/**
 * MCP, the Model Context Protocol: spans of its clients and servers, by OpenTelemetry's convention for it and as Logfire writes them. The call of a
 * tool is a tool call, whichever side tells of it; other requests (listing, initialising) are no subject.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
import type { AttributeBag } from './attribute-bag.ts'
import type { ConventionReader } from './convention.ts'
import { parseJson, property } from './json.ts'
import type { FieldKeys, Vocabulary } from './vocabulary.ts'

export const mcpFields: Partial<FieldKeys> = {
  toolName: ['gen_ai.tool.name', 'mcp.tool.name'],
}

const CALL = 'tools/call'

export function createMcp(vocabulary: Vocabulary): ConventionReader {
  const slot = vocabulary.slot
  const methods = ['mcp.method.name', 'rpc.method'].map(slot)
  const request = slot('request')
  const response = slot('response')

  const objectAt = (bag: AttributeBag, at: number): object => {
    const sent = bag.peek(at)
    const parsed = typeof sent === 'string' ? parseJson(sent) : undefined
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  }
  /** Logfire keeps the whole request and response. */
  const paramsOf = (bag: AttributeBag): object => {
    const sent = objectAt(bag, request)
    const root = property(sent, 'root') ?? sent
    const params = typeof root === 'object' && root !== null ? property(root, 'params') : undefined
    return typeof params === 'object' && params !== null ? params : {}
  }

  return {
    convention: 'mcp',
    marks: ['mcp.method.name', 'rpc.method'],
    fields: mcpFields,
    kindOf: (bag) => {
      const isMcp = bag.peek(methods[0]!) !== undefined
      const method = bag.peek(methods[0]!) ?? bag.peek(methods[1]!)
      if (typeof method !== 'string') return undefined
      if (method === CALL) return 'tool'
      return isMcp ? 'other' : undefined
    },
    toolName: (bag) => {
      const name = property(paramsOf(bag), 'name')
      return typeof name === 'string' && name !== '' ? name : undefined
    },
    failure: (bag) => {
      const sent = objectAt(bag, response)
      return property(sent, 'isError') === true ? (textOf(property(sent, 'content')) ?? '') : undefined
    },
    readers: {
      toolArguments: (bag) => {
        const args = property(paramsOf(bag), 'arguments')
        return args === undefined || args === null ? undefined : JSON.stringify(args)
      },
      toolResult: (bag) => textOf(property(objectAt(bag, response), 'content')),
    },
  }
}

/** The texts of a result's content. */
function textOf(content: unknown): string | undefined {
  if (!Array.isArray(content)) return undefined
  const texts = content
    .map((part: unknown) => (typeof part === 'object' && part !== null ? property(part, 'text') : undefined))
    .filter((text) => typeof text === 'string')
  return texts.length === 0 ? undefined : texts.join('\n')
}
