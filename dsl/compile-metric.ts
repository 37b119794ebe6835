/** `metric: faithfulness(answer: output.text, context: retrieval.documents)`. */
import type { Clauses } from './clauses.ts'
import type { ExprContext, Project } from './elaborate/context.ts'
import { elaborate, elaborateCondition } from './elaborate/expression.ts'
import { isLargerThan, MAX_NODES } from './expr-size.ts'
import { literalValue } from './literals.ts'
import { renaming } from './machine-fix.ts'
import { exampleOf, findMetric, METRICS, type MetricParam, type MetricSchema, metricUsage } from './metrics.ts'
import type { Module } from './module.ts'
import { takeNamedArgs } from './named-args.ts'
import type { MetricArg, MetricPlan, ScopePlan } from './plan.ts'
import { aSubject, fieldOf, isSpanSubject } from './schema.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode } from './syntax/ast.ts'
import type { MissingCause } from './typed.ts'
import { describeType } from './types.ts'

export interface CompiledMetric {
  readonly schema: MetricSchema
  readonly plan: MetricPlan
  /** What may be missing in its arguments. */
  readonly missing: readonly MissingCause[]
}

/** Null when it is in error (told). */
export function compileMetric(
  clauses: Clauses,
  clause: 'metric' | 'proxy',
  scope: ScopePlan | null,
  module: Module,
  project: Project,
): CompiledMetric | null {
  const node = clauses.single(clause)
  if (node === null || node.kind === 'error') return null
  const { reporter } = module
  if (node.kind !== 'call') {
    const schema = node.kind === 'path' ? findMetric(node.path) : undefined
    reporter.report('E0421', node.span, `\`${clause}:\` takes a metric with its arguments`, {
      label: `such as \`${metricUsage(schema ?? (METRICS[0] as MetricSchema))}\``,
    })
    return null
  }
  const names = METRICS.map((metric) => metric.name)
  const schema = findMetric(node.name.text)
  if (schema === undefined) {
    const { text, span } = node.name
    reporter.report('E0421', span, `there is no metric \`${text}\`${didYouMean(text, names)}`, {
      label: 'unknown metric',
      notes: [`there are: ${names.join(', ')}`],
      ...renaming(span, text, names),
    })
    return null
  }
  if (scope !== null && !schema.subjects.includes(scope.subject)) {
    const subjects = schema.subjects.map((subject) => `\`${subject}\``).join(', ')
    reporter.report('E0421', node.name.span, `\`${schema.name}\` cannot be measured of ${aSubject(scope.subject)}`, {
      label: `is of ${subjects}`,
    })
    return null
  }
  const taken = takeNamedArgs(
    node,
    schema.params.map(({ name, fallback }) => ({ name, required: fallback === null })),
    {
      code: 'E0422',
      what: `\`${schema.name}\``,
      usage: metricUsage(schema),
      module,
      notes: [],
    },
  )
  if (taken === null || scope === null) return null
  const missing: MissingCause[] = []
  const context: ExprContext = {
    project,
    module,
    // Of a session, the arguments are those of its traces.
    subject: scope.subject === 'session' ? 'trace' : scope.subject,
    score: null,
    aggregate: null,
    matched: new Set(),
  }
  const args: Record<string, MetricArg> = {}
  let sound = true
  for (const param of schema.params) {
    const given = taken.get(param.name)
    const arg = given === undefined ? fallbackOf(param) : compileArg(given, param, schema, context, missing)
    if (arg === null) sound = false
    else args[param.name] = arg
  }
  return sound ? { schema, plan: { name: schema.name, version: schema.version, args }, missing } : null
}

function fallbackOf({ fallback }: MetricParam): MetricArg | null {
  if (fallback === null) return null
  return typeof fallback === 'object' ? { kind: 'texts', values: [] } : { kind: 'value', value: fallback }
}

/** `"triage > billing"`. */
const PAIR = /^[^>]*[^>\s][^>]*>[^>]*[^>\s][^>]*$/

function compileArg(
  node: ExprNode,
  param: MetricParam,
  schema: MetricSchema,
  context: ExprContext,
  missing: MissingCause[],
): MetricArg | null {
  if (node.kind === 'error') return null
  const refuse = (what: string, label: string): null => {
    context.module.reporter.report('E0422', node.span, `\`${param.name}:\` of \`${schema.name}\` takes ${what}`, {
      label,
    })
    return null
  }
  switch (param.type.kind) {
    case 'text': {
      const value = elaborate(node, context)
      missing.push(...value.missing)
      if (value.type.kind === 'unknown') return null
      if (value.type.kind !== 'string') return refuse('a text', `this is ${describeType(value.type)}`)
      if (isLargerThan(value.expr, MAX_NODES))
        return refuse('a text', `written out it has more than ${MAX_NODES} parts`)
      return { kind: 'expr', expr: value.expr }
    }
    case 'condition': {
      const value = elaborateCondition(node, context)
      missing.push(...value.missing)
      if (value.type.kind === 'unknown') return null
      if (isLargerThan(value.expr, MAX_NODES))
        return refuse('a condition', `written out it has more than ${MAX_NODES} parts`)
      return { kind: 'expr', expr: value.expr }
    }
    case 'documents':
      return compileDocuments(node, context, missing) ?? refuse('documents', documentsOf(context))
    case 'int': {
      const { low, high } = param.type
      const value = node.kind === 'literal' && node.token === 'int' ? literalValue(node)?.value : undefined
      return typeof value === 'number' && value >= low && value <= high
        ? { kind: 'value', value }
        : refuse('a whole number', `from ${low} to ${high}`)
    }
    case 'word': {
      const { words } = param.type
      const value = node.kind === 'literal' && node.token === 'text' ? String(literalValue(node)?.value) : null
      return value !== null && words.includes(value)
        ? { kind: 'value', value }
        : refuse(
            `one of a few words${value === null ? '' : didYouMean(value, words)}`,
            words.map((one) => `"${one}"`).join(', '),
          )
    }
    case 'texts': {
      const items = node.kind === 'list' ? node.items : []
      const values = items.flatMap((item) =>
        item.kind === 'literal' && item.token === 'text' ? [String(literalValue(item)?.value)] : [],
      )
      if (values.length === 0 || values.length !== items.length)
        return refuse('texts', `such as \`${exampleOf(param)}\``)
      return param.type.pairs !== true || values.every((value) => PAIR.test(value))
        ? { kind: 'texts', values }
        : refuse('pairs of agents', `such as \`${exampleOf(param)}\``)
    }
  }
}

function documentsOf({ subject }: ExprContext): string {
  return subject === 'trace' ? 'of a trace: `retrieval.documents`' : 'of a retrieval: `documents`'
}

/** Of the subject itself, or those of all retrievals of the trace, in order. */
function compileDocuments(node: ExprNode, context: ExprContext, missing: MissingCause[]): MetricArg | null {
  const { subject } = context
  if (node.kind !== 'path' || subject === null) return null
  const [head = '', rest = ''] = node.path.split('.')
  const own = fieldOf(subject, node.path === `${subject}.${rest}` ? rest : node.path)
  const field = own ?? (subject === 'trace' && isSpanSubject(head) ? fieldOf(head, rest) : undefined)
  if (field?.type.kind !== 'documents') return null
  const path = own === undefined ? node.path : own.path
  if (field.optional !== null) missing.push({ key: path, span: node.span, why: field.optional })
  return { kind: 'documents', path }
}
