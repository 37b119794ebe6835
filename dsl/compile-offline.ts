import { Clauses, type Inherited, reportWord } from './clauses.ts'
import { compileBudget, isModelName } from './compile-budget.ts'
import { checkMissing, headingOf } from './compile-common.ts'
import { compileMetric } from './compile-metric.ts'
import { compilePass } from './compile-online.ts'
import type { Reporter } from './diagnostics/reporter.ts'
import type { ExprContext, Project } from './elaborate/context.ts'
import { walkExpr } from './expr-walk.ts'
import { didYouMeanField, fieldFix } from './field-guess.ts'
import { formerIds } from './former-ids.ts'
import type { Unhashed } from './hash.ts'
import { warnOfFamily } from './judge-family.ts'
import { compileLabelsFile } from './labels-file.ts'
import { durationNs, literalValue } from './literals.ts'
import { asksJudge } from './metrics.ts'
import { modelOf } from './model-names.ts'
import type { EvalDecl, Module } from './module.ts'
import type {
  BudgetPlan,
  Expr,
  JudgePlan,
  MetricPlan,
  OfflineEvalPlan,
  OfflineMethod,
  ScopePlan,
  Subject,
} from './plan.ts'
import { compileSchedule } from './schedule.ts'
import { aSubject, fieldOf, fieldsOf, isSpanSubject } from './schema.ts'
import { compileScope } from './scopes.ts'
import { scoreBoundsOf } from './score-bounds.ts'
import type { Span } from './source.ts'
import { didYouMean } from './suggest.ts'
import type { ExprNode, SampleNode } from './syntax/ast.ts'
import type { MissingCause } from './typed.ts'
import { NUMBER, type Type } from './types.ts'

/** Null when it is in error (told). */
export function compileOffline(
  decl: EvalDecl,
  module: Module,
  project: Project,
  inherited: Inherited | null = null,
): Unhashed<OfflineEvalPlan> | null {
  const clauses = new Clauses(decl, 'offline eval', module.reporter, inherited)
  const heading = headingOf(decl, clauses, module)
  const was = formerIds(clauses, module)
  const every = clauses.value('every', 'schedule')
  const schedule = every === null ? null : compileSchedule(every.node, clauses.home('every', module).reporter)
  const sample = compileSample(clauses, clauses.home('sample', module), project)
  const scored = clauses.has('metric')
    ? byMetric(clauses, sample?.scope ?? null, module, project)
    : byRubric(clauses, sample?.scope.subject ?? null, module)
  const proxy = clauses.has('proxy') ? compileProxy(clauses, sample?.scope ?? null, scored, module, project) : undefined
  const missed = clauses.word('missed', MISSED, 'latest')
  const bounds = scored === null ? null : scoreBoundsOf(scored.method)
  const labels = compileLabelsFile(clauses, heading.id, clauses.home('labels', module), project.readLabels, bounds)
  const budget = compileBudget(clauses, clauses.home('budget', module))
  const pass = compileScoredPass(clauses, scored, clauses.home('pass', module), project)
  const missing = scored === null ? null : checkMissing(decl, clauses, module, scored.missing, scored.always)
  if (!clauses.complete || schedule === null || sample === null || scored === null || pass === null || proxy === null)
    return null
  if (!checkCheaper(scored.method, budget, clauses, module)) return null
  warnOfFamily(scored.method, sample.scope, clauses, module)
  return {
    kind: 'offline' as const,
    ...heading,
    was,
    schedule,
    ...(missed !== null && missed !== 'latest' && { missed }),
    sample,
    method: scored.method,
    ...(proxy !== undefined && { proxy }),
    labels: labels?.file ?? null,
    ...(labels !== null && { anchors: labels.labels }),
    budget,
    pass,
    missing,
  }
}

/** One model has one voice: a stand-in for each member of a panel would be asked as often as it has members. */
function checkCheaper(method: OfflineMethod, budget: BudgetPlan | null, clauses: Clauses, module: Module): boolean {
  const cheaper = budget?.cheaper
  const models = method.judge?.models ?? []
  const clause = clauses.clause('budget')
  if (cheaper === undefined || clause === null || (models.length < 2 && !models.includes(cheaper))) return true
  const message =
    models.length < 2 ? `"${cheaper}" is the judge already` : 'a panel is not replaced by one cheaper judge'
  clauses.home('budget', module).reporter.report('E0407', clause.key.span, message, {
    label: models.length < 2 ? 'name a cheaper one' : 'leave `or else` out: the sample shrinks',
  })
  return false
}

/** Of the slots that passed while nothing ran. */
const MISSED = ['latest', 'all', 'none'] as const

/** How a subject gets its score, and what is known of the score. */
interface Scored {
  readonly method: OfflineMethod
  readonly type: Type
  readonly range: { low: number; high: number } | null
  readonly missing: readonly MissingCause[]
  /** Why there may be no score whatever was captured. */
  readonly always: string
}

function byRubric(clauses: Clauses, subject: Subject | null, module: Module): Scored | null {
  const judge = compileJudge(clauses, clauses.home('judge', module))
  const scale = compileScale(clauses, clauses.home('scale', module))
  const rubric = compileRubric(clauses, clauses.home('rubric', module))
  const show = compileShow(clauses, subject, clauses.home('show', module))
  if (judge === null || scale === null || rubric === null) return null
  const method = { kind: 'rubric', judge, show, scale, rubric } as const
  return { method, type: NUMBER, range: scale, missing: [], always: 'a judge may abstain' }
}

function byMetric(clauses: Clauses, scope: ScopePlan | null, module: Module, project: Project): Scored | null {
  const metric = compileMetric(clauses, 'metric', scope, clauses.home('metric', module), project)
  const judge = clauses.has('judge') ? compileJudge(clauses, clauses.home('judge', module)) : null
  if (metric === null) return null
  const { name, judgeCalls, result } = metric.schema
  if (judge !== null && judgeCalls === 0) {
    clauses
      .home('judge', module)
      .reporter.report('E0424', clauses.clause('judge')?.key.span ?? NOWHERE, `\`${name}\` asks no judge`, {
        label: 'leave it out',
      })
    return null
  }
  const ratio = result === 'ratio'
  return {
    method: { kind: 'metric', metric: metric.plan, judge },
    type: ratio ? { kind: 'ratio' } : NUMBER,
    range: ratio ? { low: 0, high: 1 } : null,
    missing: metric.missing,
    always: judgeCalls > 0 ? 'a judge may abstain' : 'there may be nothing to measure',
  }
}

/** Null when it is in error (told). */
function compileProxy(
  clauses: Clauses,
  scope: ScopePlan | null,
  scored: Scored | null,
  module: Module,
  project: Project,
): MetricPlan | null {
  const home = clauses.home('proxy', module)
  const metric = compileMetric(clauses, 'proxy', scope, home, project)
  if (metric === null || scored === null) return null
  const { name, judgeCalls, result } = metric.schema
  const refuse = (message: string, label: string): null => {
    home.reporter.report('E0424', clauses.clause('proxy')?.key.span ?? NOWHERE, message, { label })
    return null
  }
  if (!asksJudge(scored.method)) return refuse('nothing stands in for a metric that asks no judge', 'leave it out')
  if (judgeCalls > 0)
    return refuse(`\`${name}\` asks a judge itself`, 'a metric without one is needed, such as `token_f1`')
  if (result !== 'ratio')
    return refuse(`\`${name}\` has no scale`, 'a metric that gives a ratio is needed, such as `token_f1`')
  return metric.plan
}

const NOWHERE: Span = { start: 0, end: 0 }

function compileSample(clauses: Clauses, module: Module, project: Project): OfflineEvalPlan['sample'] | null {
  const node = clauses.value('sample', 'sample')?.node
  if (node === undefined) return null
  const { reporter } = module
  const scope = compileScope(node.scope, module, project)
  const overNs = durationNs(node.over.text)
  const size = node.size.text === 'all' ? 'all' : Number(node.size.text)
  if (scope === null || overNs === null) return null
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
  const flagged = compileLean(node, size, by, reporter)
  return flagged === null ? null : { size, scope, overNs, by, ...(flagged && { flagged: 'half' as const }) }
}

/** `half flagged`: whether it is there; null when it is in error (told). */
function compileLean(
  { lean }: SampleNode,
  size: number | 'all',
  by: readonly string[],
  reporter: Reporter,
): boolean | null {
  if (lean === null) return false
  const { part, what } = lean
  if (part.text === '' || what?.text === '') return null
  const wrong = part.text === 'half' ? what : part
  if (wrong?.text !== 'flagged' || wrong === part) {
    const node = wrong ?? part
    reportWord(reporter, 'sample', { kind: 'path', path: node.text, span: node.span }, ['half flagged'])
    return null
  }
  const span = { start: part.span.start, end: wrong.span.end }
  const against =
    size === 'all'
      ? 'of `all` there is nothing left to choose'
      : by.length > 0
        ? '`by` divides the sample already'
        : null
  if (against === null && Number(size) >= 2) return true
  reporter.report('E0406', span, against ?? 'one subject has no half', { label: 'leave `half flagged` out' })
  return null
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

const TAKES = ['mean', 'median', 'majority'] as const

function compileJudge(clauses: Clauses, module: Module): JudgePlan | null {
  const node = clauses.value('judge', 'judge')?.node
  if (node === undefined) return null
  const { reporter } = module
  const take = TAKES.find((known) => known === node.take?.text) ?? null
  if (node.take !== null && take === null) {
    reportWord(reporter, 'take', { kind: 'path', path: node.take.text, span: node.take.span }, TAKES)
    return null
  }
  if (node.models.length === 1 && node.take !== null) {
    reporter.report('E0407', node.take.span, 'one judge agrees with itself', {
      label: 'leave `take` out, or name several judges',
    })
    return null
  }
  if (node.models.length > 1 && node.take === null) {
    reporter.report('E0407', node.span, 'several judges are a panel: say how they agree', {
      label: 'add `take mean`, `take median` or `take majority`',
      notes: ['for one that stands in when another cannot be reached, write `or else`'],
    })
    return null
  }
  for (const model of [...node.models, ...node.fallbacks]) {
    if (isModelName(model.value) || model.value === '') continue
    reporter.report('E0407', model.span, `"${model.value}" names no model`, {
      label: 'write "provider/model", such as "openai/gpt-5-mini"',
    })
    return null
  }
  for (const [index, { value, span }] of node.models.entries()) {
    const before = node.models.slice(0, index).find((other) => modelOf(other.value) === modelOf(value))
    if (before === undefined || value === '' || before.value === '') continue
    const message =
      before.value === value
        ? `"${value}" is on the panel already`
        : `"${value}" is on the panel already, as "${before.value}"`
    reporter.report('E0407', span, message, { label: 'one model has one voice' })
    return null
  }
  for (const [index, { value, span }] of node.fallbacks.entries()) {
    if (value === '' || ![...node.models, ...node.fallbacks.slice(0, index)].some((other) => other.value === value))
      continue
    reporter.report('E0407', span, `"${value}" is asked already`, { label: 'name another to stand in' })
    return null
  }
  const names = (models: typeof node.models): string[] => models.map((model) => model.value)
  return { models: names(node.models), fallbacks: names(node.fallbacks), take }
}

function compileScale(clauses: Clauses, module: Module): { low: number; high: number } | null {
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

function compileScoredPass(clauses: Clauses, scored: Scored | null, module: Module, project: Project): Expr | null {
  const context: ExprContext = {
    project,
    module,
    subject: null,
    score: { type: scored?.type ?? { kind: 'unknown' }, missing: [] },
    aggregate: null,
    matched: new Set(),
  }
  const pass = compilePass(clauses, context)
  if (pass === null) return null
  const node = clauses.single('pass')
  if (scored !== null && node !== null) checkReach(pass.expr, scored, node, module)
  return pass.expr
}

/** A threshold outside of the scale decides everything alike. */
function checkReach(pass: Expr, { type, range }: Scored, node: ExprNode, module: Module): void {
  if (range === null) return
  const shown = (value: number): string =>
    type.kind === 'ratio' ? `${Number((value * 100).toPrecision(12))}%` : `${value}`
  walkExpr(pass, (expr) => {
    if (expr.op !== 'compare') return
    const literal = expr.left.op === 'score' ? expr.right : expr.right.op === 'score' ? expr.left : null
    if (literal?.op !== 'literal' || typeof literal.value !== 'number') return
    if (literal.value >= range.low && literal.value <= range.high) return
    module.reporter.report('E0218', node.span, `${shown(literal.value)} is outside of the scale`, {
      label: `scores run from ${shown(range.low)} to ${shown(range.high)}`,
    })
  })
}
