/** Spans that the parts of the contract of the traces port store. */
import { makeSpan, type SpanFields } from '../../engine/model/make-span.ts'
import type { Span } from '../../engine/model/span.ts'

export const t0Us = Date.UTC(2026, 5, 1, 12) * 1000

let tenants = 0
export const newTenant = () => `tenant-${++tenants}`
let tokens = 0
export const newToken = () => `test:${++tokens}`
export const hex = (digits: number, value: number) => value.toString(16).padStart(digits, '0')
export const span = (tenant: string, trace: number, id: number, fields: SpanFields = {}): Span =>
  makeSpan({ tenant, traceId: hex(32, trace), spanId: hex(16, id), name: 's', startTimeUs: t0Us + id, ...fields })

/** Every field, with texts that break careless writers. */
export const nasty = 'é😀\n\nINSERT INTO x\n\n\0\t\'"\\ end'
export const full = (tenant: string): Span =>
  span(tenant, 1, 1, {
    parentSpanId: hex(16, 77),
    kind: 'llm',
    name: nasty,
    startTimeSubUs: 999,
    durationNs: Number.MAX_SAFE_INTEGER,
    status: 'error',
    statusMessage: nasty,
    agentName: '',
    agentVersion: '1.0',
    env: 'prod',
    sessionId: '',
    userId: nasty,
    provider: 'openai',
    model: 'm',
    inputText: nasty,
    inputMessages: [
      { role: 'system', parts: [{ type: 'text', content: 'be kind' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: nasty },
          { type: 'other', value: { deep: [1, null, { __proto__x: true }] } },
        ],
      },
    ],
    outputText: '',
    outputMessages: [
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: '' },
          { type: 'reasoning', content: 'hm' },
          { type: 'tool_call', id: 'c1', name: 'search', arguments: { q: nasty } },
          { type: 'tool_call_response', id: 'c1', response: [1, 2] },
        ],
        finishReason: 'tool_call',
      },
    ],
    tokensInput: 0,
    tokensOutput: 7,
    tokensTotal: 2 ** 40,
    tokensCachedInput: 1,
    tokensReasoning: 2,
    costMicroUsd: 1234,
    costSource: 'span',
    toolName: 't',
    toolCallId: 'c',
    toolArguments: '{"a":1}',
    toolResult: '',
    retrievalQuery: 'q',
    documents: [
      { id: 'd1', text: nasty, score: 0.25 },
      { id: undefined, text: undefined, score: undefined },
    ],
    finishReason: 'stop',
    timeToFirstTokenMs: 12.5,
    errorMessage: 'boom',
    convention: 'otel_genai',
    attributes: new Map<string, Span['attributes'] extends ReadonlyMap<string, infer V> ? V : never>([
      ['__proto__', 'own'],
      ['n', -0],
      ['nan', Number.NaN],
      ['inf', Number.NEGATIVE_INFINITY],
      ['float', 1e-7],
      ['big', 2n ** 63n - 1n],
      ['bytes', { bytes: 'AAE=' }],
      ['null', null],
      ['list', ['a', 1, false, [null, { bytes: '' }]]],
      ['map', new Map([['int', 'not a tag']])],
      [nasty, nasty],
    ]),
    resource: new Map([['service.name', 'x']]),
    scopeName: 'scope',
    scopeVersion: '',
    events: [{ name: 'e', timeUs: t0Us, attributes: new Map([['k', nasty]]) }],
    links: [{ traceId: hex(32, 9), spanId: hex(16, 9), attributes: new Map() }],
  })
