/** Helpers of this folder's tests. */
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import type { EvalPlan, Expr, OnlineEvalPlan, Plan } from './plan.ts'
import { compileProject } from './project.ts'
import type { LabelsFile, TracesFile } from './resolve.ts'

const PII = `package pii
pattern email = /[a-z0-9.]+@[a-z0-9]+\\.[a-z]{2,}/
pattern iban = /[A-Z]{2}\\d{2}[A-Z0-9]{11,30}/ check iban
pattern card = /\\d{13,19}/ check luhn
`

/** What `given file` finds in tests of this folder. */
const TRACE_FILES: Record<string, TracesFile> = {
  'fixtures/notes.json': { ok: false, message: 'neither an OTLP request nor a span' },
  'fixtures/one.json': { ok: true, path: 'fixtures/one.json', traceIds: ['a'.repeat(32)] },
  'fixtures/two.json': { ok: true, path: 'fixtures/two.json', traceIds: ['a'.repeat(32), 'b'.repeat(32)] },
}

/** And `labels:`. */
const LABEL_FILES: Record<string, LabelsFile> = {
  'labels/it.jsonl': {
    ok: true,
    text: `{"eval":"shop/helpful","traceId":"${'A'.repeat(32)}","score":4,"by":"ana","at":"2026-11-21T10:00:00Z"}
{"traceId":"${'b'.repeat(32)}","spanId":"${'C'.repeat(16)}","verdict":"fail","note":"no source"}

{"eval":"shop/other","traceId":"${'c'.repeat(32)}","score":1}
`,
  },
  'labels/percent.jsonl': { ok: true, text: `{"traceId":"${'d'.repeat(32)}","score":50}\n` },
  'labels/notes.jsonl': { ok: true, text: '{"traceId": "4bf9", "score": 4}\n' },
}

/** Compiles one file, `shop.eval`; `others` are what it can import, with `assay:pii` always among them. */
export function compileText(
  text: string,
  others: Record<string, string> = {},
): { plan: Plan | null; diagnostics: Diagnostic[] } {
  const files: Record<string, string> = { 'assay:pii': PII, ...others }
  return compileProject({
    files: [{ path: 'shop.eval', text }],
    readImport: (_from, specifier) => {
      const path = specifier.replace(/^\.\//, '')
      if (path === 'shop.eval') return { path, text }
      const found = files[path]
      return found === undefined ? null : { path, text: found }
    },
    // Of a project with an assay.yaml: more than any rule costs but those that are about this.
    cost: { limits: { perEval: 10e9, total: 12e9 } },
    readTraces: (_from, path) => TRACE_FILES[path] ?? null,
    readLabels: (_from, path) => LABEL_FILES[path] ?? null,
  })
}

/** Codes in order of their places. */
export function codesOf(text: string, others: Record<string, string> = {}): string[] {
  return compileText(text, others).diagnostics.map((diagnostic) => diagnostic.code)
}

/** The one eval of `body`, the clauses of an online eval; throws with its diagnostics when it does not compile. */
export function compileEval(body: string, before = ''): OnlineEvalPlan {
  const found = planOf(`package shop\n${before}\nonline eval it {\n${body}\n}\n`).evals.find(
    (plan) => plan.name === 'it',
  )
  if (found?.kind !== 'online') throw new Error('no eval came out')
  return found
}

export function planOf(text: string, others: Record<string, string> = {}): Plan {
  const { plan, diagnostics } = compileText(text, others)
  if (plan !== null) return plan
  throw new Error(diagnostics.map(({ code, line, message }) => `${code} line ${line}: ${message}`).join('\n'))
}

/** The codes of `pass: EXPRESSION` on a subject, with a `missing:` clause that is not judged. */
export function codesOfPass(expression: string, subject = 'trace', before = ''): string[] {
  const text = `package shop\nimport pii from "assay:pii"\npattern used = /a-z/\n${before}\nonline eval it {\n  on: ${subject}\n  pass: ${expression}\n  missing: unknown\n}\n`
  return codesOf(text).filter((code) => code !== 'W0208' && code !== 'W0120' && code !== 'W0310')
}

export function passOf(expression: string, subject = 'trace', before = ''): Expr {
  const body = `  on: ${subject}\n  pass: ${expression}\n  missing: unknown`
  return compileEval(body, before).pass
}

export function evalNamed(plan: Plan, name: string): EvalPlan {
  const found = plan.evals.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no eval ${name}`)
  return found
}

/** A short form of an expression, with all brackets. */
export function show(expr: Expr): string {
  switch (expr.op) {
    case 'literal':
      return JSON.stringify(expr.value)
    case 'field':
      return expr.path
    case 'trace_field':
      return `trace.${expr.path}`
    case 'attr':
      return `attr(${expr.name})`
    case 'score':
      return 'score'
    case 'and':
    case 'or':
      return `(${expr.args.map(show).join(` ${expr.op} `)})`
    case 'not':
      return `(not ${show(expr.arg)})`
    case 'compare':
      return `(${show(expr.left)} ${expr.cmp} ${show(expr.right)})`
    case 'arith':
      return `(${show(expr.left)} ${expr.fn} ${show(expr.right)})`
    case 'default':
      return `(${show(expr.left)} ?? ${show(expr.right)})`
    case 'contains':
    case 'starts_with':
      return `(${show(expr.left)} ${expr.op} ${show(expr.right)})`
    case 'in':
      return `(${show(expr.value)} in ${expr.items.map(show).join(',')})`
    case 'matches':
      return `(${show(expr.value)} matches ${expr.patterns.join(',')})`
    case 'aggregate': {
      const { over, value } = expr
      return `${expr.fn}(${over.subject}${value === null ? '' : ` ${show(value)}`}${over.where === null ? '' : ` where ${show(over.where)}`})`
    }
    case 'is_missing':
    case 'is_present':
    case 'length':
    case 'is_json':
      return `${expr.op}(${show(expr.arg)})`
    case 'before':
      return 'before'
    case 'repeats':
      return 'repeats'
    case 'verdict_of':
      return `${expr.evalId} is ${expr.verdict}`
  }
}

/** An online eval, and an offline one, as declarations. */
export const FAST = 'online eval fast {\n  on: trace\n  pass: duration <= 8s\n}\n'
export const OFFLINE = `offline eval helpful {
  every:   cron "0 */6 * * *" in "Europe/London"
  sample:  200 of trace where count(retrieval) > 0 over 6h
  judge:   "a/one", "b/two" take mean or else "c/three"
  show:    input.text, output.text, tool_call.name
  scale:   1 to 5
  rubric:  """
    5  Solved.

    1  Not.
    """
  pass:    score >= 4
  missing: fail
}
`
