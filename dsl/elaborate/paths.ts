/** What a name in an expression stands for: a constant, `score`, a field of the subject, of the trace, or of an aggregate's spans. */
import { didYouMeanField, fieldFix, guessField, listFields } from '../field-guess.ts'
import { renaming, replacement } from '../machine-fix.ts'
import { lookup, type Module, namesIn, otherMeaning } from '../module.ts'
import type { Subject } from '../plan.ts'
import { aSubject, FIELDS, type FieldSchema, fieldOf, findField, isSpanSubject, isSubject } from '../schema.ts'
import type { Span } from '../source.ts'
import { didYouMean } from '../suggest.ts'
import type { ExprNode } from '../syntax/ast.ts'
import { BOOL } from '../types.ts'
import type { Elaborate } from './arguments.ts'
import { ERRONEOUS, type ExprContext, type MissingCause, type Typed } from './context.ts'
import { elaborateDefine } from './defines.ts'
import { typedLiteral } from './literals.ts'

export function elaboratePath(
  node: Extract<ExprNode, { kind: 'path' }>,
  context: ExprContext,
  elaborate: Elaborate,
): Typed {
  const { path, span } = node
  if (path === 'true' || path === 'false') return typedLiteral(BOOL, path === 'true')
  if (path === 'score') return elaborateScore(span, context)
  const parameter = context.module.params?.get(path)
  if (parameter !== undefined) return parameter
  const constant = lookup(context.module, 'consts', path)
  if (constant.kind === 'found') return context.project.constant(constant.found.module, constant.found.decl.name.text)
  const defined = lookup(context.module, 'defines', path)
  if (defined.kind === 'found') return elaborateDefine(defined.found, span, context, elaborate)
  return elaborateField(path, span, constant.kind === 'broken' || defined.kind === 'broken', context)
}

function elaborateScore(span: Span, context: ExprContext): Typed {
  if (context.score !== null) {
    const { type, missing } = context.score
    const kind = type.kind === 'points' ? { kind: 'ratio' as const } : type
    return {
      expr: { op: 'score', type: kind.kind === 'unknown' ? { kind: 'number' } : kind },
      type,
      flexible: false,
      missing,
    }
  }
  context.module.reporter.report('E0216', span, '`score` has no value here', {
    label: 'nothing is scored',
    notes: ['`score` is the value of the `score:` clause, and can be read in `pass:` of the same eval'],
  })
  return ERRONEOUS
}

/** `excused`: the name may belong to what could not be read, so that an unknown one is not told. */
function elaborateField(path: string, span: Span, excused: boolean, context: ExprContext): Typed {
  const { subject, module } = context
  const dot = path.indexOf('.')
  const head = dot < 0 ? path : path.slice(0, dot)
  const rest = dot < 0 ? '' : path.slice(dot + 1)
  if (subject === null) {
    if (excused) return ERRONEOUS
    const what =
      findField(path) !== undefined || isSubject(head)
        ? `\`${path}\` is read from a trace, and there is none here`
        : null
    module.reporter.report(
      what === null ? 'E0104' : 'E0113',
      span,
      what ?? `there is no constant \`${path}\`${didYouMean(path, valueNames(module))}`,
      what === null ? renaming(span, path, valueNames(module)) : {},
    )
    return ERRONEOUS
  }
  // `session.id` is a field of traces and spans, though `session` is a subject as well.
  if (isSubject(head) && findField(path) === undefined) return elaborateQualified(head, rest, span, context)
  const field = fieldOf(subject, path)
  if (field === undefined && excused) return ERRONEOUS
  if (context.aggregate === 'value') return reportBareInAggregate(path, span, context)
  return field === undefined ? reportUnknownField(path, span, subject, context) : fieldOn(field, span)
}

/** `llm_call.cost`, `trace.agent.name`, or a bare `llm_call`. */
function elaborateQualified(head: Subject, rest: string, span: Span, context: ExprContext): Typed {
  const { subject, module } = context
  const inner = { start: span.end - rest.length, end: span.end }
  if (rest === '') {
    const use = isSpanSubject(head) ? `\`count(${head})\`, \`any(${head} where …)\`` : '`trace.duration`'
    module.reporter.report('E0206', span, `\`${head}\` is a subject, not a value`, {
      label: 'no value',
      notes: [`ask something of it: ${use}`],
    })
    return ERRONEOUS
  }
  if (head === subject && head !== 'trace') {
    const field = fieldOf(head, rest)
    return field === undefined ? reportUnknownField(rest, inner, head, context) : fieldOn(field, span)
  }
  if (head === 'trace' && subject === 'session') {
    module.reporter.report('E0212', span, `a session has many traces: \`trace.${rest}\` is not one value`, {
      label: 'of which trace?',
      notes: ['`show:` lists it over the traces of the session'],
    })
    return ERRONEOUS
  }
  if (head === 'trace') {
    const field = fieldOf('trace', rest)
    if (field === undefined) return reportUnknownField(rest, inner, 'trace', context)
    if (subject === 'trace') return fieldOn(field, span)
    const missing = causesOf(field, `trace.${rest}`, span)
    return { expr: { op: 'trace_field', path: rest, type: field.type }, type: field.type, flexible: false, missing }
  }
  const field = fieldOf(head, rest)
  const example =
    field === undefined
      ? `count(${head})`
      : field.type.kind === 'string'
        ? `any(${head}.${rest} == "…")`
        : exampleOf(field, head)
  module.reporter.report('E0212', span, `a trace has many \`${head}\` spans: \`${head}.${rest}\` is not one value`, {
    label: 'of which span?',
    notes: [`put it in an aggregate, such as \`${example}\``],
  })
  return ERRONEOUS
}

function fieldOn(field: FieldSchema, span: Span): Typed {
  const missing = causesOf(field, field.path, span)
  return { expr: { op: 'field', path: field.path, type: field.type }, type: field.type, flexible: false, missing }
}

function causesOf(field: FieldSchema, key: string, span: Span): MissingCause[] {
  return field.optional === null ? [] : [{ key, span, why: field.optional }]
}

function reportBareInAggregate(path: string, span: Span, context: ExprContext): Typed {
  const { subject, module } = context
  const known = subject !== null && fieldOf(subject, path) !== undefined
  const advice = known ? { fix: replacement(span, `${subject}.${path}`) } : {}
  const message = known
    ? `\`${path}\` of what? Inside an aggregate a field names its span`
    : `\`${path}\` is neither a field of a span nor a constant`
  module.reporter.report('E0203', span, message, { label: 'no such value here', ...advice })
  return ERRONEOUS
}

/** What other languages call a value that is not there. */
export const NOTHING: ReadonlySet<string> = new Set(['null', 'nil', 'none', 'None', 'undefined', 'missing'])

function reportUnknownField(path: string, span: Span, subject: Subject, context: ExprContext): Typed {
  const { module } = context
  const elsewhere = findField(path)
  if (elsewhere !== undefined) {
    const owners = elsewhere.subjects.map((name) => `\`${name}\``).join(', ')
    const aggregable = subject === 'trace' && elsewhere.subjects.some(isSpanSubject)
    const owner = elsewhere.subjects.find(isSpanSubject)
    module.reporter.report('E0204', span, `${aSubject(subject)} has no \`${path}\``, {
      label: `is a field of ${owners}`,
      notes:
        aggregable && owner !== undefined
          ? [`of a trace's spans, ask an aggregate: \`${exampleOf(elsewhere, owner)}\``]
          : [],
    })
    return ERRONEOUS
  }
  if (NOTHING.has(path)) {
    module.reporter.report('E0203', span, `there is no \`${path}\`: what was not sent is missing`, {
      label: 'no value',
      notes: ['write `x is missing` or `x is present`'],
    })
    return ERRONEOUS
  }
  const meaning = otherMeaning(module, path)
  if (meaning !== null) {
    const notes = meaning === 'a pattern' ? [`match with it: \`output.text matches ${path}\``] : []
    module.reporter.report('E0206', span, `\`${path}\` is ${meaning}, not a value`, { label: 'no value', notes })
    return ERRONEOUS
  }
  const text = /^(.+)\.(?:length|size|len)$/.exec(path)?.[1]
  if (text !== undefined && fieldOf(subject, text)?.type.kind === 'string') {
    module.reporter.report('E0203', span, `${aSubject(subject)} has no field \`${path}\``, {
      label: 'no such field',
      fix: replacement(span, `length(${text})`),
    })
    return ERRONEOUS
  }
  const constants = [...valueNames(module), ...(context.score === null ? [] : ['score'])]
  const guess = guessField(path, subject, constants)
  module.reporter.report(
    'E0203',
    span,
    `${aSubject(subject)} has no field \`${path}\`${didYouMeanField(path, subject, constants)}`,
    {
      label: 'no such field or constant',
      ...fieldFix(span, path, subject, constants),
      ...(guess === null && {
        notes: [
          ...quotedAdvice(path),
          listFields(subject),
          'an attribute of your own is read by `attr("acme.tier", string)`',
        ],
      }),
    },
  )
  return ERRONEOUS
}

/** `status == ok`: a word that some field can be is meant as a text. */
function quotedAdvice(path: string): string[] {
  const field = FIELDS.find(({ type }) => type.kind === 'enum' && type.values.includes(path))
  return field === undefined ? [] : [`values stand in quotes: \`${field.path} == "${path}"\``]
}

function valueNames(module: Module): string[] {
  return [...(module.params?.keys() ?? []), ...namesIn(module, 'consts'), ...namesIn(module, 'defines')]
}

function exampleOf(field: FieldSchema, subject: Subject): string {
  const summable = ['tokens', 'money', 'duration', 'int', 'number'].includes(field.type.kind)
  return summable ? `sum(${subject}.${field.path})` : `any(${subject} where ${field.path} is present)`
}
