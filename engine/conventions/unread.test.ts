import { expect, test } from 'vitest'
import { transcodeJson } from '../otlp/json.ts'
import { decodeRecord } from './normalise.ts'
import { UnreadConventions } from './unread.ts'

function recordOf(scope: string, ...spans: readonly string[][]): Uint8Array {
  const outcome = transcodeJson(
    Buffer.from(
      JSON.stringify({
        resourceSpans: [
          {
            scopeSpans: [
              {
                scope: { name: scope },
                spans: spans.map((keys, index) => ({
                  traceId: '1'.repeat(32),
                  spanId: String(index + 1).repeat(16),
                  attributes: keys.map((key) => ({ key, value: { stringValue: 'chat' } })),
                })),
              },
            ],
          },
        ],
      }),
    ),
  )
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome.request
}

test.each(['gen_ai.usage.input_tokens', 'gen_ai.system', 'llm.model', 'ai.model.id'])(
  'a span with %s and no convention that is read is counted, and its scope told once',
  (key) => {
    const lines: string[] = []
    const unread = new UnreadConventions((line) => lines.push(line))
    // As the evaluate loop reads them when no rule looks at attributes.
    const parts = { inputs: false, attributes: false }
    const record = recordOf('some-sdk', [key], ['http.method', key], ['http.method'], ['gen_ai.operation.name', key])
    decodeRecord('t', record, parts, unread)
    expect(unread.spans).toBe(2)
    expect(lines).toEqual([
      'some spans of scope some-sdk follow no convention that Assay reads yet: their texts and models are not looked at',
    ])
  },
)

test('attributes that SDKs put on every span of a process are no sign of a model call', () => {
  const unread = new UnreadConventions(() => {})
  const keys = [
    'langfuse.environment',
    'traceloop.association.properties.session_id',
    'gen_ai.agent.name',
    'http.method',
  ]
  decodeRecord('t', recordOf('http', keys.slice(0, 2)), undefined, unread)
  unread.look(keys, 'http')
  expect(unread.spans).toBe(0)
})

test('however many scopes there are, a few lines are said, and none breaks the terminal', () => {
  const lines: string[] = []
  const unread = new UnreadConventions((line) => lines.push(line))
  for (const scope of ['', '\u001b[2Jx', 'y'.repeat(1000)]) unread.look(['llm.x'], scope)
  for (let i = 0; i < 100; i++) unread.look(['llm.x'], `scope ${i}`)
  expect(unread.spans).toBe(103)
  expect(lines).toHaveLength(5)
  expect(lines[0]).toContain('scope (unnamed) follow')
  expect(lines[1]).toContain('scope ?[2Jx follow')
  expect(lines[2]).toContain(`scope ${'y'.repeat(60)} follow`)
})
