/**
 * What the store gives back is masked where a `redact:` clause said so. An eval that looks there for what was masked would find
 * nothing and pass: whoever evaluates stored spans has to know which texts have a mask in them, and which evals read those.
 */
import { walkExpr } from '../../dsl/expr-walk.ts'
import type { Expr, OnlineEvalPlan, Plan } from '../../dsl/plan.ts'
import { optionalFieldsOf } from './projection.ts'
import type { OptionalField, ProjectedSpan } from './subject.ts'

/** What the redactor masks, of what is kept of a span. */
export const MASKABLE: readonly OptionalField[] = [
  'inputText',
  'outputText',
  'toolArguments',
  'toolResult',
  'retrievalQuery',
  'documents',
  'errorMessage',
  'attributes',
]

/**
 * Shorter runs of `*` are taken for what people write: `**bold**`, `* item`. No pattern of the standard packs matches less than six
 * characters.
 */
const MASK = '****'

/** The texts of a span that have what looks like a mask in them; the same empty list where none has. */
export function maskedTextsOf(span: ProjectedSpan, among: readonly OptionalField[]): readonly OptionalField[] {
  let found: OptionalField[] | null = null
  for (const field of among) {
    if (!holdsMask(span[field])) continue
    found ??= []
    found.push(field)
  }
  return found ?? NONE
}

const NONE: readonly OptionalField[] = []

function holdsMask(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(MASK)
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Map) return [...value.values()].some(holdsMask)
  return Object.values(value).some(holdsMask)
}

export interface TextsRead {
  /** Which of the texts that may be masked: of its own span, and of others' of the trace. */
  own: ReadonlySet<OptionalField>
  others: ReadonlySet<OptionalField>
  /** How it first names each, for a reason. */
  paths: ReadonlyMap<OptionalField, string>
}

/** By id of the online evals that read such texts, themselves or by another eval's verdict. */
export function textsReadBy(plan: Plan): ReadonlyMap<string, TextsRead> {
  const online = plan.evals.filter((one) => one.kind === 'online')
  const byId = new Map(online.map((one) => [one.id, one]))
  const found = new Map<string, TextsRead>()
  for (const one of online) {
    const texts = { own: new Set<OptionalField>(), others: new Set<OptionalField>(), paths: new Map() }
    collect(one, one.scope.subject === 'trace', byId, new Set(), texts)
    if (texts.own.size + texts.others.size > 0) found.set(one.id, texts)
  }
  return found
}

interface Collected {
  own: Set<OptionalField>
  others: Set<OptionalField>
  paths: Map<OptionalField, string>
}

function collect(
  one: OnlineEvalPlan,
  seesTrace: boolean,
  byId: ReadonlyMap<string, OnlineEvalPlan>,
  seen: Set<string>,
  into: Collected,
): void {
  if (seen.has(one.id)) return
  seen.add(one.id)
  const add = (expr: Expr | null, wholeTrace: boolean): void => {
    if (expr === null) return
    const aggregates = new Set<Expr>()
    walkExpr(expr, (node) => {
      if (node.op === 'aggregate' || node.op === 'before' || node.op === 'repeats') aggregates.add(node)
    })
    walkExpr(expr, (node) => {
      const other = node.op === 'verdict_of' ? byId.get(node.evalId) : undefined
      // Seen from a span, an eval of spans looks at the same one.
      if (other !== undefined) collect(other, seesTrace || other.scope.subject === 'trace', byId, seen, into)
      const fields = fieldsOf(node)
      if (fields.length === 0) return
      const target = wholeTrace || node.op === 'trace_field' || aggregates.size > 0 ? into.others : into.own
      for (const field of fields) {
        target.add(field)
        if (!into.paths.has(field)) into.paths.set(field, pathOf(node, field))
      }
    })
  }
  const { where, traceWhere } = one.scope
  for (const expr of [where, one.score, one.pass]) add(expr, seesTrace)
  add(traceWhere, true)
}

function fieldsOf(node: Expr): OptionalField[] {
  if (node.op === 'attr') return ['attributes']
  return optionalFieldsOf(node).filter((field) => MASKABLE.includes(field))
}

function pathOf(node: Expr, field: OptionalField): string {
  if (node.op === 'attr') return node.name
  if (node.op === 'field' || node.op === 'trace_field') return node.path
  return REPEATED[field] ?? field
}

/** What steps that repeat themselves are compared by. */
const REPEATED: Partial<Record<OptionalField, string>> = {
  toolArguments: 'arguments.text',
  retrievalQuery: 'query.text',
  inputText: 'input.text',
}

/** What has to be read of a span beyond the core fields for the online evals of these plans. */
export function fieldsReadBy(plans: readonly Plan[]): OptionalField[] {
  const fields = new Set<OptionalField>()
  for (const plan of plans) {
    for (const one of plan.evals) {
      if (one.kind !== 'online') continue
      for (const expr of [one.scope.where, one.scope.traceWhere, one.score, one.pass]) {
        if (expr === null) continue
        walkExpr(expr, (node) => {
          if (node.op === 'attr') fields.add('attributes').add('resource')
          else for (const field of optionalFieldsOf(node)) fields.add(field)
        })
      }
    }
  }
  return [...fields].sort()
}
