/**
 * The metrics of `metric:`: the one place from which the checker and the reference page take them. How each is measured is in its
 * documentation; `version` is raised when that changes, and starts a new series.
 */
import type { OfflineMethod, Subject } from './plan.ts'
import { SPAN_SUBJECTS } from './schema.ts'

export type MetricParamKind =
  /** A text of the subject: a field, or an expression that gives one. */
  | { kind: 'text' }
  /** `documents` of a retrieval, `retrieval.documents` of a trace. */
  | { kind: 'documents' }
  | { kind: 'int'; low: number; high: number }
  /** `"search", "answer"` in square brackets; of pairs each is such as `"triage > billing"`. */
  | { kind: 'texts'; pairs?: true }
  /** What is true or not of a trace. */
  | { kind: 'condition' }
  | { kind: 'word'; words: readonly string[] }

export interface MetricParam {
  readonly name: string
  readonly type: MetricParamKind
  /** Null: it has to be given. A text or texts that are left out are empty. */
  readonly fallback: number | string | readonly [] | null
  readonly doc: string
}

export interface MetricSchema {
  readonly name: string
  readonly version: number
  readonly subjects: readonly Subject[]
  readonly params: readonly MetricParam[]
  /** A ratio is 0 to 1, and its threshold a percentage. */
  readonly result: 'ratio' | 'number'
  /** Calls of a judge for each subject; 0: it is worked out without one. */
  readonly judgeCalls: number
  /** Of a session it is the mean over its traces, and the arguments name their fields. */
  readonly meanOverTraces: boolean
  readonly doc: string
}

const ANY: readonly Subject[] = ['trace', 'session', ...SPAN_SUBJECTS]
const WITH_ANSWER: readonly Subject[] = ['trace', 'session', 'agent_run', 'llm_call', 'guardrail', 'span']
const WITH_DOCUMENTS: readonly Subject[] = ['trace', 'session', 'retrieval']
const RUNS: readonly Subject[] = ['trace', 'session']

function text(name: string, doc: string): MetricParam {
  return { name, type: { kind: 'text' }, fallback: null, doc }
}
function documents(name: string, doc: string): MetricParam {
  return { name, type: { kind: 'documents' }, fallback: null, doc }
}
function int(name: string, low: number, high: number, fallback: number | null, doc: string): MetricParam {
  return { name, type: { kind: 'int', low, high }, fallback, doc }
}
function word(name: string, words: readonly string[], doc: string): MetricParam {
  return { name, type: { kind: 'word', words }, fallback: words[0] ?? null, doc }
}

const ANSWER = text('answer', 'What was answered.')
const QUESTION = text('question', 'What was asked.')
const CONTEXT = documents('context', 'What the answer should rest on.')
const REFERENCE = text('reference', 'What a right answer says.')

export const METRICS: readonly MetricSchema[] = [
  {
    name: 'faithfulness',
    version: 1,
    subjects: WITH_DOCUMENTS,
    params: [ANSWER, CONTEXT],
    result: 'ratio',
    judgeCalls: 2,
    meanOverTraces: true,
    doc: 'The share of the claims in the answer that the context supports, of those that could be decided.',
  },
  {
    name: 'answer_relevance',
    version: 1,
    subjects: WITH_ANSWER,
    params: [QUESTION, ANSWER],
    result: 'ratio',
    judgeCalls: 1,
    meanOverTraces: true,
    doc: 'How far the answer answers the question, whether it is right or not.',
  },
  {
    name: 'context_relevance',
    version: 1,
    subjects: WITH_DOCUMENTS,
    params: [
      text('query', 'What was searched for.'),
      documents('documents', 'What was found, in order.'),
      int('k', 1, 100, 5, 'How many of the documents count.'),
      word('take', ['precision', 'average_precision', 'reciprocal_rank', 'ndcg'], 'Which number is the score.'),
    ],
    result: 'ratio',
    judgeCalls: 1,
    meanOverTraces: true,
    doc: 'Whether what was found serves the query: each document is graded 0 to 3, and 2 is relevant.',
  },
  {
    name: 'context_recall',
    version: 1,
    subjects: WITH_DOCUMENTS,
    params: [REFERENCE, CONTEXT],
    result: 'ratio',
    judgeCalls: 2,
    meanOverTraces: true,
    doc: 'The share of the claims of the reference that can be found in the context.',
  },
  {
    name: 'citation_quality',
    version: 1,
    subjects: WITH_DOCUMENTS,
    params: [ANSWER, CONTEXT, word('take', ['f1', 'precision', 'recall'], 'Which number is the score.')],
    result: 'ratio',
    judgeCalls: 1,
    meanOverTraces: true,
    doc: 'Whether what the answer cites supports what it says (precision), and what it says is cited (recall).',
  },
  {
    name: 'k_precision',
    version: 1,
    subjects: WITH_DOCUMENTS,
    params: [ANSWER, CONTEXT],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: true,
    doc: "The share of the answer's words that stand in the context. A proxy for faithfulness, without a judge.",
  },
  {
    name: 'bm25',
    version: 1,
    subjects: WITH_DOCUMENTS,
    params: [text('query', 'What was searched for.'), documents('documents', 'What was found.')],
    result: 'number',
    judgeCalls: 0,
    meanOverTraces: true,
    doc: 'The best BM25 score of a document for the query (k1 1.2, b 0.75). A proxy for relevance, without a judge.',
  },
  {
    name: 'token_f1',
    version: 1,
    subjects: ANY,
    params: [ANSWER, REFERENCE],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: true,
    doc: 'Words that the answer and the reference share, as F1. A proxy for being right, without a judge.',
  },
  {
    name: 'rouge_l',
    version: 1,
    subjects: ANY,
    params: [ANSWER, REFERENCE],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: true,
    doc: 'The longest sequence of words that the answer and the reference share, as F1. A proxy, without a judge.',
  },
  {
    name: 'loops',
    version: 1,
    subjects: RUNS,
    params: [int('max_period', 1, 20, 5, 'The longest sequence of calls that counts as one turn of a loop.')],
    result: 'number',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'How often the most repeated sequence of tool calls with the same arguments follows itself; 1 without a loop.',
  },
  {
    name: 'trajectory_match',
    version: 1,
    subjects: RUNS,
    params: [
      {
        name: 'expected',
        type: { kind: 'texts' },
        fallback: null,
        doc: 'The tools, in the order in which they should be called.',
      },
      word('take', ['f1', 'exact', 'precision', 'recall', 'order', 'edit_similarity'], 'Which number is the score.'),
    ],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'How far the tools that were called are those expected; `order` counts the longest part in the right order.',
  },
  {
    name: 'step_efficiency',
    version: 1,
    subjects: RUNS,
    params: [int('reference', 1, 1000, null, 'The calls of tools that the task needs.')],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'The calls that the task needs by those made, 100% at the most; 0% for a trace that ended in an error.',
  },
  {
    name: 'error_recovery',
    version: 1,
    subjects: RUNS,
    params: [],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'The share of the tools that failed and later in the trace worked. A trace without failures has none.',
  },
  {
    name: 'valid_tool_calls',
    version: 1,
    subjects: ['trace', 'session', 'tool_call'],
    params: [],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'The share of the calls of tools whose arguments are what the JSON Schema of the tool asks for, as the model was given it. A tool that no model was given is none.',
  },
  {
    name: 'handoffs',
    version: 1,
    subjects: RUNS,
    params: [
      {
        name: 'allowed',
        type: { kind: 'texts', pairs: true },
        fallback: [],
        doc: 'Who may hand over to whom, such as `"triage > billing"`; `*` is any agent. Left out: anyone to anyone.',
      },
      {
        name: 'fields',
        type: { kind: 'texts' },
        fallback: [],
        doc: 'Keys of the arguments and results of tools, such as `"order_id"`: a value that was known must reach the next agent.',
      },
    ],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'The share of the handoffs between agents that went to the right one, lost no field, and did not go back and forth a second time.',
  },
  {
    name: 'pass_hat_k',
    version: 1,
    subjects: ['session'],
    params: [
      {
        name: 'success',
        type: { kind: 'condition' },
        fallback: null,
        doc: 'What is true of a trace that did its task.',
      },
      int('k', 1, 100, null, 'How many tries.'),
      {
        name: 'task',
        type: { kind: 'text' },
        fallback: '',
        doc: 'Which task a trace tries. Left out: all of the session try one.',
      },
      word('take', ['all', 'any'], '`all`: that k tries all succeed (pass^k); `any`: that one of k does (pass@k).'),
    ],
    result: 'ratio',
    judgeCalls: 0,
    meanOverTraces: false,
    doc: 'The chance that k tries of a task all succeed, by the traces of a session, each a try; the mean over its tasks that were tried k times at least.',
  },
]

export function findMetric(name: string): MetricSchema | undefined {
  return METRICS.find((metric) => metric.name === name)
}

export function asksJudge(method: OfflineMethod): boolean {
  return method.kind === 'rubric' || findMetric(method.metric.name)?.judgeCalls !== 0
}

/** `faithfulness(answer: …, context: …)`. */
export function metricUsage({ name, params }: MetricSchema): string {
  const required = params.filter((param) => param.fallback === null)
  return `${name}(${required.map((param) => `${param.name}: ${exampleOf(param)}`).join(', ')})`
}

/** A value that it takes. */
export function exampleOf({ name, type }: MetricParam): string {
  switch (type.kind) {
    case 'text':
      return (
        { answer: 'output.text', question: 'input.text', query: 'query.text' }[name] ?? 'attr("acme.answer", string)'
      )
    case 'documents':
      return 'retrieval.documents'
    case 'int':
      return String(type.low)
    case 'texts':
      return type.pairs === true ? '["triage > billing"]' : '["search", "answer"]'
    case 'condition':
      return 'status != "error"'
    case 'word':
      return `"${type.words[0]}"`
  }
}
