import { Clauses } from './clauses.ts'
import { checkMissing, headingOf } from './compile-common.ts'
import { compilePass } from './compile-online.ts'
import type { ExprContext, Project } from './elaborate/context.ts'
import { walkExpr } from './expr-walk.ts'
import { didYouMeanField, fieldFix } from './field-guess.ts'
import { formerIds } from './former-ids.ts'
import type { Unhashed } from './hash.ts'
import { durationNs, literalValue } from './literals.ts'
import type { EvalDecl, Module } from './module.ts'
import type { Expr, OfflineEvalPlan, ScopePlan, Subject } from './plan.ts'
import { compileSchedule } from './schedule.ts'
import { aSubject, fieldOf, fieldsOf, isSpanSubject } from './schema.ts'
import { compileScope } from './scopes.ts'
import type { Span } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode } from './syntax/ast.ts'
import { NUMBER } from './types.ts'

/** Null when it is in error (told). */
export function compileOffline(decl: EvalDecl, module: Module, project: Project): Unhashed<OfflineEvalPlan> | null {
  const clauses = new Clauses(decl, 'offline eval', module.reporter)
  const heading = headingOf(decl, clauses, module)
  const was = formerIds(clauses, module)
  const every = clauses.value('every', 'schedule')
  const schedule = every === null ? null : compileSchedule(every.node, module.reporter)
  const sample = compileSample(clauses, module, project)
  const judge = compileJudge(clauses, module)
  const scale = compileScale(clauses, module)
  const rubric = compileRubric(clauses, module)
  const show = compileShow(clauses, sample?.scope.subject ?? null, module)
  const pass = clauses.has('metric') ? null : compileJudgedPass(clauses, scale, module, project)
  const missing = clauses.has('metric') ? null : checkMissing(decl, clauses, module, [], 'a judge may abstain')
  if (
    !clauses.complete ||
    schedule === null ||
    sample === null ||
    judge === null ||
    scale === null ||
    rubric === null ||
    pass === null
  )
    return null
  return { kind: 'offline', ...heading, was, schedule, sample, judge, show, scale, rubric, pass, missing }
}

function compileSample(clauses: Clauses, module: Module, project: Project): OfflineEvalPlan['sample'] | null {
  const node = clauses.value('sample', 'sample')?.node
  if (node === undefined) return null
  const { reporter } = module
  const scope = compileScope(node.scope, module, project)
  const overNs = durationNs(node.over.text)
  const size = node.size.text === 'all' ? 'all' : Number(node.size.text)
  if (scope === null || overNs === null) return null
  if (scope.subject === 'session') {
    reporter.report('E0903', node.scope.base.span, 'judging whole sessions is not supported yet in this version', {
      label: 'part of the language, not of this version',
    })
    return null
  }
  if (size === 0 || overNs === 0) {
    reporter.report('E0406', size === 0 ? node.size.span : node.over.span, 'this sample is always empty', {
      label: 'at least 1',
    })
    return null
  }
  const by = groupFields(
    node.scope.by.map((field) => written(field, module)),
    scope,
    module,
  )
  warnOfStrata(by, node.scope.by, module)
  return { size, scope, overNs, by }
}

function warnOfStrata(fields: readonly string[], nodes: readonly { span: Span }[], module: Module): void {
  const [first, last] = [nodes[0], nodes.at(-1)]
  // A field that is none was told already.
  if (first === undefined || last === undefined || fields.length < nodes.length) return
  module.reporter.report(
    'W0904',
    { start: first.span.start, end: last.span.end },
    '`by` has no effect in this version yet: strata are not drawn, the sample is uniform',
    { label: 'drawn as if this was not here' },
  )
}

function written(node: ExprNode, module: Module): { text: string; span: Span } {
  return { text: module.reporter.source.text.slice(node.span.start, node.span.end), span: node.span }
}

function groupFields(by: readonly { text: string; span: Span }[], scope: ScopePlan, module: Module): string[] {
  return by.flatMap(({ text, span }) => {
    const field = fieldOf(scope.subject, text)
    if (field?.type.kind === 'string' || field?.type.kind === 'enum') return [field.path]
    const names = fieldsOf(scope.subject).filter((known) => known.type.kind === 'string' && !known.text)
    const message =
      field === undefined
        ? `${aSubject(scope.subject)} has no field \`${text}\`${didYouMean(
            text,
            names.map((known) => known.path),
          )}`
        : `\`${text}\` cannot divide a sample into groups`
    module.reporter.report(field === undefined ? 'E0203' : 'E0406', span, message, {
      label: 'a name or version is needed, such as `agent.version`',
    })
    return []
  })
}

function compileJudge(clauses: Clauses, module: Module): OfflineEvalPlan['judge'] | null {
  const node = clauses.value('judge', 'judge')?.node
  if (node === undefined) return null
  const { reporter } = module
  if (node.take !== null && node.take.text !== 'mean') {
    const label = 'a panel takes the `mean`'
    reporter.report(
      ['median', 'majority'].includes(node.take.text) ? 'E0903' : 'E0112',
      node.take.span,
      `\`take ${node.take.text}\` is not supported yet in this version`,
      { label },
    )
    return null
  }
  if (node.models.length > 1 && node.take === null) {
    reporter.report('E0407', node.span, 'several judges are a panel: say how they agree', {
      label: 'add `take mean`',
      notes: ['for one that stands in when another cannot be reached, write `or else`'],
    })
    return null
  }
  for (const model of [...node.models, ...node.fallbacks]) {
    if (/^[^/\s]+\/\S+$/.test(model.value) || model.value === '') continue
    reporter.report('E0407', model.span, `"${model.value}" names no model`, {
      label: 'write "provider/model", such as "openai/gpt-5-mini"',
    })
    return null
  }
  return { models: node.models.map((model) => model.value), fallbacks: node.fallbacks.map((model) => model.value) }
}

function compileScale(clauses: Clauses, module: Module): OfflineEvalPlan['scale'] | null {
  const value = clauses.value('scale', 'scale')
  if (value === null) return null
  const low = wholeNumber(value.low, module)
  const high = wholeNumber(value.high, module)
  if (low === null || high === null) return null
  if (low < high) return { low, high }
  module.reporter.report('E0407', value.high.span, `a scale runs upwards: ${low} to ${high} does not`, {
    label: `more than ${low} is needed`,
  })
  return null
}

function wholeNumber(node: ExprNode, module: Module): number | null {
  if (node.kind === 'error') return null
  const negative = node.kind === 'negate'
  const inner = negative ? node.arg : node
  const value = inner.kind === 'literal' && inner.token === 'int' ? literalValue(inner) : null
  if (typeof value?.value === 'number') return negative ? -value.value : value.value
  module.reporter.report('E0407', node.span, 'a scale takes whole numbers', { label: 'such as `1 to 5`' })
  return null
}

function compileRubric(clauses: Clauses, module: Module): string | null {
  const rubric = clauses.text('rubric')
  if (rubric === null || rubric.trim() !== '') return rubric
  module.reporter.report(
    'E0408',
    clauses.clause('rubric')?.key.span ?? { start: 0, end: 0 },
    'this rubric says nothing',
    { label: 'say what each score means' },
  )
  return null
}

function compileShow(clauses: Clauses, subject: Subject | null, module: Module): string[] {
  return clauses.values('show').flatMap((node) => {
    if (node.kind === 'error' || subject === null) return []
    if (node.kind === 'path' && isShown(node.path, subject)) return [node.path]
    const path = node.kind === 'path' ? node.path : null
    const message =
      path === null
        ? '`show:` takes fields'
        : `${aSubject(subject)} has no field \`${path}\`${didYouMeanField(path, subject)}`
    module.reporter.report('E0203', node.span, message, {
      label: 'nothing to show',
      ...(path !== null && fieldFix(node.span, path, subject)),
      notes: subject === 'trace' ? ["of a trace's spans: `tool_call.name` lists them"] : [],
    })
    return []
  })
}

/** `output.text` of the subject, `tool_call.name` over the spans of the trace, `trace.output.text`. */
function isShown(path: string, subject: Subject): boolean {
  if (fieldOf(subject, path) !== undefined) return true
  const head = path.slice(0, path.indexOf('.'))
  const rest = path.slice(path.indexOf('.') + 1)
  return head === 'trace'
    ? fieldOf('trace', rest) !== undefined
    : isSpanSubject(head) && fieldOf(head, rest) !== undefined
}

function compileJudgedPass(
  clauses: Clauses,
  scale: OfflineEvalPlan['scale'] | null,
  module: Module,
  project: Project,
): Expr | null {
  const context: ExprContext = {
    project,
    module,
    subject: null,
    score: { type: NUMBER, missing: [] },
    aggregate: null,
    matched: new Set(),
  }
  const pass = compilePass(clauses, context)
  if (pass === null) return null
  const node = clauses.single('pass')
  if (scale !== null && node !== null) checkReach(pass.expr, scale, node, module)
  return pass.expr
}

/** A threshold outside of the scale decides everything alike. */
function checkReach(pass: Expr, scale: { low: number; high: number }, node: ExprNode, module: Module): void {
  walkExpr(pass, (expr) => {
    if (expr.op !== 'compare') return
    const literal = expr.left.op === 'score' ? expr.right : expr.right.op === 'score' ? expr.left : null
    if (literal?.op !== 'literal' || typeof literal.value !== 'number') return
    if (literal.value >= scale.low && literal.value <= scale.high) return
    module.reporter.report('E0218', node.span, `${literal.value} is outside of the scale`, {
      label: `scores run from ${scale.low} to ${scale.high}`,
    })
  })
}
