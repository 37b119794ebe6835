/** What is kept of a span until its trace settles: only what the evals that wait for it read. */

import { walkExpr } from '../../dsl/expr-walk.ts'
import type { Expr } from '../../dsl/plan.ts'
import type { Attributes, AttributeValue, Span } from '../model/span.ts'
import { readAttribute } from './attribute.ts'
import { spanField } from './fields.ts'
import { traceFieldPath } from './names.ts'
import type { OptionalField, ProjectedSpan } from './subject.ts'

/**
 * The function that keeps of a span what `exprs` read. Where they read nothing beyond the core fields, its answers are small
 * objects of their own shape; otherwise a second shape, in which unread fields are undefined. Two shapes, and the full span
 * as a third, keep property reads fast in V8.
 */
export function compileProjection(exprs: readonly Expr[]): (span: Span) => ProjectedSpan {
  const fields = new Set<OptionalField>()
  const attributes = new Set<string>()
  for (const expr of exprs) {
    walkExpr(expr, (node) => {
      if (node.op === 'attr') attributes.add(node.name)
      else for (const field of optionalFieldsOf(node)) fields.add(field)
    })
  }
  if (fields.size === 0 && attributes.size === 0) return projectCore
  return fullProjection(fields, [...attributes])
}

/** What an expression itself reads of a span beyond the core fields; not what is inside it. */
export function optionalFieldsOf(node: Expr): readonly OptionalField[] {
  switch (node.op) {
    case 'field':
      return spanField(node.path).needs
    case 'trace_field':
      return spanField(traceFieldPath(node.path)).needs
    case 'repeats':
      return ['toolName', 'toolArguments', 'retrievalQuery', 'inputText']
    default:
      return []
  }
}

function projectCore(span: Span): ProjectedSpan {
  return {
    tenant: span.tenant,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    kind: span.kind,
    name: span.name,
    startTimeUs: span.startTimeUs,
    startTimeSubUs: span.startTimeSubUs,
    durationNs: span.durationNs,
    status: span.status,
    agentName: span.agentName,
    agentVersion: span.agentVersion,
    env: span.env,
  }
}

function fullProjection(
  fields: ReadonlySet<OptionalField>,
  attributes: readonly string[],
): (span: Span) => ProjectedSpan {
  const sessionId = fields.has('sessionId')
  const userId = fields.has('userId')
  const provider = fields.has('provider')
  const model = fields.has('model')
  const inputText = fields.has('inputText')
  const outputText = fields.has('outputText')
  const toolName = fields.has('toolName')
  const toolCallId = fields.has('toolCallId')
  const toolArguments = fields.has('toolArguments')
  const toolResult = fields.has('toolResult')
  const retrievalQuery = fields.has('retrievalQuery')
  const documents = fields.has('documents')
  const finishReason = fields.has('finishReason')
  const errorMessage = fields.has('errorMessage')
  return (span) => ({
    tenant: span.tenant,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    kind: span.kind,
    name: span.name,
    startTimeUs: span.startTimeUs,
    startTimeSubUs: span.startTimeSubUs,
    durationNs: span.durationNs,
    status: span.status,
    agentName: span.agentName,
    agentVersion: span.agentVersion,
    env: span.env,
    sessionId: sessionId ? span.sessionId : undefined,
    userId: userId ? span.userId : undefined,
    provider: provider ? span.provider : undefined,
    model: model ? span.model : undefined,
    inputText: inputText ? span.inputText : undefined,
    outputText: outputText ? span.outputText : undefined,
    // Numbers cost nothing to keep.
    tokensInput: span.tokensInput,
    tokensOutput: span.tokensOutput,
    tokensTotal: span.tokensTotal,
    tokensCachedInput: span.tokensCachedInput,
    tokensReasoning: span.tokensReasoning,
    costMicroUsd: span.costMicroUsd,
    toolName: toolName ? span.toolName : undefined,
    toolCallId: toolCallId ? span.toolCallId : undefined,
    toolArguments: toolArguments ? span.toolArguments : undefined,
    toolResult: toolResult ? span.toolResult : undefined,
    retrievalQuery: retrievalQuery ? span.retrievalQuery : undefined,
    documents: documents ? span.documents : undefined,
    finishReason: finishReason ? span.finishReason : undefined,
    timeToFirstTokenMs: span.timeToFirstTokenMs,
    errorMessage: errorMessage ? span.errorMessage : undefined,
    attributes: attributes.length === 0 ? NO_ATTRIBUTES : keepAttributes(span, attributes),
  })
}

const NO_ATTRIBUTES: Attributes = new Map()

/** The span's own or its resource's, as `attr` would find them. */
function keepAttributes(span: Span, names: readonly string[]): Attributes {
  let kept: Map<string, AttributeValue> | undefined
  for (const name of names) {
    const value = readAttribute(span, name)
    if (value === undefined) continue
    kept ??= new Map()
    kept.set(name, value)
  }
  return kept ?? NO_ATTRIBUTES
}
