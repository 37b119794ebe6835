/** What somebody meant who named a field that is none: by its spelling, by other tools' words, or by the attribute it comes from. */
import type { Fix } from './diagnostics/diagnostic.ts'
import { replacement } from './machine-fix.ts'
import type { Subject } from './plan.ts'
import { FIELDS, fieldOf, fieldsOf } from './schema.ts'
import type { Span } from './source.ts'
import { nearest, soleNearest } from './suggest.ts'

/** Words of other tools and of dashboards. */
const WORDS: Readonly<Record<string, string>> = {
  latency: 'duration',
  elapsed: 'duration',
  duration_ms: 'duration',
  latency_ms: 'duration',
  ttft: 'time_to_first_token',
  input: 'input.text',
  prompt: 'input.text',
  question: 'input.text',
  output: 'output.text',
  completion: 'output.text',
  response: 'output.text',
  answer: 'output.text',
  arguments: 'arguments.text',
  args: 'arguments.text',
  result: 'result.text',
  query: 'query.text',
  tokens: 'tokens.total',
  total_tokens: 'tokens.total',
  input_tokens: 'tokens.input',
  prompt_tokens: 'tokens.input',
  output_tokens: 'tokens.output',
  completion_tokens: 'tokens.output',
  price: 'cost',
  cost_usd: 'cost',
  agent: 'agent.name',
  environment: 'env',
  session: 'session.id',
  user: 'user.id',
  model_name: 'model',
  vendor: 'provider',
  'tool.name': 'name',
}

const BY_ATTRIBUTE: ReadonlyMap<string, string> = new Map(
  FIELDS.flatMap(({ path, attributes }) =>
    [...(attributes.otel ?? []), ...(attributes.openinference ?? [])].map((name) => [name, path] as const),
  ),
)

/** A field of the subject, or one of `others` (names of constants); null when nothing is near. */
export function guessField(path: string, subject: Subject, others: readonly string[] = []): string | null {
  return otherWord(path, subject) ?? nearest(path, [...fieldsOf(subject).map((field) => field.path), ...others])
}

/** A field under the name that it has elsewhere. */
function otherWord(path: string, subject: Subject): string | null {
  const key = path.toLowerCase()
  const meant = BY_ATTRIBUTE.get(path) ?? (Object.hasOwn(WORDS, key) ? WORDS[key] : undefined)
  return meant !== undefined && fieldOf(subject, meant) !== undefined ? meant : null
}

/** The fix when one field alone can be meant, else none. */
export function fieldFix(span: Span, path: string, subject: Subject, others: readonly string[] = []): { fix?: Fix } {
  const meant = soleField(path, subject, others)
  return meant === null ? {} : { fix: replacement(span, meant) }
}

function soleField(path: string, subject: Subject, others: readonly string[]): string | null {
  const meant = otherWord(path, subject)
  return meant ?? soleNearest(path, [...fieldsOf(subject).map((field) => field.path), ...others])
}

/** `, did you mean \`duration\`?` or nothing. */
export function didYouMeanField(path: string, subject: Subject, others: readonly string[] = []): string {
  const guess = guessField(path, subject, others)
  return guess === null ? '' : `, did you mean \`${guess}\`?`
}

/** For a note where nothing is near. */
export function listFields(subject: Subject): string {
  return `its fields: ${fieldsOf(subject)
    .map((field) => field.path)
    .join(', ')}`
}
