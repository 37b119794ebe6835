import { SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Recorded, recordSpans } from '../testing/recorded.ts'
import { captureContent } from './content.ts'
import { withSession, withUser } from './identity.ts'
import { agent, retrieval, tool } from './spans.ts'

let recorded: Recorded
beforeAll(() => {
  recorded = recordSpans()
})
beforeEach(() => {
  recorded.reset()
  captureContent(false)
})
afterAll(() => recorded.stop())

const attributesOf = (name: string) => recorded.spans().find((span) => span.name === name)?.attributes

describe('who is at work', () => {
  test('is on every span inside, those of others included, through awaits', async () => {
    const answer = await withUser('u-1', () =>
      agent({ name: 'support', version: '2.4', sessionId: 's-1' }, async () => {
        await Promise.resolve()
        await tool({ name: 'find_order', callId: 'c-1' }, async () => 'found')
        trace.getTracer('another library').startSpan('GET /orders').end()
        return 'done'
      }),
    )
    expect(answer).toBe('done')
    const who = {
      'gen_ai.agent.name': 'support',
      'gen_ai.agent.version': '2.4',
      'gen_ai.conversation.id': 's-1',
      'user.id': 'u-1',
    }
    expect(attributesOf('invoke_agent support')).toEqual({ 'gen_ai.operation.name': 'invoke_agent', ...who })
    expect(attributesOf('GET /orders')).toEqual(who)
    expect(attributesOf('execute_tool find_order')).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'find_order',
      'gen_ai.tool.call.id': 'c-1',
      ...who,
    })
    const [inner, , outer] = recorded.spans()
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
  })

  test('an agent inside an agent is itself, in the same session', () => {
    withSession('s-2', () => agent({ name: 'outer' }, () => agent({ name: 'inner' }, () => 1)))
    expect(attributesOf('invoke_agent inner')).toMatchObject({
      'gen_ai.agent.name': 'inner',
      'gen_ai.conversation.id': 's-2',
    })
  })

  test('ends with the work', () => {
    agent({ name: 'support' }, () => {})
    trace.getTracer('t').startSpan('after').end()
    expect(attributesOf('after')).toEqual({})
  })
})

describe('content', () => {
  test('is on spans if asked for: question, answer, arguments, result, query, documents', async () => {
    captureContent(true)
    await agent({ name: 'support', input: 'Where?' }, async () => {
      tool({ name: 't', arguments: { id: 7n } }, () => ({ state: 'sent' }))
      await retrieval({ source: 'help', query: 'where' }, async () => [{ id: 'd', content: 'text', score: 0.5 }])
      return 'On its way.'
    })
    expect(attributesOf('invoke_agent support')).toMatchObject({
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Where?"}]}]',
      'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"On its way."}]}]',
    })
    expect(attributesOf('execute_tool t')).toMatchObject({
      'gen_ai.tool.call.arguments': '{"id":"7"}',
      'gen_ai.tool.call.result': '{"state":"sent"}',
    })
    expect(attributesOf('retrieval help')).toMatchObject({
      'gen_ai.data_source.id': 'help',
      'gen_ai.retrieval.query.text': 'where',
      'gen_ai.retrieval.documents': '[{"id":"d","score":0.5,"content":"text"}]',
    })
  })

  test('is not, otherwise: ids and scores alone', () => {
    agent({ name: 'a', input: 'secret' }, () => {
      tool({ name: 't', arguments: 'secret' }, () => 'secret')
      retrieval({ query: 'secret' }, () => [{ id: 'd', content: 'secret', score: 1 }])
      return 'secret'
    })
    expect(JSON.stringify(recorded.spans().map(({ attributes }) => attributes))).not.toContain('secret')
    expect(attributesOf('retrieval')?.['gen_ai.retrieval.documents']).toBe('[{"id":"d","score":1}]')
  })

  test('a call’s own word comes first', () => {
    tool({ name: 't', captureContent: true }, () => 'shown')
    expect(attributesOf('execute_tool t')?.['gen_ai.tool.call.result']).toBe('shown')
  })

  test('results that have no JSON leave the agent alone', () => {
    captureContent(true)
    const circular: Record<string, unknown> = {}
    circular.self = circular
    expect(tool({ name: 't', arguments: circular }, () => circular)).toBe(circular)
    expect(attributesOf('execute_tool t')).not.toHaveProperty('gen_ai.tool.call.result')
  })
})

describe('errors are on the span and reach the agent unchanged', () => {
  const error = new RangeError('no such order')
  test.each([
    [
      'thrown',
      () =>
        tool({ name: 't' }, () => {
          throw error
        }),
    ],
    [
      'rejected',
      () =>
        tool({ name: 't' }, async () => {
          throw error
        }),
    ],
  ])('%s', async (_, act) => {
    await expect((async () => act())()).rejects.toBe(error)
    const [span] = recorded.spans()
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no such order' })
    expect(span?.attributes['error.type']).toBe('RangeError')
  })

  test.each([[undefined], [null], ['text'], [Object.create(null)]])('whatever is thrown: %s', async (thrown) => {
    await expect(
      (async () =>
        tool({ name: 't' }, () => {
          throw thrown
        }))(),
    ).rejects.toBe(thrown)
    expect(recorded.spans()[0]?.status.code).toBe(SpanStatusCode.ERROR)
  })
})
