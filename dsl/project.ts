/** A set of files to a plan: the one door of this folder. Pure; `readImport` is the only way out. */
import { withoutAllowed } from './allowances.ts'
import { costsOf, type EvalCost } from './cost/eval-cost.ts'
import { type CostLimits, reportLimits } from './cost/limits.ts'
import type { Code } from './diagnostics/codes.ts'
import type { Diagnostic } from './diagnostics/diagnostic.ts'
import type { Typed } from './elaborate/context.ts'
import type { Renamed } from './former-ids.ts'
import { IDENTITIES, type Identities, NO_IDENTITIES } from './hash.ts'
import { removal } from './machine-fix.ts'
import type { Module } from './module.ts'
import type { EvalPlan, Plan } from './plan.ts'
import { ProjectCompiler, type ProjectCounts } from './project-compiler.ts'
import {
  ModuleLoader,
  type Parsed,
  type ReadImport,
  type ReadLabels,
  type ReadTraces,
  type SourceText,
} from './resolve.ts'

export interface ProjectInput {
  files: readonly SourceText[]
  /**
   * What `import x from "SPECIFIER"` in `fromPath` stands for; null: there is none. The same file must come with the same
   * path however it is reached. Packs have paths such as `assay:pii`; their patterns alone are taken for reviewed.
   */
  readImport: ReadImport
  /** What `given file "PATH"` in `fromPath` stands for. Without it, files of traces are taken as they are named. */
  readTraces?: ReadTraces
  /** Without it, files of labels are taken as they are named, and for empty. */
  readLabels?: ReadLabels
  /** Asks for what each eval costs, and tells of what costs more than it may. */
  cost?: { limits: CostLimits }
  /** In place of `parseText`, for whoever keeps trees between calls. */
  parse?: (file: SourceText) => Parsed
}

/** What is known of a project, also of one in error. */
export interface Analysis {
  readonly diagnostics: Diagnostic[]
  /** Of each file and what it imports, by path. */
  readonly modules: ReadonlyMap<string, Module>
  /** Those that are not in error; their hashes are empty. */
  readonly evals: readonly EvalPlan[]
  /** What has `was:`, with the ids of before. */
  readonly renamed: readonly Renamed[]
  /** The value of a constant; of one in error, its type is unknown. */
  constant(module: Module, name: string): Typed
}

/** `plan` is null exactly when a diagnostic is an error. Diagnostics come by file, then by place. */
export function compileProject(input: ProjectInput): { plan: Plan | null; diagnostics: Diagnostic[] } {
  const { compiler, modules, diagnostics } = compileModules(input, IDENTITIES)
  return { plan: hasErrors(diagnostics) ? null : compiler.plan([...modules.keys()].sort()), diagnostics }
}

/**
 * What is wrong, and how much there is, without a plan: nothing is stored by what is only checked, and identities are a sixth
 * of the time. `counts` is null exactly when a diagnostic is an error.
 */
export function checkProject(input: ProjectInput): {
  counts: ProjectCounts | null
  /** Of the evals that are not in error; empty where nobody asked. */
  costs: readonly EvalCost[]
  diagnostics: Diagnostic[]
} {
  const { compiler, costs, diagnostics } = compileModules(input, NO_IDENTITIES)
  return { counts: hasErrors(diagnostics) ? null : compiler.counts(), costs, diagnostics }
}

/** All that an editor asks of; without a plan, as the check is. */
export function analyseProject(input: ProjectInput): Analysis {
  const { compiler, modules, diagnostics } = compileModules(input, NO_IDENTITIES)
  return {
    diagnostics,
    modules,
    evals: compiler.evals(),
    renamed: compiler.renamed(),
    constant: (module, name) => compiler.constant(module, name),
  }
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}

function compileModules(
  input: ProjectInput,
  identities: Identities,
): {
  compiler: ProjectCompiler
  modules: ModuleLoader['modules']
  costs: readonly EvalCost[]
  diagnostics: Diagnostic[]
} {
  const loader = new ModuleLoader(input.readImport, input.parse)
  const files = [...input.files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const modules = [...new Set(files.map((file) => loader.load(file)))]
  const compiler = new ProjectCompiler(
    identities,
    input.readTraces ?? ((_from, path) => ({ ok: true, path, traceIds: null })),
    input.readLabels ?? (() => ({ ok: true, text: '' })),
  )
  for (const module of modules) compiler.compileAll(module)
  compiler.checkRenames()
  const costs = input.cost === undefined ? [] : costsOf(compiler.evals(), loader.modules)
  if (input.cost !== undefined) reportLimits(costs, input.cost.limits, loader.modules)
  const notLookedFor = withoutLimits(input.cost?.limits)
  const all = [...loader.modules.values()]
  for (const module of modules) reportUnusedImports(module)
  const diagnostics = all.flatMap((module) =>
    [...withoutAllowed(module.reporter, module.file.declarations, notLookedFor)].sort(
      (a, b) => a.line - b.line || a.column - b.column,
    ),
  )
  diagnostics.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))
  return { compiler, modules: loader.modules, costs, diagnostics }
}

/** Codes of limits that there are none of here: an `assay-allow` of one may be used elsewhere. */
function withoutLimits(limits: CostLimits | undefined): ReadonlySet<Code> {
  const codes = new Set<Code>()
  if (limits === undefined || limits.perEval === null) codes.add('E0701')
  if (limits === undefined || limits.total === null) codes.add('E0702')
  return codes
}

function reportUnusedImports(module: Module): void {
  // What is in error was not looked at to its end, and may be what the import is for.
  if (module.reporter.diagnostics.some((diagnostic) => diagnostic.severity === 'error')) return
  for (const [alias, link] of module.imports) {
    if (!link.used && link.module !== null)
      module.reporter.report('W0120', link.decl.alias.span, `\`${alias}\` is imported and never used`, {
        label: 'unused',
        fix: removal(module.reporter.source, link.decl.span, `import ${alias}`),
      })
  }
}
