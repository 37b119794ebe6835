import { MAX_CHAIN, reportLongChain } from './chains.ts'
import type { Inherited } from './clauses.ts'
import { checkDefaultFalseAlarms, compileAlert } from './compile-alert.ts'
import { compileOffline } from './compile-offline.ts'
import { compileOnline } from './compile-online.ts'
import { compileScorecard } from './compile-scorecard.ts'
import { compileTest } from './compile-test.ts'
import { ERRONEOUS, PatternTable, type Project, type Typed } from './elaborate/context.ts'
import { constantOf, patternPlan } from './elaborate/declarations.ts'
import { Definitions } from './elaborate/definitions.ts'
import { checkFormerIds, type Renamed } from './former-ids.ts'
import { hashOfPlan, type Identities, type Unhashed } from './hash.ts'
import { asksJudge } from './metrics.ts'
import {
  type AlertDecl,
  type DefineDecl,
  type EvalDecl,
  lookup,
  type Module,
  type RuleDecl,
  type ScorecardDecl,
  type TemplateDecl,
} from './module.ts'
import {
  type AlertPlan,
  type EvalPlan,
  type OfflineEvalPlan,
  type OnlineEvalPlan,
  type PatternPlan,
  PLAN_VERSION,
  type Plan,
  type ScorecardPlan,
  type Subject,
  type TestPlan,
} from './plan.ts'
import type { ReadLabels, ReadTraces } from './resolve.ts'
import { isSpanSubject, type SpanSubject } from './schema.ts'
import { namedScope } from './scopes.ts'
import type { Span } from './source.ts'
import type { UseNode } from './syntax/ast.ts'
import { checkTemplate, instanceOf, reportMisfit, templateOf } from './templates.ts'
import { evalNamesIn, unknownName } from './unknown-eval.ts'

/** How many of each kind a set of files declares. */
export interface ProjectCounts {
  readonly evals: number
  readonly alerts: number
  readonly scorecards: number
  readonly tests: number
  /** Ids of evals of spans that are judged when their trace settles, for they ask of more than the span. */
  readonly settling: readonly string[]
  /** Offline evals that ask a judge: they are not run where none is configured. */
  readonly judged: readonly OfflineEvalPlan[]
}

/** More errors than anybody reads; a name that is not known is compared with all that are, so the rest would take its time. */
const MAX_ERRORS = 1_000

/** The declarations of a file, until it has too many errors to go on. */
function* untilTooMany<T extends { name: { span: Span } } | string>(module: Module, items: Iterable<T>): Generator<T> {
  for (const item of items) {
    if (module.reporter.errorCount > MAX_ERRORS) {
      const message = `more than ${MAX_ERRORS} errors: the rest of the file was not checked`
      module.reporter.report('E0017', { start: 0, end: 0 }, message, { label: 'in this file' })
      return
    }
    yield item
  }
}

type WhenOf = (evalId: string) => 'arrival' | 'settle'

export class ProjectCompiler implements Project {
  readonly patterns = new PatternTable()
  /** In the order in which they can be evaluated: an eval whose verdict is asked for stands before the one that asks. */
  readonly #evals = new Map<EvalDecl, EvalPlan | null>()
  readonly #alerts = new Map<AlertDecl, AlertPlan | null>()
  readonly #scorecards = new Map<ScorecardDecl, ScorecardPlan | null>()
  readonly #tests: TestPlan[] = []
  readonly #byId = new Map<string, EvalPlan>()
  readonly #ids = new Map<string, RuleDecl>()
  readonly #templates = new Map<TemplateDecl, boolean>()
  readonly #homes = new Map<RuleDecl, Module>()
  readonly #compiling = new Set<EvalDecl>()
  readonly #familyTold = new Set<string>()
  readonly #constants = new Map<Module, Map<string, Typed | 'open'>>()
  readonly #patternPlans = new Map<Module, Map<string, PatternPlan | null>>()
  readonly #definitions = new Definitions(this)
  /** How many definitions are being followed, one from another. */
  #depth = 0
  readonly identities: Identities
  readonly #readTraces: ReadTraces
  readonly readLabels: ReadLabels

  constructor(identities: Identities, readTraces: ReadTraces, readLabels: ReadLabels) {
    this.identities = identities
    this.#readTraces = readTraces
    this.readLabels = readLabels
  }

  /** Everything that a file declares; what it takes from other files is compiled when something asks for it. */
  compileAll(module: Module): void {
    for (const name of untilTooMany(module, module.names.consts.keys())) this.constant(module, name)
    for (const decl of untilTooMany(module, module.names.defines.values())) this.defined(module, decl)
    for (const decl of untilTooMany(module, module.names.templates.values())) this.#isSound(module, decl)
    for (const name of untilTooMany(module, module.names.patterns.keys())) this.pattern(module, name)
    for (const decl of untilTooMany(module, module.names.scopes.values())) namedScope(decl.name, module, this)
    checkDefaultFalseAlarms(module)
    for (const decl of untilTooMany(module, module.names.rules.values())) {
      if (decl.kind === 'eval') this.evalOf(module, decl)
      else if (decl.kind === 'alert') this.alertOf(module, decl)
      else this.#scorecardOf(module, decl)
    }
    const evalOf = (home: Module, decl: EvalDecl): EvalPlan | null => this.evalOf(home, decl)
    const alertOf = (home: Module, name: string): AlertPlan | null => {
      const decl = home.names.rules.get(name)
      return decl?.kind === 'alert' ? this.alertOf(home, decl) : null
    }
    const rules = { evalOf, alertOf, readTraces: this.#readTraces, familyTold: this.#familyTold }
    for (const decl of untilTooMany(module, module.tests)) {
      const test = compileTest(decl, module, this, rules)
      if (test !== null) this.#tests.push(test)
    }
  }

  /** After all that is in force is known. */
  checkRenames(): void {
    checkFormerIds(this.renamed(), (id) => this.#ids.has(id))
  }

  /** What has `was:`. */
  renamed(): Renamed[] {
    const rules: (readonly [EvalDecl | AlertDecl, EvalPlan | AlertPlan | null])[] = [...this.#evals, ...this.#alerts]
    return rules.flatMap(([decl, plan]) => {
      const clause = decl.clauses.find(({ key }) => key.text === 'was')
      const home = this.#homes.get(decl)
      return plan === null || clause === undefined || home === undefined
        ? []
        : [{ id: plan.id, was: plan.was, span: clause.span, reporter: home.reporter }]
    })
  }

  counts(): ProjectCounts {
    const alerts = [...this.#alerts.values()].filter((plan) => plan !== null)
    const scorecards = [...this.#scorecards.values()].filter((plan) => plan !== null)
    return {
      evals: this.evals().length,
      alerts: alerts.length,
      scorecards: scorecards.length,
      tests: this.#tests.length,
      settling: this.evals().flatMap((plan) =>
        plan.kind === 'online' && plan.scope.subject !== 'trace' && plan.when === 'settle' ? [plan.id] : [],
      ),
      judged: this.evals()
        .filter((plan) => plan.kind === 'offline')
        .filter(({ method }) => asksJudge(method)),
    }
  }

  /** Those that are not in error, in the order in which they can be evaluated. */
  evals(): EvalPlan[] {
    return [...this.#evals.values()].filter((plan) => plan !== null)
  }

  plan(files: string[]): Plan {
    const evals = this.evals()
    const alerts = [...this.#alerts.values()].filter((plan) => plan !== null)
    const scorecards = [...this.#scorecards.values()].filter((plan) => plan !== null)
    const plan = {
      version: PLAN_VERSION,
      patterns: this.patterns.patterns,
      evals,
      alerts,
      scorecards,
      tests: this.#tests,
      files,
    } as const
    return { ...plan, hash: hashOfPlan(plan) }
  }

  evalOf(module: Module, decl: EvalDecl): EvalPlan | null {
    const known = this.#evals.get(decl)
    if (known !== undefined) return known
    if (this.#depth >= MAX_CHAIN) {
      reportLongChain(`\`${decl.name.text}\``, decl.name.span, module.reporter)
      return null
    }
    this.#claim(module, decl)
    this.#compiling.add(decl)
    this.#homes.set(decl, module)
    this.#depth++
    const whenOf = (evalId: string): 'arrival' | 'settle' => {
      const target = this.#byId.get(evalId)
      return target?.kind === 'online' ? target.when : 'settle'
    }
    const unhashed =
      decl.use === null ? this.#compiled(decl, null, module, this, whenOf) : this.#made(decl, decl.use, module, whenOf)
    this.#depth--
    this.#compiling.delete(decl)
    const plan = unhashed === null ? null : this.#hashed(unhashed)
    this.#evals.set(decl, plan)
    if (plan !== null) this.#byId.set(plan.id, plan)
    return plan
  }

  #compiled(
    decl: EvalDecl,
    inherited: Inherited | null,
    module: Module,
    project: Project,
    whenOf: WhenOf,
  ): Unhashed<OnlineEvalPlan> | Unhashed<OfflineEvalPlan> | null {
    return decl.mode === 'online'
      ? compileOnline(decl, module, project, whenOf, inherited)
      : compileOffline(decl, module, project, inherited)
  }

  /** An eval that is made from a template. */
  #made(
    decl: EvalDecl,
    use: UseNode,
    module: Module,
    whenOf: WhenOf,
  ): Unhashed<OnlineEvalPlan> | Unhashed<OfflineEvalPlan> | null {
    const template = templateOf(decl, use, module)
    if (template === null || !this.#isSound(template.module, template.decl)) return null
    const instance = instanceOf(decl, use, template, module, this)
    if (instance === null) return null
    const plan = this.#compiled(instance.decl, instance.inherited, module, this, whenOf)
    return reportMisfit(decl, use, instance, template, module) ? null : plan
  }

  /** Looks at a template by itself, once: false when nothing could be made from it (told). */
  #isSound(module: Module, decl: TemplateDecl): boolean {
    const known = this.#templates.get(decl)
    if (known !== undefined) return known
    this.#templates.set(decl, false)
    const sound = checkTemplate(decl, module, this, (trial, inherited, view, project) => {
      this.#compiled(trial, inherited, view, project, () => 'settle')
    })
    this.#templates.set(decl, sound)
    return sound
  }

  #hashed(plan: Unhashed<OnlineEvalPlan> | Unhashed<OfflineEvalPlan>): EvalPlan {
    const hashOfEval = (evalId: string): string => {
      const target = this.#byId.get(evalId)
      return target === undefined ? '' : `${target.measureHash} ${target.verdictHash}`
    }
    return { ...plan, ...this.identities.ofEval(plan, { patterns: this.patterns.patterns, hashOfEval }) }
  }

  alertOf(module: Module, decl: AlertDecl): AlertPlan | null {
    const known = this.#alerts.get(decl)
    if (known !== undefined) return known
    this.#claim(module, decl)
    this.#homes.set(decl, module)
    const plan = compileAlert(decl, module, this, (home, target) => this.evalOf(home, target))
    this.#alerts.set(decl, plan)
    return plan
  }

  #scorecardOf(module: Module, decl: ScorecardDecl): void {
    if (this.#scorecards.has(decl)) return
    this.#claim(module, decl)
    const plan = compileScorecard(decl, module, this, (home, target) => this.evalOf(home, target))
    this.#scorecards.set(decl, plan)
  }

  /** One id belongs to one declaration, whichever files it is spread over. */
  #claim(module: Module, decl: RuleDecl): void {
    const id = `${module.packageName}/${decl.name.text}`
    const owner = this.#ids.get(id)
    if (owner === undefined) this.#ids.set(id, decl)
    else if (owner !== decl && module.packageName !== '')
      module.reporter.report('E0119', decl.name.span, `\`${id}\` is declared in another file as well`, {
        label: 'again',
        notes: ['an id is package/name, and results are stored by it'],
      })
  }

  constant(module: Module, name: string): Typed {
    const known = cacheOf(this.#constants, module)
    const value = known.get(name)
    const decl = module.names.consts.get(name)
    if (decl === undefined) return ERRONEOUS
    if (value === 'open') {
      module.reporter.report('E0114', decl.name.span, `constant \`${name}\` is defined by itself`, {
        label: 'goes round in a circle',
      })
      return ERRONEOUS
    }
    if (value !== undefined) return value
    if (this.#depth >= MAX_CHAIN) {
      reportLongChain(`constant \`${name}\``, decl.name.span, module.reporter)
      return ERRONEOUS
    }
    known.set(name, 'open')
    this.#depth++
    const typed = constantOf(decl, module, this)
    this.#depth--
    known.set(name, typed)
    return typed
  }

  defined(module: Module, decl: DefineDecl): boolean {
    return this.#definitions.isSound(module, decl)
  }

  pattern(module: Module, name: string): PatternPlan | null {
    const known = cacheOf(this.#patternPlans, module)
    const value = known.get(name)
    if (value !== undefined) return value
    const decl = module.names.patterns.get(name)
    const plan = decl === undefined ? null : patternPlan(decl, module)
    known.set(name, plan)
    return plan
  }

  verdictTarget(module: Module, path: string, span: Span): { evalId: string; subject: Subject } | null {
    const found = lookup(module, 'rules', path)
    if (found.kind === 'broken') return null
    if (found.kind === 'absent') {
      // One whose verdict is being worked out cannot be what it asks for.
      const others = evalNamesIn(module, (decl) => !this.#compiling.has(decl))
      const { guess, details } = unknownName({ module, name: path, span, spaces: ['rules'] }, others)
      module.reporter.report('E0104', span, `there is no eval \`${path}\`${guess}`, { label: 'unknown', ...details })
      return null
    }
    const { decl, module: home } = found.found
    if (decl.kind !== 'eval') {
      const kind = decl.kind === 'alert' ? 'an alert' : 'a scorecard'
      module.reporter.report('E0211', span, `\`${path}\` is ${kind}, and only evals have verdicts`, {
        label: 'not an eval',
      })
      return null
    }
    if (decl.mode === 'offline') {
      module.reporter.report(
        'E0211',
        span,
        `\`${path}\` is judged offline, on a schedule: there is no verdict of it yet`,
        {
          label: 'not an online eval',
        },
      )
      return null
    }
    if (this.#compiling.has(decl)) {
      module.reporter.report('E0114', span, "evals cannot ask for each other's verdicts in a circle", {
        label: 'closes the circle',
      })
      return null
    }
    const plan = this.evalOf(home, decl)
    return plan?.kind === 'online' ? { evalId: plan.id, subject: plan.scope.subject } : null
  }

  spanScope(
    module: Module,
    name: string,
  ): { subject: SpanSubject; where: Plan['evals'][number]['pass'] | null } | null {
    const found = lookup(module, 'scopes', name)
    if (found.kind !== 'found') return null
    const plan = namedScope({ text: name, span: { start: 0, end: 0 } }, module, this)
    return plan !== null && isSpanSubject(plan.subject) ? { subject: plan.subject, where: plan.where } : null
  }
}

function cacheOf<V>(caches: Map<Module, Map<string, V>>, module: Module): Map<string, V> {
  const known = caches.get(module)
  if (known !== undefined) return known
  const made = new Map<string, V>()
  caches.set(module, made)
  return made
}
