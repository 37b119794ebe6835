/** Constants and patterns: what a name stands for. */
import { renaming } from '../machine-fix.ts'
import type { ConstDecl, Module, PatternDecl } from '../module.ts'
import type { PatternPlan } from '../plan.ts'
import { splitRegex } from '../regex.ts'
import { didYouMean } from '../suggest.ts'
import type { ExprNode, Ident } from '../syntax/ast.ts'
import { commonType, describeType, type Type } from '../types.ts'
import { ERRONEOUS, type ExprContext, type Project, type Typed } from './context.ts'
import { elaborate } from './expression.ts'
import { problemInFile } from './file-patterns.ts'
import { adapt } from './literals.ts'
import { regexDetails, warnOfCost } from './matches.ts'
import { bareNumberFix } from './mismatch.ts'

/** Types that a constant or a parameter can be declared with. */
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
  return asDeclared(typed, { name: decl.name, type: decl.type, value: decl.value, notes: [] }, module)
}

/** Of what is declared with a type: its name, and how its value is written. */
export interface Declared {
  readonly name: Ident
  readonly type: Ident
  /** Null: there is none to point at. */
  readonly value: ExprNode | null
  readonly notes: readonly string[]
}

/** The value as one of the declared type; erroneous when it is none (told). */
export function asDeclared(typed: Typed, { name, type, value, notes }: Declared, module: Module): Typed {
  const kind = CONST_TYPES[type.text]
  if (kind === undefined) {
    const names = Object.keys(CONST_TYPES)
    module.reporter.report('E0112', type.span, `there is no type \`${type.text}\` ${didYouMean(type.text, names)}`, {
      label: `one of ${names.join(', ')}`,
      ...renaming(type.span, type.text, names),
    })
    return ERRONEOUS
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
  const fix = value === null ? null : bareNumberFix(wanted, value, typed.type)
  module.reporter.report(
    'E0201',
    (value ?? type).span,
    `this is ${describeType(typed.type)}, and \`${name.text}\` is declared as \`${type.text}\``,
    { label: 'of another type', notes: [...notes], ...(fix !== null && { fix }) },
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
