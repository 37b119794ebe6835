/** Named expressions of a project: each is checked once, when something first asks for it. */
import { MAX_CHAIN, reportLongChain } from '../chains.ts'
import type { DefineDecl, Module } from '../module.ts'
import type { Project } from './context.ts'
import { checkDefine } from './defines.ts'
import { elaborate } from './expression.ts'

export class Definitions {
  readonly #project: Project
  readonly #states = new Map<DefineDecl, 'open' | 'sound' | 'broken' | 'circular'>()
  /** Those that are being looked at, each asked for by the one before. */
  readonly #open: DefineDecl[] = []
  /** How many definitions one leads through. */
  readonly #chains = new Map<DefineDecl, number>()

  constructor(project: Project) {
    this.#project = project
  }

  /** False when it is in error, which is told once. */
  isSound(module: Module, decl: DefineDecl): boolean {
    const state = this.#states.get(decl)
    if (state === 'open') {
      // All that are on the way round are broken by the one cause.
      for (const open of this.#open.slice(this.#open.indexOf(decl))) this.#states.set(open, 'circular')
      module.reporter.report('E0114', decl.name.span, `\`${decl.name.text}\` is defined by itself`, {
        label: 'goes round in a circle',
      })
      return false
    }
    if (state !== undefined) {
      if (state === 'sound') this.#leadsTo(decl)
      return state === 'sound'
    }
    if (this.#open.length >= MAX_CHAIN) {
      // Told once, for all that are on the way.
      for (const open of this.#open) this.#states.set(open, 'circular')
      reportLongChain(`\`${decl.name.text}\``, decl.name.span, module.reporter)
      return false
    }
    this.#states.set(decl, 'open')
    this.#open.push(decl)
    const checked = checkDefine(decl, module, this.#project, elaborate)
    this.#open.pop()
    if (this.#states.get(decl) === 'circular') return false
    const far = (this.#chains.get(decl) ?? 0) > MAX_CHAIN
    if (far) reportLongChain(`\`${decl.name.text}\``, decl.name.span, module.reporter)
    const sound = checked && !far
    this.#states.set(decl, sound ? 'sound' : 'broken')
    if (sound) this.#leadsTo(decl)
    return sound
  }

  /** Of the definition that is being looked at: it is one longer than what it leads to. */
  #leadsTo(decl: DefineDecl): void {
    const from = this.#open.at(-1)
    if (from !== undefined)
      this.#chains.set(from, Math.max(this.#chains.get(from) ?? 0, (this.#chains.get(decl) ?? 0) + 1))
  }
}
