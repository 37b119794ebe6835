/**
 * What the one table of settings is made of. Flags, variables, the file's schema, its reference and the type of the configuration
 * all come from it: `settings.ts` is the table, `sections/` has its parts.
 */
import type { z } from 'zod'
import type { Origin } from './origin.ts'

/** What values of one sort look like, wherever they are written. */
export interface Kind<T> {
  /** For the reference: `a port`. */
  readonly takes: string
  /** Of the value as YAML has it. Messages go on after the setting's name: `must be a port …`. */
  readonly schema: (origin: Origin) => z.ZodType<T>
  /** From the text of a variable or a flag to the value as YAML would have it; the text itself unless given. */
  readonly fromText?: (text: string) => unknown
  /** Its text is in no message. */
  readonly isSecret?: boolean
}

export interface Setting<T> {
  readonly node: 'setting'
  readonly of: Kind<T>
  /** A sentence without its full stop. */
  readonly about: string
  /** What holds where it is not set. */
  readonly default: T
  /** The same in words, where the value does not say it. */
  readonly without?: string
  readonly flag?: `--${string}`
  /** What the flag takes, in the help: `<n>`. */
  readonly argument?: string
  /** The first that is set counts. Within a map `*` stands for the member's name. */
  readonly variables?: readonly string[]
  /** Has no meaning for roles in processes of their own. */
  readonly onlyUp?: boolean
}

/** Settings under one key. */
export interface Group<M extends Members = Members> {
  readonly node: 'group'
  readonly about: string
  readonly members: M
  /** What its settings have to agree on; asked when each of them by itself is right. */
  readonly check?: (value: never) => readonly Complaint[]
}

/** Any number of the same, each under a name of the user's. */
export interface Each<N extends Node = Node> {
  readonly node: 'each'
  readonly about: string
  /** For the reference: `PROVIDER`. */
  readonly name: string
  readonly member: N
  /** From a name in the file, or from what stands for `*` in a variable, to the name that counts. */
  readonly nameOf: (text: string) => string
  /** Variables that name a member by themselves: the path below the map. */
  readonly variables?: Readonly<Record<string, readonly string[]>>
}

export type Node = Setting<unknown> | Group | Each
export type Members = { readonly [key: string]: Node }

export interface Complaint {
  /** Of the setting that is to be changed, from the top; null where the message says it all. */
  readonly path: string | null
  readonly message: string
}

/** The configuration that a part of the table describes. */
export type ValueOf<N> =
  N extends Setting<infer T>
    ? T
    : N extends Group<infer M>
      ? { readonly [K in keyof M]: ValueOf<M[K]> }
      : N extends Each<infer E>
        ? ReadonlyMap<string, ValueOf<E>>
        : never

export const setting = <T>(of: Kind<T>, rest: Omit<Setting<NoInfer<T>>, 'node' | 'of'>): Setting<T> => ({
  node: 'setting',
  of,
  ...rest,
})

export const group = <M extends Members>(
  about: string,
  members: M,
  check?: (value: ValueOf<Group<M>>) => readonly Complaint[],
): Group<M> => ({ node: 'group', about, members, ...(check !== undefined && { check }) })

export const each = <N extends Node>(rest: Omit<Each<N>, 'node'>): Each<N> => ({ node: 'each', ...rest })

export interface PlacedSetting {
  /** The name of a map's member is `*`. */
  readonly path: readonly string[]
  readonly setting: Setting<unknown>
}

/** Every setting below a node, in the order of the table. */
export function settingsBelow(node: Node, path: readonly string[] = []): PlacedSetting[] {
  switch (node.node) {
    case 'setting':
      return [{ path, setting: node }]
    case 'group':
      return Object.entries(node.members).flatMap(([key, member]) => settingsBelow(member, [...path, key]))
    case 'each':
      return settingsBelow(node.member, [...path, '*'])
  }
}
