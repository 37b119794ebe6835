/** A scope by itself, as a subscription or a search is given one: `llm_call where agent.name == "support"`. */
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import type { PatternPlan, ScopePlan } from './plan.ts'
import { compileProject } from './project.ts'
import { parseText } from './resolve.ts'
import { whenJudged } from './when-judged.ts'

export type ScopeProblem = Pick<Diagnostic, 'message' | 'line' | 'column' | 'endLine' | 'endColumn'> & {
  /** Null: of what the language allows and a scope by itself doesn't. */
  readonly code: Diagnostic['code'] | null
}

export type ScopeText =
  /** `scope` is told of a span as it arrives; one of traces became one of the spans in them. */
  { ok: true; scope: ScopePlan; patterns: readonly PatternPlan[] } | { ok: false; problems: readonly ScopeProblem[] }

const PATH = 'scope'
const BEFORE = `package subscription

online eval wanted {
  on: wanted
  pass: duration >= 0s
}

scope wanted =
`
const LINES_BEFORE = BEFORE.split('\n').length - 1

/** Places in the problems are those of `text`. */
export function compileScopeText(text: string): ScopeText {
  const file = { path: PATH, text: `${BEFORE}${text}\n` }
  const [, , declared, ...others] = parseText(file).tree.declarations
  if (others.length > 0) return refused('a scope stands alone, without declarations after it')
  const base = declared?.kind === 'scope' ? declared.scope.base.text : ''
  if (base === 'session') return refused('a session cannot be told by one of its spans: write `trace where …`')
  const { plan, diagnostics } = compileProject({ files: [file], readImport: () => null })
  const [wanted] = plan?.evals ?? []
  if (plan === null || wanted?.kind !== 'online')
    return { ok: false, problems: diagnostics.filter(({ severity }) => severity === 'error').map(within) }
  const scope = ofSpans(wanted.scope)
  if (whenJudged(scope, [], () => 'settle') === 'settle')
    return refused('this takes the whole trace: write what one span tells, such as `agent.name`, `env` or `duration`')
  return { ok: true, scope, patterns: plan.patterns }
}

function ofSpans({ subject, where, traceWhere }: ScopePlan): ScopePlan {
  return subject === 'trace' ? { subject: 'span', where: null, traceWhere: where } : { subject, where, traceWhere }
}

function within({ code, message, line, column, endLine, endColumn }: Diagnostic): ScopeProblem {
  const isBefore = line <= LINES_BEFORE
  return {
    code,
    message,
    line: isBefore ? 1 : line - LINES_BEFORE,
    column: isBefore ? 1 : column,
    endLine: Math.max(1, endLine - LINES_BEFORE),
    endColumn: isBefore ? 1 : endColumn,
  }
}

const refused = (message: string): ScopeText => ({
  ok: false,
  problems: [{ code: null, message, line: 1, column: 1, endLine: 1, endColumn: 1 }],
})
