/**
 * A file after parsing: what it declares and what its imports stand for. Constants, named expressions, patterns, scopes,
 * templates, and evals with alerts and scorecards are name spaces of their own: each is asked for in places of its own. Constants and named
 * expressions stand in the same places, so no two of them have one name.
 */
import type { Reporter } from './diagnostics/reporter.ts'
import type { DeclNode, FalseAlarmsNode, FileNode, PolicyNode } from './syntax/ast.ts'
import type { Typed } from './typed.ts'

export type ConstDecl = Extract<DeclNode, { kind: 'const' }>
export type DefineDecl = Extract<DeclNode, { kind: 'define' }>
export type TemplateDecl = Extract<DeclNode, { kind: 'template' }>
export type PatternDecl = Extract<DeclNode, { kind: 'pattern' }>
export type ScopeDecl = Extract<DeclNode, { kind: 'scope' }>
export type EvalDecl = Extract<DeclNode, { kind: 'eval' }>
export type AlertDecl = Extract<DeclNode, { kind: 'alert' }>
export type ScorecardDecl = Extract<DeclNode, { kind: 'scorecard' }>
export type RuleDecl = EvalDecl | AlertDecl | ScorecardDecl
export type TestDecl = Extract<DeclNode, { kind: 'test' }>
export type ImportDecl = Extract<DeclNode, { kind: 'import' }>

export interface ImportLink {
  readonly decl: ImportDecl
  /** Null: it could not be read, which has been told. */
  readonly module: Module | null
  used: boolean
}

export interface Names {
  readonly consts: Map<string, ConstDecl>
  readonly defines: Map<string, DefineDecl>
  readonly templates: Map<string, TemplateDecl>
  readonly patterns: Map<string, PatternDecl>
  readonly scopes: Map<string, ScopeDecl>
  readonly rules: Map<string, RuleDecl>
}

export type NameSpace = keyof Names

export interface Module {
  readonly path: string
  readonly reporter: Reporter
  readonly file: FileNode
  /** Empty when the file doesn't say. */
  readonly packageName: string
  readonly names: Names
  readonly imports: Map<string, ImportLink>
  readonly tests: TestDecl[]
  readonly defaultMissing: PolicyNode | null
  readonly defaultFalseAlarms: FalseAlarmsNode | null
  /** Names that something refers to, by name space: the rest is dead. */
  readonly used: Record<NameSpace, Set<string>>
  /** All files of the project by path, this one too. */
  readonly readTogether: ReadonlyMap<string, Module>
  /** Of a view of a file (`viewOf`): the file itself, by which what it declares is known. */
  readonly origin?: Module
  /** Of a view of a template's file: the values of its parameters. */
  readonly params?: ReadonlyMap<string, Typed>
}

/**
 * The same file, with diagnostics of its own and perhaps with values of parameters: for what is looked at once where it is
 * written, and again in each place where it is used.
 */
export function viewOf(module: Module, reporter: Reporter, params?: ReadonlyMap<string, Typed>): Module {
  return { ...module, reporter, origin: originOf(module), ...(params !== undefined && { params }) }
}

export function originOf(module: Module): Module {
  return module.origin ?? module
}

export interface Found<D> {
  readonly decl: D
  readonly module: Module
}

type DeclOf = {
  consts: ConstDecl
  defines: DefineDecl
  templates: TemplateDecl
  patterns: PatternDecl
  scopes: ScopeDecl
  rules: RuleDecl
}

export type Lookup<D> =
  | { kind: 'found'; found: Found<D> }
  /** No such name; `candidates` are those that there are. */
  | { kind: 'absent'; candidates: string[] }
  /** In a file or declaration that could not be read: told already. */
  | { kind: 'broken' }

/** Finds `name`, or `alias.name` behind an import, and marks it used. */
export function lookup<K extends NameSpace>(module: Module, space: K, path: string): Lookup<DeclOf[K]> {
  const local = module.names[space].get(path)
  if (local !== undefined) {
    module.used[space].add(path)
    return { kind: 'found', found: { decl: local as DeclOf[K], module: originOf(module) } }
  }
  const dot = path.indexOf('.')
  const link = dot < 0 ? undefined : module.imports.get(path.slice(0, dot))
  if (link === undefined) return absent(module, module, space)
  link.used = true
  if (link.module === null) return { kind: 'broken' }
  const name = path.slice(dot + 1)
  const decl = link.module.names[space].get(name)
  if (decl !== undefined) {
    link.module.used[space].add(name)
    return { kind: 'found', found: { decl: decl as DeclOf[K], module: link.module } }
  }
  return absent(link.module, module, space)
}

/** A name that a file does not have may be one that could not be read. */
function absent(home: Module, module: Module, space: NameSpace): Lookup<never> {
  if (!home.file.complete) return { kind: 'broken' }
  return {
    kind: 'absent',
    // Most words that are asked for as a name are fields: who has no error to tell needs no list.
    get candidates() {
      return namesIn(module, space)
    },
  }
}

/** All names that may be written in `module`, those behind imports with their alias. */
export function namesIn(module: Module, space: NameSpace): string[] {
  const names = [...module.names[space].keys()]
  for (const [alias, link] of module.imports) {
    for (const name of link.module?.names[space].keys() ?? []) names.push(`${alias}.${name}`)
  }
  return names
}

/** What a name is, where it is not what was looked for: "a pattern", "an eval". */
export function otherMeaning(module: Module, path: string): string | null {
  const meanings: [NameSpace, string][] = [
    ['consts', 'a constant'],
    ['defines', 'a named expression'],
    ['templates', 'a template'],
    ['patterns', 'a pattern'],
    ['scopes', 'a scope'],
    ['rules', 'an eval, alert or scorecard'],
  ]
  for (const [space, meaning] of meanings) if (namesIn(module, space).includes(path)) return meaning
  return module.imports.has(path) ? 'an import' : null
}
