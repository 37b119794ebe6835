/** What evals read of a trace and its spans, and which kinds of spans they look at. */
import { children } from '../../dsl/expr-walk.ts'
import type { EvalPlan, Expr, SpanSelector, Subject } from '../../dsl/plan.ts'
import { isSpanSubject, isSubject } from '../../dsl/schema.ts'
import { traceFieldPath } from '../evaluate/names.ts'

export interface FieldsRead {
  /** Field paths, and attributes as `attr("name")`, by the subject of which they are read. */
  readonly of: ReadonlyMap<Subject, ReadonlySet<string>>
  readonly subjects: ReadonlySet<Subject>
}

export function fieldsReadBy(evals: readonly EvalPlan[]): FieldsRead {
  const found = new Found()
  for (const evalPlan of evals) {
    const scope = evalPlan.kind === 'online' ? evalPlan.scope : evalPlan.sample.scope
    found.subjects.add(scope.subject)
    found.read(scope.traceWhere, 'trace')
    found.read(scope.where, scope.subject)
    found.read(evalPlan.pass, scope.subject)
    if (evalPlan.kind === 'online') found.read(evalPlan.score, scope.subject)
    else if (evalPlan.method.kind === 'rubric')
      for (const path of evalPlan.method.show) found.shown(path, scope.subject)
    else
      for (const arg of Object.values(evalPlan.method.metric.args))
        if (arg.kind === 'expr') found.read(arg.expr, scope.subject)
        else if (arg.kind === 'documents') found.shown(arg.path, scope.subject)
  }
  return found
}

class Found implements FieldsRead {
  readonly of = new Map<Subject, Set<string>>()
  readonly subjects = new Set<Subject>()

  /** The documents stand for their texts, which are no value of their own. */
  add(subject: Subject, ...paths: string[]): void {
    const known = this.of.get(subject) ?? new Set()
    for (const path of paths) known.add(path === 'documents.text' ? 'documents' : path)
    this.of.set(subject, known)
  }

  /** `tool_call.name` is of the trace's tool calls, `output.text` of the subject itself. */
  shown(path: string, own: Subject): void {
    const dot = path.indexOf('.')
    const head = path.slice(0, dot)
    if (isSpanSubject(head)) this.subjects.add(head)
    if (isSubject(head)) this.add(head, path.slice(dot + 1))
    else this.add(own, path)
  }

  read(expr: Expr | null, subject: Subject): void {
    if (expr === null) return
    switch (expr.op) {
      case 'field':
        this.add(subject, expr.path)
        break
      case 'trace_field':
        this.add('trace', traceFieldPath(expr.path))
        break
      case 'attr':
        this.add(subject, `attr("${expr.name}")`)
        break
      case 'aggregate':
        this.#select(expr.over)
        this.read(expr.value, expr.over.subject)
        break
      case 'before':
        for (const side of [expr.a, expr.b]) this.#select(side, 'start', 'duration')
        break
      case 'repeats':
        this.#select(expr.over, 'name', 'arguments.text', 'query.text', 'input.text')
        break
      default:
        for (const child of children(expr)) this.read(child, subject)
    }
  }

  #select({ subject, where }: SpanSelector, ...paths: string[]): void {
    this.subjects.add(subject)
    this.add(subject, ...paths)
    this.read(where, subject)
  }
}
