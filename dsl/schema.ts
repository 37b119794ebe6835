/**
 * Subjects and fields of the language: the one place from which the checker, the reference page and the normalisers' tests
 * take them. A field that is not optional is there on every subject named; an optional one says why it may be missing.
 */
import type { Subject, ValueType } from './plan.ts'

export type SpanSubject = Exclude<Subject, 'trace' | 'session'>

export interface FieldSchema {
  readonly path: string
  readonly subjects: readonly Subject[]
  readonly type: ValueType
  /** Why it may be missing; null: it is always there. */
  readonly optional: string | null
  /** A text of the conversation: rules may match and redact it. */
  readonly text: boolean
  /** A rule that reads it of the trace can be decided on a single span: the span and its resource carry it. */
  readonly resolvesOnSpan: boolean
  /** Of few values: alerts and scorecards may be divided by it. */
  readonly groups: boolean
  /** The attributes that the normalisers read, by convention, in the order in which they are tried. */
  readonly attributes: { readonly otel?: readonly string[]; readonly openinference?: readonly string[] }
  readonly doc: string
  /** Raised when its meaning changes: part of the measure hash of what reads it. */
  readonly revision: number
}

export interface SubjectSchema {
  readonly name: Subject
  readonly doc: string
  /** The kind of span in stored data; null for what is no span. */
  readonly spanKind: string | null
}

export const SUBJECTS: readonly SubjectSchema[] = [
  { name: 'trace', spanKind: null, doc: 'One run of an agent, from request to answer: all spans of a trace.' },
  { name: 'session', spanKind: null, doc: 'The traces of one conversation. Judged offline only.' },
  { name: 'agent_run', spanKind: 'agent', doc: 'A run of an agent or sub-agent.' },
  { name: 'llm_call', spanKind: 'llm', doc: 'One call of a model.' },
  { name: 'tool_call', spanKind: 'tool', doc: 'One run of a tool.' },
  { name: 'retrieval', spanKind: 'retriever', doc: 'One search for documents.' },
  { name: 'embedding', spanKind: 'embedding', doc: 'One call of an embedding model.' },
  { name: 'guardrail', spanKind: 'guardrail', doc: 'One check of a guardrail.' },
  { name: 'span', spanKind: null, doc: 'Any span.' },
]

export const SPAN_SUBJECTS: readonly SpanSubject[] = SUBJECTS.map((subject) => subject.name).filter(
  (name): name is SpanSubject => name !== 'trace' && name !== 'session',
)

const SPANS: readonly Subject[] = SPAN_SUBJECTS
const ALL: readonly Subject[] = ['trace', ...SPAN_SUBJECTS]
/** What a session has too: of its traces, all of which are in one session. */
const EVERYTHING: readonly Subject[] = ['session', ...ALL]
const STRING: ValueType = { kind: 'string' }
const TOKENS: ValueType = { kind: 'tokens' }
const CAPTURE = 'content capture is opt-in'
const USAGE = 'not every client reports usage'

interface Shape {
  optional?: string
  text?: boolean
  resolvesOnSpan?: boolean
  groups?: boolean
  otel?: string[]
  openinference?: string[]
}

function field(
  path: string,
  subjects: readonly Subject[],
  type: ValueType,
  doc: string,
  shape: Shape = {},
): FieldSchema {
  const { otel, openinference } = shape
  return {
    path,
    subjects,
    type,
    optional: shape.optional ?? null,
    text: shape.text ?? false,
    resolvesOnSpan: shape.resolvesOnSpan ?? false,
    groups: shape.groups ?? type.kind === 'enum',
    attributes: { ...(otel && { otel }), ...(openinference && { openinference }) },
    doc,
    revision: 1,
  }
}

export const FIELDS: readonly FieldSchema[] = [
  field(
    'duration',
    EVERYTHING,
    { kind: 'duration' },
    'End minus start; of a trace or session, from its earliest start to its latest end.',
  ),
  field('start', EVERYTHING, { kind: 'time' }, 'When it started.'),
  field(
    'status',
    ALL,
    { kind: 'enum', values: ['unset', 'ok', 'error'] },
    "OpenTelemetry's status; of a trace, its root's.",
  ),
  field('name', ALL, STRING, "The span's name; of a tool call, the tool's; of a trace, its root's.", {
    groups: true,
    otel: ['gen_ai.tool.name'],
    openinference: ['tool.name'],
  }),
  field(
    'kind',
    SPANS,
    { kind: 'enum', values: ['agent', 'llm', 'tool', 'retriever', 'embedding', 'guardrail', 'chain', 'other'] },
    'What kind of span it is.',
    { otel: ['gen_ai.operation.name'], openinference: ['openinference.span.kind'] },
  ),
  field('error', ALL, STRING, 'The message of the recorded exception or of the error status.', {
    optional: 'only a failure has one',
    otel: ['exception.message', 'exception.type'],
  }),
  field('agent.name', EVERYTHING, STRING, "The agent's name.", {
    groups: true,
    optional: 'not every client names its agent',
    resolvesOnSpan: true,
    otel: ['gen_ai.agent.name', 'service.name'],
    openinference: ['agent.name'],
  }),
  field('agent.version', EVERYTHING, STRING, "The agent's version.", {
    groups: true,
    optional: 'not every client sends a version',
    resolvesOnSpan: true,
    otel: ['gen_ai.agent.version', 'service.version'],
  }),
  field('env', EVERYTHING, STRING, 'The environment, such as `prod`.', {
    groups: true,
    optional: 'not every client names its environment',
    resolvesOnSpan: true,
    otel: ['deployment.environment.name', 'deployment.environment'],
  }),
  field('session.id', EVERYTHING, STRING, 'The conversation that it belongs to.', {
    optional: 'not every client has sessions',
    resolvesOnSpan: true,
    otel: ['gen_ai.conversation.id', 'session.id'],
    openinference: ['session.id'],
  }),
  field('user.id', EVERYTHING, STRING, 'The user on whose behalf it ran.', {
    optional: 'not every client names its user',
    resolvesOnSpan: true,
    otel: ['enduser.id', 'user.id'],
    openinference: ['user.id'],
  }),
  field(
    'input.text',
    ['trace', 'agent_run', 'llm_call', 'guardrail', 'span'],
    STRING,
    "The last user message's text.",
    {
      optional: CAPTURE,
      text: true,
      otel: ['gen_ai.input.messages'],
      openinference: ['llm.input_messages', 'input.value'],
    },
  ),
  field('output.text', ['trace', 'agent_run', 'llm_call', 'guardrail', 'span'], STRING, "The answer's text.", {
    optional: CAPTURE,
    text: true,
    otel: ['gen_ai.output.messages'],
    openinference: ['llm.output_messages', 'output.value'],
  }),
  field(
    'model',
    ['agent_run', 'llm_call', 'embedding', 'span'],
    STRING,
    'The model asked for; where the client does not say, the one that answered.',
    {
      groups: true,
      optional: 'not every client names the model',
      otel: ['gen_ai.request.model', 'gen_ai.response.model'],
      openinference: ['llm.model_name', 'embedding.model_name'],
    },
  ),
  field('provider', ['agent_run', 'llm_call', 'embedding', 'span'], STRING, "The model's provider.", {
    groups: true,
    optional: 'not every client names the provider',
    otel: ['gen_ai.provider.name', 'gen_ai.system'],
    openinference: ['llm.provider', 'llm.system'],
  }),
  field('tokens.input', ['llm_call'], TOKENS, 'Tokens of the prompt.', {
    optional: USAGE,
    otel: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
    openinference: ['llm.token_count.prompt'],
  }),
  field('tokens.output', ['llm_call'], TOKENS, 'Tokens of the answer.', {
    optional: USAGE,
    otel: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    openinference: ['llm.token_count.completion'],
  }),
  field('tokens.total', ['llm_call'], TOKENS, 'Tokens of prompt and answer.', {
    optional: USAGE,
    otel: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens'],
    openinference: ['llm.token_count.total'],
  }),
  field('tokens.cached_input', ['llm_call'], TOKENS, "Tokens of the prompt that came from the provider's cache.", {
    optional: USAGE,
    otel: [
      'gen_ai.usage.cache_read.input_tokens',
      'gen_ai.usage.cache_read_input_tokens',
      'gen_ai.usage.cached_input_tokens',
      'gen_ai.usage.input_tokens.cached',
    ],
    openinference: ['llm.token_count.prompt_details.cache_read'],
  }),
  field('tokens.reasoning', ['llm_call'], TOKENS, 'Tokens spent on reasoning.', {
    optional: USAGE,
    otel: [
      'gen_ai.usage.reasoning.output_tokens',
      'gen_ai.usage.reasoning_tokens',
      'gen_ai.usage.output_tokens.reasoning',
      'gen_ai.usage.details.reasoning_tokens',
    ],
    openinference: ['llm.token_count.completion_details.reasoning'],
  }),
  field(
    'cost',
    ['llm_call'],
    { kind: 'money', currency: 'USD' },
    'What the call cost, as sent. There is no price table yet.',
    {
      optional: 'few clients send it',
      otel: ['gen_ai.usage.cost'],
      openinference: ['llm.cost.total'],
    },
  ),
  field('time_to_first_token', ['llm_call'], { kind: 'duration' }, 'From the request to the first token of a stream.', {
    optional: 'only streams have one, and few clients send it',
    otel: ['gen_ai.response.time_to_first_chunk', 'gen_ai.client.operation.time_to_first_chunk'],
  }),
  field(
    'finish_reason',
    ['llm_call'],
    STRING,
    'Why the model stopped, by one name whatever the provider says: `stop`, `length`, `tool_call`, `content_filter`, `error`; another reason stays as sent.',
    {
      groups: true,
      optional: 'not every client sends it',
      otel: ['gen_ai.response.finish_reasons'],
      openinference: ['llm.finish_reason'],
    },
  ),
  field('arguments.text', ['tool_call', 'span'], STRING, "The tool's arguments, as JSON.", {
    optional: CAPTURE,
    text: true,
    otel: ['gen_ai.tool.call.arguments'],
    openinference: ['input.value'],
  }),
  field('result.text', ['tool_call', 'span'], STRING, "The tool's result.", {
    optional: CAPTURE,
    text: true,
    otel: ['gen_ai.tool.call.result'],
    openinference: ['output.value'],
  }),
  field('call_id', ['tool_call', 'span'], STRING, 'The id by which the model asked for the call.', {
    optional: 'not every client sends it',
    otel: ['gen_ai.tool.call.id'],
    openinference: ['tool_call.id', 'tool.id'],
  }),
  field('query.text', ['retrieval', 'span'], STRING, 'What was searched for.', {
    optional: CAPTURE,
    text: true,
    otel: ['gen_ai.retrieval.query.text'],
    openinference: ['input.value'],
  }),
  field(
    'documents',
    ['retrieval'],
    { kind: 'documents' },
    'What was found, in order: each with `id`, `text` and `score`.',
    {
      optional: CAPTURE,
      otel: ['gen_ai.retrieval.documents'],
      openinference: ['retrieval.documents'],
    },
  ),
  field(
    'documents.text',
    ['retrieval'],
    STRING,
    'The texts of what was found, with an empty line between two; missing where documents came without any text.',
    {
      optional: CAPTURE,
      otel: ['gen_ai.retrieval.documents'],
      openinference: ['retrieval.documents'],
    },
  ),
]

const BY_PATH = new Map(FIELDS.map((entry) => [entry.path, entry]))
const SUBJECT_NAMES = new Set<string>(SUBJECTS.map((subject) => subject.name))

export function isSubject(name: string): name is Subject {
  return SUBJECT_NAMES.has(name)
}

export function isSpanSubject(name: string): name is SpanSubject {
  return isSubject(name) && name !== 'trace' && name !== 'session'
}

/** The field of that path on any subject. */
export function findField(path: string): FieldSchema | undefined {
  return BY_PATH.get(path)
}

export function fieldOf(subject: Subject, path: string): FieldSchema | undefined {
  const found = BY_PATH.get(path)
  return found?.subjects.includes(subject) ? found : undefined
}

export function fieldsOf(subject: Subject): FieldSchema[] {
  return FIELDS.filter((entry) => entry.subjects.includes(subject))
}

/** With its article, for messages: "an `llm_call`". */
export function aSubject(subject: Subject): string {
  return `${/^(agent|llm|embedding)/.test(subject) ? 'an' : 'a'} \`${subject}\``
}
