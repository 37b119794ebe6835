/** What flags, variables and the file give, in the order in which they count. */
import { type Environment, type LookUp, lookUpIn, type Origin } from './origin.ts'
import type { Position, ReadConfig } from './read-file.ts'
import { type Node, type Setting, settingsBelow } from './setting.ts'
import { givenByVariables } from './variables.ts'

export type Source =
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  | ({ readonly kind: 'file'; readonly file: string } & Position)
  | { readonly kind: 'default' }

/** For people: `--http-port`, `ASSAY_HTTP_PORT`, `assay.yaml:3:5`, `default`. */
export function nameOf(source: Source): string {
  switch (source.kind) {
    case 'flag':
    case 'variable':
      return source.name
    case 'file':
      return `${source.file}:${source.line}:${source.column}`
    case 'default':
      return 'default'
  }
}

export interface ConfigFile {
  /** As it is shown. */
  readonly name: string
  /** Relative paths in it begin here. */
  readonly folder: string
  readonly read: ReadConfig
}

/** By the name that the command line gives them: `httpPort` of `--http-port`. */
export type Flags = Readonly<Record<string, unknown>>

export interface Inputs {
  readonly flags: Flags
  readonly env: Environment
  readonly file: ConfigFile | null
}

export interface Given {
  readonly path: readonly string[]
  readonly setting: Setting<unknown>
  /** As YAML would have it. */
  readonly value: unknown
  /** As it is written. */
  readonly written: unknown
  readonly source: Source
  readonly origin: Origin
  /** The place of what stands below the value, or of one of its keys. */
  readonly below: (path: readonly PropertyKey[], key?: string) => Source
}

export function givenBy({ flags, env, file }: Inputs, table: Node): Given[] {
  const lookUp = lookUpIn(env)
  return [
    ...givenByFlags(table, flags, lookUp),
    ...givenByEnv(table, env, lookUp),
    ...(file === null ? [] : givenByFile(file, lookUp)),
  ]
}

/** `--http-port` → `httpPort`, as the command line's parser has it. */
export const flagKey = (flag: string): string =>
  flag.replace(/^--/, '').replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

function givenByFlags(table: Node, flags: Flags, lookUp: LookUp): Given[] {
  return settingsBelow(table).flatMap(({ path, setting }) => {
    const written = setting.flag === undefined ? undefined : flags[flagKey(setting.flag)]
    if (setting.flag === undefined || written === undefined) return []
    const source: Source = { kind: 'flag', name: setting.flag }
    const value = typeof written === 'string' ? fromText(setting, written) : written
    return { path, setting, value, written, source, origin: originOf('flag', lookUp), below: () => source }
  })
}

function givenByEnv(table: Node, env: Environment, lookUp: LookUp): Given[] {
  return givenByVariables(table, env).map(({ path, setting, variable, text }) => {
    const source: Source = { kind: 'variable', name: variable }
    const value = fromText(setting, text)
    return { path, setting, value, written: text, source, origin: originOf('variable', lookUp), below: () => source }
  })
}

function givenByFile({ name, folder, read }: ConfigFile, lookUp: LookUp): Given[] {
  return read.given.map(({ path, written, setting, value }) => {
    const below: Given['below'] = (inner, key) => {
      const at = [...written, ...inner]
      return { kind: 'file', file: name, ...(key === undefined ? read.positionOf(at) : read.positionOfKey(at, key)) }
    }
    const origin: Origin = { kind: 'file', folder, lookUp }
    return { path, setting, value, written: value, source: below([]), origin, below }
  })
}

const fromText = ({ of }: Setting<unknown>, text: string): unknown => of.fromText?.(text) ?? text

const originOf = (kind: 'flag' | 'variable', lookUp: LookUp): Origin => ({ kind, folder: process.cwd(), lookUp })
