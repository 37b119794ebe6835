/** Every metric of the language on every subject that it takes, from `.eval` text to a score: with a scripted judge where it asks one, and by a proxy instead of it. */
import { describe, expect, test } from 'vitest'
import { METRICS } from '../../dsl/metrics.ts'
import type { OfflineEvalPlan, Subject } from '../../dsl/plan.ts'
import { compileText } from '../../dsl/testing.ts'
import type { Asker } from '../judge/asker.ts'
import { makeSpan } from '../model/make-span.ts'
import type { Judgement } from '../model/result.ts'
import type { Span } from '../model/span.ts'
import { compileOfflineEval, type OfflineEval } from './offline-eval.ts'
import { viewSession } from './session-view.ts'
import { viewTrace } from './trace-view.ts'

const idOf = (n: number, digits: number): string => n.toString(16).padStart(digits, '0')
const REFERENCE = new Map([['acme.reference', 'Refunds take five days']])
const definition = JSON.stringify([{ name: 'track', parameters: { type: 'object', required: ['id'] } }])

/** A trace of an agent that searches, calls a tool that fails at first, and hands over to another agent. */
function spansOf(trace: number): Span[] {
  const all: Partial<Span>[] = [
    {
      kind: 'agent',
      name: 'triage',
      agentName: 'triage',
      inputText: 'How long do refunds take?',
      outputText: 'Refunds take five days [1].',
      attributes: REFERENCE,
    },
    {
      kind: 'retriever',
      name: 'search',
      retrievalQuery: 'refunds',
      documents: [
        { id: 'kb-1', text: 'Refunds take five days.', score: undefined },
        { id: 'kb-2', text: 'We are in Leeds.', score: undefined },
      ],
    },
    {
      kind: 'llm',
      name: 'chat',
      outputText: 'Refunds.',
      attributes: new Map([['gen_ai.tool.definitions', definition]]),
    },
    { kind: 'tool', name: 'track', toolName: 'track', toolArguments: '{"id":1}', status: 'error' },
    { kind: 'tool', name: 'track', toolName: 'track', toolArguments: '{"id":2}' },
    { kind: 'guardrail', name: 'guard' },
    { kind: 'embedding', name: 'embed' },
    { kind: 'agent', name: 'billing', agentName: 'billing' },
  ]
  return all.map((span, i) =>
    makeSpan({
      traceId: idOf(trace, 32),
      spanId: idOf(100 * trace + i, 16),
      ...(i > 0 && { parentSpanId: idOf(100 * trace, 16) }),
      startTimeUs: 60_000_000 * trace + 1_000 * i,
      sessionId: 'one',
      ...span,
    }),
  )
}

/** As a user writes them: of a trace and a session by their fields, of a span by its own and its trace's. */
function argsOf(name: string, subject: Subject): string {
  const trace = subject === 'trace' || subject === 'session' ? '' : 'trace.'
  const reference = trace === '' ? 'attr("acme.reference", string)' : '"Refunds take five days"'
  const documents = subject === 'retrieval' ? 'documents' : 'retrieval.documents'
  const answer = `answer: ${trace}output.text`
  const query = subject === 'retrieval' ? 'query.text' : 'input.text'
  switch (name) {
    case 'faithfulness':
    case 'citation_quality':
    case 'k_precision':
      return `${answer}, context: ${documents}`
    case 'context_recall':
      return `reference: ${reference}, context: ${documents}`
    case 'answer_relevance':
      return `question: ${trace}input.text, ${answer}`
    case 'context_relevance':
    case 'bm25':
      return `query: ${query}, documents: ${documents}`
    case 'token_f1':
    case 'rouge_l':
      return `${answer}, reference: ${reference}`
    case 'trajectory_match':
      return 'expected: ["track"]'
    case 'step_efficiency':
      return 'reference: 1'
    case 'pass_hat_k':
      return 'success: status != "error", k: 1'
    default:
      return ''
  }
}

/** Words of the query or the answer among the documents, whatever the judge was to say. */
const proxyOf = (name: string, subject: Subject): string => {
  const args = argsOf(name === 'context_relevance' ? name : 'k_precision', subject)
  if (name === 'answer_relevance') return `token_f1(${argsOf('token_f1', subject)})`
  return `k_precision(${args.replace('query:', 'answer:').replace('documents:', 'context:')})`
}

function compiled(name: string, subject: Subject, proxy = ''): OfflineEval {
  const text = `package p
offline eval m {
  every:   hour in "UTC"
  sample:  all of ${subject} over 1h
  metric:  ${name}(${argsOf(name, subject)})
${proxy === '' ? '' : `  proxy:   ${proxy}\n`}  pass:    score >= ${findResult(name) === 'ratio' ? '1%' : '1'}
  missing: unknown
}
`
  const { plan, diagnostics } = compileText(text)
  if (plan === null) throw new Error(`${text}${JSON.stringify(diagnostics)}`)
  return compileOfflineEval(plan, plan.evals[0] as OfflineEvalPlan)
}

const findResult = (name: string) => METRICS.find((metric) => metric.name === name)?.result

/** One subject of the kind, and the trace, or session of two, that it is of. */
function oneOf(found: OfflineEval, subject: Subject) {
  const view =
    subject === 'session'
      ? viewSession('default', idOf(1, 32), [...spansOf(1), ...spansOf(2)])
      : viewTrace('default', idOf(1, 32), spansOf(1))
  const all = found.subjects(view)
  expect(all.length, `a ${subject}`).toBeGreaterThan(0)
  return { view, span: all[0] }
}

const ANSWERS: Readonly<Record<string, object>> = {
  claims: { claims: ['Refunds take five days.', 'We are kind.'] },
  verdicts: {
    verdicts: [
      { claim: 1, quote: 'Refunds take five days.', verdict: 'supported' },
      { claim: 2, quote: '', verdict: 'unsupported' },
    ],
  },
  grades: {
    grades: [
      { document: 1, reason: 'It says when.', grade: 3 },
      { document: 2, reason: '', grade: 0 },
    ],
  },
  citations: {
    statements: [
      {
        text: 'Refunds take five days.',
        citations: [{ document: 1, supports_alone: true, others_suffice: false }],
        supported: true,
      },
    ],
  },
  judgement: { evidence: ['five days'], reasoning: 'It answers.', abstain: false, score: 3 },
}

function scriptedJudge(): Asker & { calls: number } {
  const asker = {
    calls: 0,
    nonce: () => 'n'.repeat(16),
    async ask<T>(question: { schemaName: string; read: (text: string) => { kind: string } }) {
      asker.calls++
      const reading = question.read(JSON.stringify(ANSWERS[question.schemaName]))
      if (reading.kind !== 'answer') throw new Error(`${question.schemaName}: ${JSON.stringify(reading)}`)
      return reading as { kind: 'answer'; answer: T }
    },
  }
  return asker
}

/** Of a trace with a judge: its score, and what of it is kept. */
const JUDGED: Readonly<Record<string, { score: number; kinds: Judgement['kind'][] }>> = {
  faithfulness: { score: 0.5, kinds: ['claim', 'claim'] },
  answer_relevance: { score: 0.75, kinds: ['quote'] },
  context_relevance: { score: 0.5, kinds: ['document', 'document'] },
  context_recall: { score: 0.5, kinds: ['claim', 'claim'] },
  citation_quality: { score: 1, kinds: ['statement', 'citation'] },
}

/** Without one. */
const MEASURED: Readonly<Record<string, Partial<Record<Subject, number>>>> = {
  k_precision: { trace: 0.8, session: 0.8, retrieval: 0.8 },
  token_f1: { trace: 8 / 9 },
  rouge_l: { trace: 8 / 9 },
  loops: { trace: 1, session: 2 },
  trajectory_match: { trace: 2 / 3 },
  step_efficiency: { trace: 0.5, session: 0.25 },
  error_recovery: { trace: 1, session: 1 },
  valid_tool_calls: { trace: 1, session: 1, tool_call: 1 },
  handoffs: { trace: 1 },
  pass_hat_k: { session: 1 },
}

const cases = METRICS.flatMap(({ name, subjects, judgeCalls }) =>
  subjects.map((subject) => [name, subject, judgeCalls] as const),
)

describe('with a judge', () => {
  test.each(cases.filter(([, , calls]) => calls > 0))('%s of a %s', async (name, subject, calls) => {
    const found = compiled(name, subject)
    const { view, span } = oneOf(found, subject)
    expect(found.measure).toBeNull()
    const inquiry = found.inquire?.(view, span)
    if (inquiry?.kind !== 'ask') throw new Error(JSON.stringify(inquiry))
    const asker = scriptedJudge()
    const scored = await inquiry.about(asker)
    const expected = JUDGED[name]
    if (expected === undefined) throw new Error(`${name} is tested by nothing`)
    expect(scored).toMatchObject({ kind: 'score', score: expected.score })
    const traces = subject === 'session' ? 2 : 1
    expect(asker.calls).toBe(calls * traces)
    const kept = Array.from({ length: traces }, () => [
      ...(subject === 'session' ? (['trace'] as const) : []),
      ...expected.kinds,
    ]).flat()
    expect(scored.judgements.map(({ kind }) => kind)).toEqual(kept)
  })

  test.each(cases.filter(([, , calls]) => calls > 0))('%s of a %s, by its proxy', (name, subject) => {
    const found = compiled(name, subject, proxyOf(name, subject))
    const { view, span } = oneOf(found, subject)
    const measured = found.proxy?.(view, span)
    expect(measured).toMatchObject({ kind: 'score' })
    if (measured?.kind !== 'score') return
    expect(measured.score).toBeGreaterThan(0)
    expect(measured.score).toBeLessThanOrEqual(1)
  })
})

describe('without a judge', () => {
  test.each(cases.filter(([, , calls]) => calls === 0))('%s of a %s', (name, subject) => {
    const found = compiled(name, subject)
    const { view, span } = oneOf(found, subject)
    expect(found.inquire).toBeNull()
    const measured = found.measure?.(view, span)
    if (measured?.kind !== 'score') throw new Error(JSON.stringify(measured))
    const expected = MEASURED[name]?.[subject]
    if (expected !== undefined) expect(measured.score).toBeCloseTo(expected, 12)
    else expect(measured.score).toBeGreaterThan(0)
  })
})
