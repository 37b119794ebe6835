/** Settings by the environment. */
import { nearest } from '../../dsl/suggest.ts'
import type { Environment } from './origin.ts'
import { type Each, type Node, type Setting, settingsBelow } from './setting.ts'

export interface GivenByVariable {
  readonly path: readonly string[]
  readonly setting: Setting<unknown>
  readonly variable: string
  readonly text: string
}

interface Variable {
  /** With `*` for the name of a map's member. */
  readonly name: string
  readonly path: readonly string[]
  readonly setting: Setting<unknown>
  readonly nameOf: (text: string) => string
}

const asItIs = (text: string): string => text

/** Those of one setting stand in the order in which they count. */
export function variablesOf(table: Node): Variable[] {
  const variables: Variable[] = []
  visit(table, [], asItIs)
  return variables

  function visit(node: Node, path: readonly string[], nameOf: Each['nameOf']): void {
    if (node.node === 'group') {
      for (const [key, member] of Object.entries(node.members)) visit(member, [...path, key], nameOf)
    } else if (node.node === 'each') {
      for (const [name, below] of Object.entries(node.variables ?? {})) {
        const found = settingsBelow(node.member).find((one) => one.path.join('.') === below.slice(1).join('.'))
        if (found === undefined) throw new Error(`${name} stands for no setting below ${path.join('.')}`)
        variables.push({ name, path: [...path, ...below], setting: found.setting, nameOf })
      }
      visit(node.member, [...path, '*'], node.nameOf)
    } else {
      for (const name of node.variables ?? []) variables.push({ name, path, setting: node, nameOf })
    }
  }
}

/** An empty variable is one that is not set. */
export function givenByVariables(table: Node, env: Environment): GivenByVariable[] {
  return variablesOf(table).flatMap(({ name, path, setting, nameOf }) => {
    const given = (variable: string, at: readonly string[]): GivenByVariable[] => {
      const text = env[variable]
      return !text ? [] : [{ path: at, setting, variable, text }]
    }
    if (!name.includes('*')) return given(name, path)
    const pattern = patternOf(name)
    return Object.keys(env).flatMap((variable) => {
      const member = pattern.exec(variable)?.[1]
      if (member === undefined) return []
      return given(
        variable,
        path.map((key) => (key === '*' ? nameOf(member) : key)),
      )
    })
  })
}

/** Whether a variable sets something. */
export function isVariable(table: Node, name: string): boolean {
  return variablesOf(table).some((one) => patternOf(one.name).test(name))
}

const patternOf = (name: string): RegExp => new RegExp(`^${name.replace('*', '([A-Z0-9_]+?)')}$`)

/** Variables that nothing reads, and that are a letter or two from one that sets something. A sentence each. */
export function misspelt(table: Node, env: Environment): string[] {
  const known = variablesOf(table).map(({ name }) => name.replace(PREFIX, ''))
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith(PREFIX) || OTHERS.includes(name) || isVariable(table, name)) return []
    const meant = nearest(name.slice(PREFIX.length), known)
    return meant === null ? [] : [`${name} sets nothing, did you mean ${PREFIX}${meant}?`]
  })
}

const PREFIX = 'ASSAY_'
/** What commands ask for, and no instance runs by. */
const OTHERS: readonly string[] = ['ASSAY_CONFIG', 'ASSAY_URL', 'ASSAY_KEY']
