/** Constants and patterns: what a name stands for. */
import { renaming } from '../machine-fix.ts'
import type { ConstDecl, Module, PatternDecl } from '../module.ts'
import type { PatternPlan } from '../plan.ts'
import { splitRegex } from '../regex.ts'
import { didYouMean } from '../suggest.ts'
import { commonType, describeType, type Type } from '../types.ts'
import { ERRONEOUS, type ExprContext, type Project, type Typed } from './context.ts'
import { elaborate } from './expression.ts'
import { problemInFile } from './file-patterns.ts'
import { adapt } from './literals.ts'
import { regexDetails, warnOfCost } from './matches.ts'
import { bareNumberFix } from './mismatch.ts'

export const CONST_TYPES: Record<string, Type['kind']> = {
  bool: 'bool',
  string: 'string',
  int: 'int',
  number: 'number',
  tokens: 'tokens',
  duration: 'duration',
  ratio: 'ratio',
  money: 'money',
}

/** The value of a constant: always a literal, so that its name leaves no trace in a plan. */
export function constantOf(decl: ConstDecl, module: Module, project: Project): Typed {
  if (decl.damaged) return ERRONEOUS
  const context: ExprContext = { project, module, subject: null, score: null, aggregate: null, matched: new Set() }
  const typed = elaborate(decl.value, context)
  if (decl.type === null || decl.type.text === '') return typed
  const kind = CONST_TYPES[decl.type.text]
  if (kind === undefined) {
    const names = Object.keys(CONST_TYPES)
    module.reporter.report(
      'E0112',
      decl.type.span,
      `there is no type \`${decl.type.text}\` of constants${didYouMean(decl.type.text, names)}`,
      {
        label: `one of ${names.join(', ')}`,
        ...renaming(decl.type.span, decl.type.text, names),
      },
    )
    return typed
  }
  if (typed.type.kind === 'unknown') return ERRONEOUS
  const wanted: Type =
    kind === 'money'
      ? typed.type.kind === 'money'
        ? typed.type
        : { kind: 'money', currency: 'USD' }
      : ({ kind } as Type)
  const adapted = adapt(typed, wanted)
  if (commonType(wanted, adapted.type)?.kind === wanted.kind) return { ...adapted, type: wanted, flexible: false }
  const fix = bareNumberFix(wanted, decl.value, typed.type)
  module.reporter.report(
    'E0201',
    decl.value.span,
    `this is ${describeType(typed.type)}, and \`${decl.name.text}\` is declared as \`${decl.type.text}\``,
    { label: 'of another type', ...(fix !== null && { fix }) },
  )
  return ERRONEOUS
}

export const CHECKS = ['luhn', 'iban'] as const

/** Null when it is in error (told). */
export function patternPlan(decl: PatternDecl, module: Module): PatternPlan | null {
  const { regex, check } = decl
  const { reporter } = module
  if (regex.kind === 'error' || decl.damaged) return null
  if (regex.kind !== 'regex') {
    reporter.report('E0309', regex.span, 'this is not a pattern', { label: 'a regex is written `/…/`' })
    return null
  }
  const problem = problemInFile(regex.raw, module)
  if (problem !== null) {
    const span = { start: regex.span.start + problem.start, end: regex.span.start + problem.end }
    reporter.report(problem.code, span, problem.message, regexDetails(problem, regex.span))
    return null
  }
  const checksum = check === null ? null : (CHECKS.find((known) => known === check.text) ?? null)
  if (check !== null && checksum === null && check.text !== '') {
    reporter.report('E0306', check.span, `there is no checksum \`${check.text}\`${didYouMean(check.text, CHECKS)}`, {
      label: `one of ${CHECKS.join(', ')}`,
      ...renaming(check.span, check.text, CHECKS),
    })
    return null
  }
  const { source, flags } = splitRegex(regex.raw)
  warnOfCost(regex, source, module)
  const pack = module.path.startsWith('assay:') ? module.path.slice('assay:'.length) : null
  const name = qualifiedName(decl.name.text, pack)
  return { name, source, caseInsensitive: flags.includes('i'), check: checksum, builtin: pack === null ? null : name }
}

function qualifiedName(name: string, pack: string | null): string {
  return pack === null ? name : `${pack}.${name}`
}
