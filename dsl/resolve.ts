/** From parsed files to modules: what each declares, and what its imports stand for. */
import { MAX_CHAIN, reportLongChain } from './chains.ts'
import type { Diagnostic, Fix } from './diagnostics/diagnostic.ts'
import { Reporter } from './diagnostics/reporter.ts'
import { renaming, replacement } from './machine-fix.ts'
import type { ImportLink, Module, Names } from './module.ts'
import { findField, isSubject } from './schema.ts'
import { Source } from './source.ts'
import { STANDARD_PACKS } from './standard-packs.ts'
import { soleNearest } from './suggest.ts'
import type { DeclNode, FalseAlarmsNode, FileNode, Ident, PolicyNode, StringNode } from './syntax/ast.ts'
import { parseFile } from './syntax/parse.ts'

export interface SourceText {
  path: string
  text: string
}
/** What a file of traces holds, for `given file`: the ids of its traces, null where nobody looked; or why it is none. */
export type TracesFile = { ok: true; path: string; traceIds: readonly string[] | null } | { ok: false; message: string }
/** Null: there is no such file. */
export type ReadTraces = (fromPath: string, path: string) => TracesFile | null
export type LabelsFile = { ok: true; text: string } | { ok: false; message: string }
/** What `labels: "PATH"` in `fromPath` stands for. Null: there is no such file. */
export type ReadLabels = (fromPath: string, path: string) => LabelsFile | null
export type ReadImport = (fromPath: string, specifier: string) => SourceText | null

/** A text's tree, and what is wrong in its form. Never changed after: it can be kept for as long as the text is the same. */
export interface Parsed {
  readonly source: Source
  readonly tree: FileNode
  readonly problems: readonly Diagnostic[]
}

export function parseText({ path, text }: SourceText): Parsed {
  const reporter = new Reporter(new Source(path, text))
  const tree = parseFile(reporter.source, reporter)
  return { source: reporter.source, tree, problems: reporter.diagnostics }
}

const RESERVED_VALUES = new Set(['true', 'false', 'score', 'missing', 'present'])

/** Reads files and, through `readImport`, what they import, each path once. */
export class ModuleLoader {
  readonly modules = new Map<string, Module>()
  readonly #readImport: ReadImport
  /** Paths that are being loaded, outermost first: meeting one again is a cycle. */
  readonly #loading: string[] = []

  readonly #parse: (file: SourceText) => Parsed

  constructor(readImport: ReadImport, parse: (file: SourceText) => Parsed = parseText) {
    this.#readImport = readImport
    this.#parse = parse
  }

  load(file: SourceText): Module {
    const known = this.modules.get(file.path)
    if (known !== undefined) return known
    const { source, tree, problems } = this.#parse(file)
    const module = declare(file.path, tree, new Reporter(source, problems), this.modules)
    this.modules.set(file.path, module)
    this.#loading.push(file.path)
    for (const link of importsOf(module, tree)) {
      const { alias } = link.decl
      module.imports.set(alias.text, { ...link, module: this.#follow(module, link) })
    }
    this.#loading.pop()
    return module
  }

  #follow(module: Module, link: ImportLink): Module | null {
    const { specifier } = link.decl
    const target = this.#readImport(module.path, specifier.value)
    if (target === null) {
      const notes = specifier.value.startsWith('assay:')
        ? [`standard packs: ${STANDARD_PACKS.join(', ')}`]
        : ['a path is relative to the file that imports: "../shared/latency.eval"']
      module.reporter.report('E0105', specifier.span, `\`${specifier.value}\` cannot be read`, {
        label: 'not found',
        notes,
        ...packFix(specifier),
      })
      return null
    }
    if (this.#loading.includes(target.path)) {
      const round = [...this.#loading.slice(this.#loading.indexOf(target.path)), target.path].join(' → ')
      module.reporter.report('E0106', specifier.span, 'files cannot import each other in a circle', {
        label: 'closes the circle',
        notes: [round],
      })
      return null
    }
    if (this.#loading.length >= MAX_CHAIN) {
      reportLongChain('this import', specifier.span, module.reporter)
      return null
    }
    return this.load(target)
  }
}

/** Of a misspelt standard pack, with its `assay:` or without. */
function packFix({ value, span }: StringNode): { fix?: Fix } {
  if (/[./\\]/.test(value)) return {}
  const name = value.startsWith('assay:') ? value : `assay:${value}`
  const meant = STANDARD_PACKS.includes(name) ? name : soleNearest(name, STANDARD_PACKS)
  return meant === null ? {} : { fix: replacement(span, `"${meant}"`) }
}

function declare(path: string, file: FileNode, reporter: Reporter, readTogether: ReadonlyMap<string, Module>): Module {
  const names: Names = {
    consts: new Map(),
    defines: new Map(),
    templates: new Map(),
    patterns: new Map(),
    scopes: new Map(),
    rules: new Map(),
  }
  let packageDecl: Extract<DeclNode, { kind: 'package' }> | null = null
  let defaultMissing: PolicyNode | null = null
  let defaultFalseAlarms: FalseAlarmsNode | null = null
  const tests: Module['tests'] = []
  const testNames = new Map<string, { name: Ident }>()
  for (const decl of file.declarations) {
    switch (decl.kind) {
      case 'package':
        if (packageDecl !== null) reportTwice(reporter, 'a file has one `package`', decl.name, packageDecl.name)
        packageDecl ??= decl
        break
      case 'const':
      case 'define': {
        if (findField(decl.name.text) !== undefined || RESERVED_VALUES.has(decl.name.text) || isSubject(decl.name.text))
          reporter.report('E0117', decl.name.span, `\`${decl.name.text}\` has a meaning in every expression already`, {
            label: 'choose another name',
          })
        const other = (decl.kind === 'const' ? names.defines : names.consts).get(decl.name.text)
        if (other !== undefined) reportTwice(reporter, `\`${decl.name.text}\` is declared twice`, decl.name, other.name)
        else if (decl.kind === 'const') add(names.consts, decl.name, decl, reporter)
        else add(names.defines, decl.name, decl, reporter)
        break
      }
      case 'template':
        add(names.templates, decl.name, decl, reporter)
        break
      case 'pattern':
        add(names.patterns, decl.name, decl, reporter)
        break
      case 'scope':
        if (isSubject(decl.name.text))
          reporter.report('E0117', decl.name.span, `\`${decl.name.text}\` is a subject already`, {
            label: 'choose another name',
          })
        add(names.scopes, decl.name, decl, reporter)
        break
      case 'eval':
      case 'alert':
      case 'scorecard':
        add(names.rules, decl.name, decl, reporter)
        break
      case 'test': {
        const name: Ident = { text: decl.name.value, span: decl.name.span }
        const before = testNames.get(name.text)
        if (before !== undefined) reportTwice(reporter, `two tests are called "${name.text}"`, name, before.name)
        else testNames.set(name.text, { name })
        tests.push(decl)
        break
      }
      case 'default':
        if (!isDefault(decl, reporter)) break
        if ((decl.falseAlarms === null ? defaultMissing : defaultFalseAlarms) !== null)
          reporter.report('E0109', decl.key.span, `\`default ${decl.key.text}:\` is said twice`, {
            label: 'a file says it once',
          })
        defaultMissing ??= decl.policy
        defaultFalseAlarms ??= decl.falseAlarms
        break
      case 'import':
        break
    }
  }
  if (packageDecl === null) reportNoPackage(reporter)
  const packageName = packageDecl?.name.text ?? ''
  const used = {
    consts: new Set<string>(),
    defines: new Set<string>(),
    templates: new Set<string>(),
    patterns: new Set<string>(),
    scopes: new Set<string>(),
    rules: new Set<string>(),
  }
  return {
    path,
    reporter,
    file,
    packageName,
    names,
    imports: new Map(),
    tests,
    defaultMissing,
    defaultFalseAlarms,
    used,
    readTogether,
  }
}

/** True for a default that there is, with a value of its form. */
function isDefault({ key, policy, falseAlarms }: Extract<DeclNode, { kind: 'default' }>, reporter: Reporter): boolean {
  const forms: Record<string, boolean> = { missing: policy !== null, false_alarms: falseAlarms !== null }
  const fits = Object.hasOwn(forms, key.text) ? forms[key.text] : undefined
  if (fits === true || (policy === null && falseAlarms === null)) return fits === true
  if (fits === undefined)
    reporter.report('E0108', key.span, `there is no default for \`${key.text}\``, {
      label: '`default missing:` or `default false_alarms:`',
      ...renaming(key.span, key.text, Object.keys(forms)),
    })
  else
    reporter.report('E0112', key.span, `\`default ${key.text}:\` does not take this`, {
      label: key.text === 'missing' ? 'such as `unknown`' : 'such as `5% per 30d`',
    })
  return false
}

function reportNoPackage(reporter: Reporter): void {
  const text = `package ${suggestedPackage(reporter.source.path)}\n`
  reporter.report('E0101', { start: 0, end: 0 }, 'this file does not say its package', {
    notes: ["an eval's id is package/name: it is what results are stored and charts are drawn by"],
    fix: {
      applicability: 'machine',
      title: 'begin the file with',
      options: [{ text: text.trim() }],
      edit: { start: 0, end: 0, text },
    },
  })
}

function suggestedPackage(path: string): string {
  const name = (path.split(/[/\\:]/).at(-1) ?? '').replace(/\.eval$/, '').replace(/[^A-Za-z0-9_]+/g, '_')
  return /^[A-Za-z_]/.test(name) ? name : 'checks'
}

function add<D extends { name: Ident }>(into: Map<string, D>, name: Ident, decl: D, reporter: Reporter): void {
  if (name.text === '') return
  if (name.text.includes('.')) {
    reporter.report('E0118', name.span, `\`${name.text}\`: a name that is declared has no dots`, {
      label: 'dots lead into imports and fields',
    })
    return
  }
  const before = into.get(name.text)
  if (before === undefined) into.set(name.text, decl)
  else reportTwice(reporter, `\`${name.text}\` is declared twice`, name, before.name)
}

function reportTwice(reporter: Reporter, message: string, name: Ident, before: Ident): void {
  const { line } = reporter.source.position(before.span.start)
  reporter.report('E0103', name.span, message, { label: 'again', notes: [`first on line ${line}`] })
}

function importsOf(module: Module, file: FileNode): ImportLink[] {
  const links = new Map<string, ImportLink>()
  for (const decl of file.declarations) {
    if (decl.kind !== 'import' || decl.alias.text === '') continue
    const { alias } = decl
    const before = links.get(alias.text)
    if (before !== undefined)
      reportTwice(module.reporter, `\`${alias.text}\` is imported twice`, alias, before.decl.alias)
    else if (alias.text.includes('.') || isSubject(alias.text))
      module.reporter.report('E0117', alias.span, `\`${alias.text}\` cannot name an import`, {
        label: 'choose another name',
      })
    else links.set(alias.text, { decl, module: null, used: false })
  }
  return [...links.values()]
}
