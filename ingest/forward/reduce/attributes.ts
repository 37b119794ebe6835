/** Attributes in protobuf, to be put behind those that a span has: a repeated field goes on wherever it stands. */
import { ReverseWriter } from '../../../engine/otlp/reverse-writer.ts'

export type AddedValue = string | { readonly int: number } | { readonly double: number }

const ATTRIBUTES = 9

/** The field of a span for one attribute. */
export function attributeField(key: string, value: AddedValue): Uint8Array {
  const writer = new ReverseWriter(64)
  const field = writer.mark()
  const any = writer.mark()
  if (typeof value === 'string') writer.text(1, value)
  else if ('int' in value) writer.uint(3, value.int)
  else writer.double(4, value.double)
  writer.closeMessage(2, any)
  writer.text(1, key)
  writer.closeMessage(ATTRIBUTES, field)
  return writer.finish()
}

/**
 * Keys that Assay's conventions read fields of the trace model from. Spans that have one are never folded, and these attributes never
 * limited: evals look at them.
 */
const READ =
  /^(?:gen_ai|llm|openinference|ai|traceloop|langfuse|langsmith|langgraph|mcp|rpc|jsonrpc|pydantic_ai|logfire|session|user|enduser|agent|service|deployment|metadata|tag|tags|graph|input|output|tool|tool_call|tools|retrieval|embedding|reranker|document|message|messages|prompt|completion|model|model_name|provider|exception|error|events|operation|resource|thread|conversation|network|server)(?:[._]|$)|^(?:all_messages_events|final_result|return_values|response|request_data|response_data)/

export const isReadByConventions = (key: string): boolean => READ.test(key)
