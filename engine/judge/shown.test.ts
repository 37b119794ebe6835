import { expect, test } from 'vitest'
import { fieldsOf } from '../../dsl/schema.ts'
import { viewSession } from '../evaluate/session-view.ts'
import { viewTrace } from '../evaluate/trace-view.ts'
import { makeSpan } from '../model/make-span.ts'
import { buildPrompt } from './prompt.ts'
import { readShown } from './shown.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spans = [
  makeSpan({
    traceId,
    spanId: 'a',
    kind: 'agent',
    name: 'support',
    inputText: 'Where is it?',
    outputText: 'On its way.',
    durationNs: 1_234_567_890,
    startTimeUs: 1e15,
  }),
  makeSpan({
    traceId,
    spanId: 'c',
    parentSpanId: 'a',
    kind: 'tool',
    name: 'execute_tool issue_refund',
    toolName: 'issue_refund',
    startTimeUs: 1e15 + 20,
  }),
  makeSpan({
    traceId,
    spanId: 'b',
    parentSpanId: 'a',
    kind: 'tool',
    name: 'lookup',
    toolArguments: '{"id":\n7}',
    startTimeUs: 1e15 + 10,
  }),
  makeSpan({
    traceId,
    spanId: 'd',
    parentSpanId: 'a',
    kind: 'retriever',
    retrievalQuery: 'parcel',
    documents: [{ id: 'x', text: 'sent', score: 0.5 }],
    startTimeUs: 1e15 + 30,
  }),
]
const trace = viewTrace('default', traceId, spans)

function show(...paths: string[]) {
  const shown = readShown(paths, trace, undefined)
  return shown.kind === 'missing' ? shown : shown.fields.map(({ text }) => text)
}

test('fields of a trace, in the order of the clause', () => {
  expect(show('output.text', 'input.text', 'duration')).toEqual(['On its way.', 'Where is it?', '1234.57 ms'])
})

test('a field of a span subject lists over the trace by start, one JSON item a line', () => {
  expect(show('tool_call.name')).toEqual(['[\n"lookup",\n"issue_refund"\n]'])
  expect(show('tool_call.arguments.text')).toEqual(['[\n"{\\"id\\":\\n7}",\nnull\n]'])
  expect(show('retrieval.documents')).toEqual(['[\n[{"id":"x","text":"sent","score":0.5}]\n]'])
})

test('no such span is an empty list, not a missing field', () => {
  expect(show('llm_call.output.text')).toEqual(['[]'])
})

test('a field that was not sent is missing', () => {
  expect(show('input.text', 'user.id')).toEqual({ kind: 'missing', field: 'user.id' })
})

test('on a span, plain paths are its own and trace paths the trace’s', () => {
  expect(readShown(['query.text', 'trace.output.text'], trace, spans[3])).toEqual({
    kind: 'shown',
    fields: [
      { path: 'query.text', text: 'parcel' },
      { path: 'trace.output.text', text: 'On its way.' },
    ],
  })
})

test('a path outside of the schema is a bug', () => {
  expect(() => show('no.such')).toThrow('no field no.such')
})

test('every field that the language has can be shown', () => {
  const subjects = ['agent_run', 'llm_call', 'tool_call', 'retrieval', 'embedding', 'guardrail', 'span'] as const
  let fields = 0
  for (const subject of subjects)
    for (const { path } of fieldsOf(subject)) {
      fields++
      expect(show(`${subject}.${path}`)).toHaveLength(1)
      expect(readShown([path], trace, spans[0]).kind).toMatch(/shown|missing/)
    }
  for (const { path } of fieldsOf('trace')) {
    fields++
    expect(readShown([path, `trace.${path}`], trace, undefined).kind).toMatch(/shown|missing/)
  }
  expect(fields).toBeGreaterThan(50)
})

test('of a trace that is cut, or a session with traces that are not at hand, lists are said to be a beginning', () => {
  const nonce = '0123456789abcdef0123'
  const about = { rubric: '5 good. 1 bad.', scale: { low: 1, high: 5 }, nonce }
  const titlesOf = (view: typeof trace, paths: string[], ofSession: boolean, maxChars?: number) => {
    const shown = readShown(paths, view, undefined, ofSession)
    if (shown.kind === 'missing') throw new Error(shown.field)
    const { messages } = buildPrompt({ ...about, shown: shown.fields, ...(maxChars !== undefined && { maxChars }) })
    return [...(messages[1]?.content ?? '').matchAll(/<<<DATA \w+ (.*)>>>/g)].map(([, title]) => title)
  }
  const cut = viewTrace('default', traceId, spans, 3)
  expect(titlesOf(cut, ['output.text', 'tool_call.name'], false)).toEqual([
    'output.text',
    'tool_call.name, the beginning of a longer list',
  ])
  expect(titlesOf(trace, ['tool_call.name'], false)).toEqual(['tool_call.name'])
  const session = (isCut: boolean) => viewSession('default', traceId, spans, isCut)
  expect(titlesOf(session(false), ['trace.output.text'], true)).toEqual(['trace.output.text'])
  expect(titlesOf(session(true), ['tool_call.name'], true, 26)).toEqual([
    'tool_call.name, the beginning of a longer list, first 13 of 28 characters',
    'tool_call.name, the beginning of a longer list, last 13 of 28 characters',
  ])
})

test('a long conversation is shown from its first turns and its last, and the prompt says what was cut', () => {
  const session = Array.from({ length: 40 }, (_, i) => {
    const own = { traceId: `${i}`.padStart(32, '0'), spanId: `${i}`, startTimeUs: 1e15 + i, sessionId: 's' }
    return makeSpan({ ...own, kind: 'agent', outputText: `turn ${i} ${'x'.repeat(92)}` })
  })
  const view = viewSession('default', session[0]?.traceId ?? '', session)
  const shown = readShown(['trace.output.text'], view, undefined, true)
  if (shown.kind === 'missing') throw new Error(shown.field)
  const nonce = '0123456789abcdef0123'
  const about = { rubric: '5 good. 1 bad.', scale: { low: 1, high: 5 }, shown: shown.fields, nonce, maxChars: 1_000 }
  const { messages, cut } = buildPrompt(about)
  const said = messages[1]?.content ?? ''
  expect(cut).toEqual([{ path: 'trace.output.text', chars: expect.any(Number), shownChars: expect.any(Number) }])
  expect(said).toContain('Too long to show whole: trace.output.text. The middle is left out')
  expect(said).toMatch(/trace\.output\.text, items 1 to 4 of 40>>>\n\[\n"turn 0 /)
  expect(said).toContain('trace.output.text, items 37 to 40 of 40>>>')
  expect([...said.matchAll(/"turn (\d+) /g)].map(([, turn]) => Number(turn))).toEqual([0, 1, 2, 3, 36, 37, 38, 39])
})
