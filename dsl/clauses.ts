/** The clauses of a declaration by key: which there may be, which there must be, and what each may hold. */

import type { Fix } from './diagnostics/diagnostic.ts'
import type { Reporter } from './diagnostics/reporter.ts'
import { literalValue } from './literals.ts'
import { renaming, replacement } from './machine-fix.ts'
import type { Module } from './module.ts'
import { didYouMean, nearest, soleNearest } from './suggest.ts'
import type { BlockDecl, ClauseNode, ClauseValue, ExprNode, Ident } from './syntax/ast.ts'

export type DeclKind = 'online eval' | 'offline eval' | 'alert' | 'scorecard'

/** `a scorecard`, `an alert`. */
const named = (kind: DeclKind): string => `${kind === 'scorecard' ? 'a' : 'an'} ${kind}`

interface KindClauses {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

export const CLAUSES: Record<DeclKind, KindClauses> = {
  'online eval': {
    required: ['on', 'pass'],
    optional: ['title', 'owner', 'was', 'score', 'missing', 'redact', 'mode'],
  },
  'offline eval': {
    required: ['every', 'sample', 'judge', 'show', 'scale', 'rubric', 'pass'],
    optional: ['title', 'owner', 'was', 'missed', 'metric', 'proxy', 'labels', 'budget', 'missing', 'mode'],
  },
  alert: {
    required: ['on', 'when', 'severity'],
    optional: ['title', 'owner', 'was', 'notify', 'no_data', 'for', 'false_alarms', 'mode'],
  },
  scorecard: {
    required: ['every', 'over', 'row'],
    optional: ['title', 'owner', 'notify', 'mode'],
  },
}
/** What an eval that is made from a template says itself: who, where and when; what is measured is the template's. */
export const OF_A_USE: Record<'online eval' | 'offline eval', readonly string[]> = {
  'online eval': ['on', 'title', 'owner', 'was', 'mode', 'missing'],
  'offline eval': [
    'every',
    'missed',
    'sample',
    'judge',
    'proxy',
    'labels',
    'budget',
    'title',
    'owner',
    'was',
    'mode',
    'missing',
  ],
}

/** Clauses of a template, and the view of its file in which they are looked at. */
export interface Inherited {
  readonly clauses: readonly ClauseNode[]
  readonly module: Module
  /** A template is looked at by itself: what its uses say may be absent. */
  readonly isTrial: boolean
}

/** Written as often as one likes. */
export const REPEATABLE: ReadonlySet<string> = new Set(['row'])
/** `metric:` stands for these: where it is written, they are not missed. */
const INSTEAD_OF_JUDGE = ['judge', 'show', 'scale', 'rubric']
/** What only a judge with a rubric needs. */
const OF_RUBRIC = ['show', 'scale', 'rubric']

export class Clauses {
  readonly #byKey = new Map<string, ClauseNode>()
  readonly #repeated: ClauseNode[] = []
  readonly reporter: Reporter
  readonly decl: BlockDecl
  /** False when a required clause is not there, or one that does not go with the others (told). */
  complete = true

  readonly #inherited: Inherited | null
  readonly #fromTemplate = new Set<string>()

  /** `inherited` stand where the declaration has no clause of its own. */
  constructor(decl: BlockDecl, kind: DeclKind, reporter: Reporter, inherited: Inherited | null = null) {
    this.decl = decl
    this.reporter = reporter
    this.#inherited = inherited
    for (const clause of decl.clauses) this.#take(clause, kind, reporter)
    this.#inherit(kind)
    this.#checkRequired(kind)
  }

  #inherit(kind: DeclKind): void {
    if (this.#inherited === null) return
    const own = new Set(this.#byKey.keys())
    const { clauses, module } = this.#inherited
    for (const clause of clauses) {
      const { text } = clause.key
      if (own.has(text)) continue
      this.#fromTemplate.add(text)
      this.#take(clause, kind, module.reporter)
    }
  }

  /** Where the names in a clause are looked up, and what is wrong with it is told: `own`, or the template's file. */
  home(key: string, own: Module): Module {
    return this.#inherited !== null && this.#fromTemplate.has(key) ? this.#inherited.module : own
  }

  /** True when the clause is the template's. */
  isInherited(key: string): boolean {
    return this.#fromTemplate.has(key)
  }

  #reporterOf(key: string): Reporter {
    return this.#inherited !== null && this.#fromTemplate.has(key) ? this.#inherited.module.reporter : this.reporter
  }

  #take(clause: ClauseNode, kind: DeclKind, reporter: Reporter): void {
    const { key } = clause
    const { required, optional } = CLAUSES[kind]
    if (!required.includes(key.text) && !optional.includes(key.text)) {
      this.#reportUnknown(key, kind, reporter)
      return
    }
    if (REPEATABLE.has(key.text)) this.#repeated.push(clause)
    const before = this.#byKey.get(key.text)
    if (before === undefined) {
      this.#byKey.set(key.text, clause)
      return
    }
    if (REPEATABLE.has(key.text)) return
    const { line } = reporter.source.position(before.key.span.start)
    reporter.report('E0109', key.span, `\`${key.text}:\` is written twice`, {
      label: 'again',
      notes: [`first on line ${line}`],
    })
  }

  #reportUnknown(key: Ident, kind: DeclKind, reporter: Reporter): void {
    if (key.text === '') return
    const allowed = [...CLAUSES[kind].required, ...CLAUSES[kind].optional]
    const owners = Object.entries(CLAUSES).filter(([, keys]) => [...keys.required, ...keys.optional].includes(key.text))
    if (owners.length > 0) {
      const label = `belongs to ${owners.map(([name]) => `\`${name}\``).join(' and ')}`
      reporter.report('E0111', key.span, `${named(kind)} has no \`${key.text}:\``, { label })
      return
    }
    const guess = nearest(key.text, allowed)
    reporter.report('E0108', key.span, `${named(kind)} has no \`${key.text}:\`${didYouMean(key.text, allowed)}`, {
      label: 'unknown clause',
      ...(guess === null ? { notes: [`clauses: ${allowed.join(', ')}`] } : clauseFix(key, allowed)),
    })
  }

  #checkRequired(kind: DeclKind): void {
    const { decl } = this
    // Where something could not be read, what is missing may be in it.
    if (decl.damaged) {
      this.complete = false
      return
    }
    const metric = this.#byKey.has('metric')
    for (const key of metric ? OF_RUBRIC : []) {
      const clause = this.#byKey.get(key)
      if (clause === undefined) continue
      this.complete = false
      this.#reporterOf(key).report('E0424', clause.key.span, `a metric takes no \`${key}:\``, {
        label: 'belongs to a judge with a rubric',
        notes: ['an eval has a `metric:`, or a `judge:` with `show:`, `scale:` and `rubric:`'],
      })
    }
    const leftOut: readonly string[] =
      this.#inherited?.isTrial && kind in OF_A_USE ? OF_A_USE[kind as keyof typeof OF_A_USE] : []
    const absent = CLAUSES[kind].required.filter(
      (key) => !leftOut.includes(key) && !this.#byKey.has(key) && !(metric && INSTEAD_OF_JUDGE.includes(key)),
    )
    if (absent.length === 0) return
    this.complete = false
    const list = absent.map((key) => `\`${key}:\``).join(', ')
    this.reporter.report('E0110', decl.name.span, `\`${decl.name.text}\` has no ${list}`, {
      label: `${named(kind)} needs ${absent.length === 1 ? 'it' : 'them'}`,
      fix: {
        applicability: 'choice',
        title: 'add',
        options: absent.map((key) => ({ text: `${key}: …`, comment: PURPOSE[key] ?? '' })),
      },
    })
  }

  has(key: string): boolean {
    return this.#byKey.has(key)
  }

  clause(key: string): ClauseNode | null {
    return this.#byKey.get(key) ?? null
  }

  value<K extends ClauseValue['kind']>(key: string, kind: K): Extract<ClauseValue, { kind: K }> | null {
    const value = this.#byKey.get(key)?.value
    return value?.kind === kind ? (value as Extract<ClauseValue, { kind: K }>) : null
  }

  /** All clauses of a key that may be written several times. */
  all<K extends ClauseValue['kind']>(key: string, kind: K): Extract<ClauseValue, { kind: K }>[] {
    return this.#repeated.flatMap((clause) =>
      clause.key.text === key && clause.value.kind === kind ? [clause.value as Extract<ClauseValue, { kind: K }>] : [],
    )
  }

  /** The expressions of a clause; empty when it is not there or in error. */
  values(key: string): ExprNode[] {
    return this.value(key, 'values')?.items ?? []
  }

  /** The one expression of a clause; null when it is not there, in error, or there are several (told). */
  single(key: string): ExprNode | null {
    const [first, second] = this.values(key)
    if (second !== undefined) {
      this.#reporterOf(key).report('E0004', second.span, `\`${key}:\` takes one value`, { label: 'a second one' })
      return null
    }
    return first ?? null
  }

  /** A text; null when it is not there or in error. */
  text(key: string): string | null {
    const node = this.single(key)
    if (node === null || node.kind === 'error') return null
    const parameter = node.kind === 'path' ? this.#parameter(key, node.path) : null
    if (parameter !== null) return parameter
    const value =
      node.kind === 'literal' && (node.token === 'text' || node.token === 'block') ? literalValue(node) : null
    if (value !== null) return String(value.value)
    this.#reporterOf(key).report('E0112', node.span, `\`${key}:\` takes a text`, { label: 'write it in quotes: "…"' })
    return null
  }

  /** The text of a template's parameter; null when the name is none. */
  #parameter(key: string, name: string): string | null {
    const value = this.isInherited(key) ? this.#inherited?.module.params?.get(name) : undefined
    if (value?.type.kind !== 'string') return null
    return value.expr.op === 'literal' ? String(value.expr.value) : name
  }

  /** One of some words; `fallback` when it is not there, null when in error. */
  word<W extends string, F>(key: string, words: readonly W[], fallback: F): W | F | null {
    const clause = this.clause(key)
    if (clause === null) return fallback
    const node = this.single(key)
    if (node === null || node.kind === 'error') return null
    if (node.kind === 'path' && (words as readonly string[]).includes(node.path)) return node.path as W
    reportWord(this.#reporterOf(key), key, node, words)
    return null
  }
}

function clauseFix(key: Ident, allowed: readonly string[]): { fix?: Fix } {
  const meant = soleNearest(key.text, allowed)
  return meant === null ? {} : { fix: replacement(key.span, meant, `${meant}:`) }
}

/** Why each required clause is there, for the fix that adds it. */
const PURPOSE: Record<string, string> = {
  on: 'what it looks at',
  pass: 'the condition that has to hold',
  every: 'when it runs: `day at 06:00 in "UTC"`',
  sample: 'what it judges: `200 of trace over 24h`',
  judge: 'the model that judges',
  show: 'the fields that the judge sees',
  scale: 'the scores: `1 to 5`',
  rubric: 'what each score means',
  when: 'the condition that fires: `count(fail) >= 1 over 10m`',
  severity: 'page, ticket or info',
  over: 'the time that it tells of: `7d vs 7d`',
  row: 'what it shows: `pass_rate(fast), coverage(fast)`',
}

export function reportWord(reporter: Reporter, key: string, node: ExprNode, words: readonly string[]): void {
  const written = node.kind === 'path' ? `\`${node.path}\`` : 'this'
  const guess = node.kind === 'path' ? didYouMean(node.path, words) : ''
  reporter.report('E0112', node.span, `${written} is not what \`${key}:\` takes${guess}`, {
    label: `one of ${words.map((word) => `\`${word}\``).join(', ')}`,
    ...(node.kind === 'path' && renaming(node.span, node.path, words)),
  })
}
