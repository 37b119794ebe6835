/** From `.eval` text to scores: calls of tools against their schemas, handoffs, tries of a task, and sessions by their traces. */
import { describe, expect, test } from 'vitest'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { compileText } from '../../dsl/testing.ts'
import { makeSpan } from '../model/make-span.ts'
import type { AttributeValue, Span } from '../model/span.ts'
import { compileOfflineEval, type OfflineEval } from './offline-eval.ts'
import { viewSession } from './session-view.ts'
import { viewTrace } from './trace-view.ts'

const traceId = (n: number): string => n.toString(16).padStart(32, '0')

function compiled(metric: string, subject: string): OfflineEval {
  const text = `package p\noffline eval m {\n  every: hour in "UTC"\n  sample: all of ${subject} over 1h\n  metric: ${metric}\n  pass: score >= 1%\n  missing: unknown\n}\n`
  const { plan, diagnostics } = compileText(text)
  if (plan === null) throw new Error(JSON.stringify(diagnostics))
  return compileOfflineEval(plan, plan.evals[0] as OfflineEvalPlan)
}

/** Each trace's spans a second apart, the traces a minute. */
function spansOf(traces: readonly (readonly Partial<Span>[])[]): Span[] {
  return traces.flatMap((spans, t) =>
    spans.map((span, i) =>
      makeSpan({
        traceId: traceId(t + 1),
        spanId: (100 * t + i + 1).toString(16).padStart(16, '0'),
        startTimeUs: 60_000_000 * t + 1_000_000 * (i + 1),
        sessionId: 'one',
        ...span,
      }),
    ),
  )
}

function measured(metric: string, traces: readonly (readonly Partial<Span>[])[], subject = 'trace') {
  const found = compiled(metric, subject)
  const spans = spansOf(traces)
  const view =
    subject === 'session' ? viewSession('default', traceId(1), spans) : viewTrace('default', traceId(1), spans)
  return found.subjects(view).map((span) => found.measure?.(view, span))
}

const idOf = (n: number): string => n.toString(16).padStart(16, '0')
const inside = (n: number): Partial<Span> => ({ parentSpanId: idOf(n) })
const agent = (agentName: string, more: Partial<Span> = {}): Partial<Span> => ({
  kind: 'agent',
  name: 'invoke_agent',
  agentName,
  ...more,
})
const llm = (more: Partial<Span> = {}): Partial<Span> => ({ kind: 'llm', name: 'chat', ...more })
const tool = (toolName: string, toolArguments?: string, more: Partial<Span> = {}): Partial<Span> => ({
  kind: 'tool',
  name: 'execute_tool',
  toolName,
  toolArguments,
  ...more,
})
const told = (key: string, value: AttributeValue): Partial<Span> => llm({ attributes: new Map([[key, value]]) })

const SCHEMA = {
  type: 'object',
  properties: { id: { type: 'integer' }, note: { type: 'string', pattern: '^[a-z]+$' } },
  required: ['id'],
  additionalProperties: false,
}
const asOpenAi = { type: 'function', function: { name: 'track', parameters: SCHEMA } }
const definitions = told('gen_ai.tool.definitions', JSON.stringify([asOpenAi]))

describe('calls of tools, by their JSON Schema', () => {
  test('each call is evidence, and says what is wrong in words of the schema', () => {
    const calls = [
      tool('track', '{"id": 7}'),
      tool('track', '{"id": "seven@example.com"}'),
      tool('track', '{"note": "a"}'),
      tool('track', '{"id": 7, "note": "B"}'),
      tool('track', '{"id": 7'),
      tool('trace', '{"id": 7}'),
      tool('track'),
    ]
    const [found] = measured('valid_tool_calls()', [[definitions, ...calls]])
    expect(found).toEqual({
      kind: 'score',
      score: 1 / 6,
      explanation: '1 of 6 calls valid, 1 undecided; track: invalid',
      judgements: [
        { kind: 'call', about: 'track', verdict: 'valid' },
        { kind: 'call', about: 'track', verdict: 'invalid', detail: '/id must be integer' },
        { kind: 'call', about: 'track', verdict: 'invalid', detail: "the arguments must have required property 'id'" },
        { kind: 'call', about: 'track', verdict: 'invalid', detail: '/note must match pattern "^[a-z]+$"' },
        { kind: 'call', about: 'track', verdict: 'invalid', detail: 'the arguments are no JSON' },
        { kind: 'call', about: 'trace', verdict: 'not offered' },
        { kind: 'call', about: 'track', verdict: 'undecided', detail: 'its arguments were not captured' },
      ],
    })
    expect(JSON.stringify(found)).not.toContain('seven@example.com')
  })

  test.each<[string, Partial<Span>]>([
    ['OpenTelemetry, as text', definitions],
    [
      'OpenTelemetry, structured',
      told('gen_ai.tool.definitions', [
        new Map([
          ['name', 'track'],
          ['parameters', toMap(SCHEMA)],
        ]),
      ]),
    ],
    ['OpenInference', told('llm.tools.0.tool.json_schema', JSON.stringify(asOpenAi))],
    ['the AI SDK', told('ai.prompt.tools', [JSON.stringify({ type: 'function', name: 'track', inputSchema: SCHEMA })])],
    [
      'Pydantic AI',
      told(
        'model_request_parameters',
        JSON.stringify({ function_tools: [{ name: 'track', parameters_json_schema: SCHEMA }] }),
      ),
    ],
    ['Anthropic', told('gen_ai.tool.definitions', JSON.stringify([{ name: 'track', input_schema: SCHEMA }]))],
    [
      'OpenLLMetry',
      llm({
        attributes: new Map([
          ['llm.request.functions.0.name', 'track'],
          ['llm.request.functions.0.parameters', JSON.stringify(SCHEMA)],
        ]),
      }),
    ],
  ])('definitions as %s sends them', (_, span) => {
    const [found] = measured('valid_tool_calls()', [[span, tool('track', '{"id": 7}'), tool('track', '{}')]])
    expect(found).toMatchObject({ kind: 'score', score: 0.5 })
  })

  test('of a single call, by what the model was given before it', () => {
    const loose = told('gen_ai.tool.definitions', JSON.stringify([{ name: 'track', parameters: { type: 'object' } }]))
    const spans = [definitions, tool('track', '{}'), loose, tool('track', '{}')]
    expect(measured('valid_tool_calls()', [spans], 'tool_call')).toMatchObject([{ score: 0 }, { score: 1 }])
  })

  test.each([
    [
      'no schema was captured',
      [tool('track', '{}')],
      { code: 'not_captured', field: 'attr("gen_ai.tool.definitions")' },
    ],
    ['no arguments were', [definitions, tool('track')], { code: 'not_captured', field: 'tool_call.arguments.text' }],
    ['no tool was called', [definitions], { code: 'nothing_to_measure', detail: 'no tool was called' }],
  ])('nothing is known where %s', (_, spans, why) => {
    expect(measured('valid_tool_calls()', [spans])).toMatchObject([{ kind: 'none', why }])
  })

  test('of a session, all calls of its traces', () => {
    const traces = [[definitions, tool('track', '{"id": 7}')], [tool('track', '{}')]]
    expect(measured('valid_tool_calls()', traces, 'session')).toMatchObject([{ kind: 'score', score: 0.5 }])
  })
})

function toMap(value: unknown): AttributeValue {
  if (Array.isArray(value)) return value.map(toMap)
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, item]) => [key, toMap(item)]))
  return value as string | boolean
}

describe('handoffs', () => {
  const handed = (verdict: string, about = 'triage > billing') => ({ kind: 'handoff', about, verdict })

  test('go to who acts next, and not back to who called', () => {
    const spans = [
      agent('triage'),
      llm(inside(1)),
      agent('billing', inside(1)),
      llm(inside(3)),
      llm(inside(1)),
      agent('refunds', inside(1)),
    ]
    expect(measured('handoffs(allowed: ["triage > billing"])', [spans])).toEqual([
      {
        kind: 'score',
        score: 0.5,
        explanation: '1 of 2 handoffs sound; triage > refunds: wrong target',
        judgements: [handed('sound'), handed('wrong target', 'triage > refunds')],
      },
    ])
    expect(measured('handoffs(allowed: ["* > refunds", "triage > *"])', [spans])).toMatchObject([{ score: 1 }])
  })

  test('back and forth is sound once', () => {
    const turns = ['triage', 'billing', 'triage', 'billing', 'triage'].flatMap((name, i) => [
      agent(name),
      llm(inside(2 * i + 1)),
    ])
    expect(measured('handoffs()', [turns])).toMatchObject([
      {
        score: 0.5,
        judgements: [
          handed('sound'),
          handed('sound', 'billing > triage'),
          handed('back and forth'),
          handed('back and forth', 'billing > triage'),
        ],
      },
    ])
  })

  const looked = tool('find', '{}', { ...inside(1), toolResult: '{"order": {"order_id": 7, "zone": "EU"}}' })
  test.each<[string, Partial<Span>[], object]>([
    [
      'in the input of the next agent',
      [looked, agent('billing', { inputText: 'Refund order 7 in the EU.' })],
      { score: 1 },
    ],
    [
      'in the input of its first call',
      [looked, agent('billing'), llm({ ...inside(3), inputText: 'order 7, EU' })],
      { score: 1 },
    ],
    [
      'in the arguments of the handoff',
      [
        looked,
        tool('transfer_to_billing', '{"order": 7, "zone": "EU"}', inside(1)),
        agent('billing', { inputText: 'Refund.' }),
      ],
      { score: 1 },
    ],
    [
      'not at all',
      [looked, agent('billing', { inputText: 'Refund order 17.' })],
      { score: 0, judgements: [handed('lost order_id, lost zone')] },
    ],
    ['where nothing was known', [agent('billing', { inputText: 'Refund.' })], { score: 1 }],
    [
      'where nobody knows',
      [looked, agent('billing')],
      { kind: 'none', why: { code: 'not_captured', field: 'agent_run.input.text' }, judgements: [handed('undecided')] },
    ],
  ])('a value that was known has to arrive: %s', (_, spans, expected) => {
    const found = measured('handoffs(fields: ["order_id", "zone"])', [[agent('triage'), ...spans]])
    expect(found).toMatchObject([expected])
  })

  test('one agent has none', () => {
    expect(measured('handoffs()', [[agent('triage'), llm(inside(1))]])).toEqual([
      { kind: 'none', why: { code: 'nothing_to_measure', detail: 'no agent handed over to another' } },
    ])
  })

  test('a pair that names no two agents is refused', () => {
    expect(() => compiled('handoffs(allowed: ["billing"])', 'trace')).toThrow('pairs of agents')
  })
})

describe('tries of a task', () => {
  const tried = (task: string, status: 'ok' | 'error'): Partial<Span>[] => [
    agent('support', { status, attributes: new Map([['acme.task', task]]) }),
  ]

  test('pass^k and pass@k of the tries of a session', () => {
    const traces = [tried('a', 'ok'), tried('a', 'error'), tried('a', 'ok'), tried('a', 'ok')]
    expect(measured('pass_hat_k(success: status != "error", k: 2)', traces, 'session')).toEqual([
      {
        kind: 'score',
        score: 0.5,
        explanation: 'of one task',
        judgements: [{ kind: 'task', about: '', verdict: '3 of 4 tries succeeded' }],
      },
    ])
    expect(measured('pass_hat_k(success: status != "error", k: 2, take: "any")', traces, 'session')).toMatchObject([
      { score: 1 },
    ])
  })

  test('the mean over the tasks that were tried often enough', () => {
    const traces = [tried('a', 'ok'), tried('b', 'error'), tried('a', 'ok'), tried('b', 'ok'), tried('c', 'ok')]
    const metric = 'pass_hat_k(success: status != "error", k: 2, task: attr("acme.task", string))'
    expect(measured(metric, traces, 'session')).toMatchObject([
      { score: 0.5, explanation: 'the mean of 2 tasks', judgements: [{ about: 'a' }, { about: 'b' }, { about: 'c' }] },
    ])
  })

  test('a try of which the end is not known leaves it open, and so do too few', () => {
    const traces = [tried('a', 'ok'), [agent('support')]]
    expect(measured('pass_hat_k(success: output.text == "yes", k: 1)', traces, 'session')).toMatchObject([
      { kind: 'none', why: { code: 'not_captured', field: 'output.text' } },
    ])
    expect(measured('pass_hat_k(success: status != "error", k: 3)', traces, 'session')).toMatchObject([
      { kind: 'none', why: { code: 'nothing_to_measure', detail: 'no task was tried 3 times' } },
    ])
  })
})

describe('sessions, by their traces', () => {
  const turn = (outputText: string, ...texts: string[]): Partial<Span>[] => [
    agent('support', { inputText: 'opening hours', outputText }),
    ...(texts.length === 0
      ? []
      : [
          {
            kind: 'retriever' as const,
            name: 'search',
            retrievalQuery: 'opening hours',
            documents: texts.map((text) => ({ id: undefined, text, score: undefined })),
          },
        ]),
  ]
  const metric = 'k_precision(answer: output.text, context: retrieval.documents)'

  test('the mean over those that say something, each kept', () => {
    const traces = [turn('Open at nine', 'open at nine'), turn('Thank you'), turn('Closed today', 'closed on Sundays')]
    expect(measured(metric, traces, 'session')).toEqual([
      {
        kind: 'score',
        score: 0.75,
        explanation: 'the mean of 2 of 3 traces',
        judgements: [
          { kind: 'trace', about: traceId(1), verdict: 'scored', value: 1 },
          { kind: 'trace', about: traceId(2), verdict: 'not scored', detail: 'retrieval.documents is missing' },
          { kind: 'trace', about: traceId(3), verdict: 'scored', value: 0.5 },
        ],
      },
    ])
    expect(measured(metric, [turn('Hello')], 'session')).toMatchObject([
      { kind: 'none', why: { code: 'not_captured', field: 'retrieval.documents' } },
    ])
  })

  test('a single retrieval, with the answer of its trace', () => {
    const spans = [...turn('Open at nine', 'open at nine'), ...turn('', 'closed').slice(1)]
    const of = 'k_precision(answer: trace.output.text, context: documents)'
    expect(measured(of, [spans], 'retrieval')).toMatchObject([{ score: 1 }, { score: 0 }])
  })

  test('the proxy of such a metric is measured of each trace too', () => {
    const found = compiled(
      'answer_relevance(question: input.text, answer: output.text)\n  proxy: k_precision(answer: output.text, context: retrieval.documents)',
      'session',
    )
    const view = viewSession('default', traceId(1), spansOf([turn('One.', 'one'), turn('Two.', 'other')]))
    expect(found.proxy?.(view, undefined)).toMatchObject({
      score: 0.5,
      judgements: [
        { kind: 'trace', about: traceId(1), value: 1 },
        { kind: 'trace', about: traceId(2), value: 0 },
      ],
    })
  })

  test('a judge is asked of each trace; its failure is that of the session', async () => {
    const found = compiled('faithfulness(answer: output.text, context: retrieval.documents)', 'session')
    const view = viewSession('default', traceId(1), spansOf([turn('One.', 'one'), turn('Hello'), turn('Two.', 'two')]))
    const inquiry = found.inquire?.(view, undefined)
    if (inquiry?.kind !== 'ask') throw new Error('it can be asked')
    let asked = 0
    const answers = (failing: number) => ({
      nonce: () => 'n'.repeat(16),
      ask: async (question: { schemaName: string; read: (text: string) => { kind: string } }) => {
        if (++asked === failing) return { kind: 'none', why: { code: 'judge_malformed', detail: 'no JSON' } } as never
        const isClaims = question.schemaName === 'claims'
        const verdict = asked <= 2 ? 'supported' : 'unsupported'
        return question.read(
          JSON.stringify(isClaims ? { claims: ['A.'] } : { verdicts: [{ claim: 1, quote: '', verdict }] }),
        ) as never
      },
    })
    expect(await inquiry.about(answers(0))).toEqual({
      kind: 'score',
      score: 0.5,
      explanation: 'the mean of 2 of 3 traces',
      judgements: [
        { kind: 'trace', about: traceId(1), verdict: 'scored', value: 1 },
        { kind: 'claim', about: 'A.', verdict: 'supported' },
        { kind: 'trace', about: traceId(2), verdict: 'not scored', detail: 'retrieval.documents is missing' },
        { kind: 'trace', about: traceId(3), verdict: 'scored', value: 0 },
        { kind: 'claim', about: 'A.', verdict: 'unsupported' },
      ],
    })
    asked = 0
    expect(await inquiry.about(answers(3))).toMatchObject({ kind: 'none', why: { code: 'judge_malformed' } })
  })
})
