/** Flags, environment, file and defaults to one configuration, with the source of each value, or with every mistake there is. */
import { givenBy, type Inputs, type Source } from './given.ts'
import { type Problem, problemsOf } from './problem.ts'
import { isReference } from './secret.ts'
import type { Complaint, Group, Members, Node, Setting, ValueOf } from './setting.ts'

/** What holds for one setting. */
export interface Effective {
  readonly path: readonly string[]
  readonly setting: Setting<unknown>
  readonly value: unknown
  /** Where the secret lies that its source names; never a secret itself. */
  readonly reference: string | null
  readonly source: Source
}

export interface ResolveOptions {
  /**
   * Whether something uses what stands below a key at the top. Of the rest the file's form alone is looked at: its secrets need not
   * be where this process runs. Everything is used unless told. Some sections are used but for their secrets: it is asked for these apart.
   */
  readonly uses?: (key: string, isSecret: boolean) => boolean
  /** What the command can't do without. Hears whether somebody gave a setting, right or wrong. */
  readonly require?: (isGiven: (path: string) => boolean) => readonly Complaint[]
}

export type Resolved<C> =
  | { readonly ok: true; readonly config: C; readonly effective: readonly Effective[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function resolveConfig<M extends Members>(
  table: Group<M>,
  inputs: Inputs,
  { uses = () => true, require }: ResolveOptions = {},
): Resolved<ValueOf<Group<M>>> {
  const problems: Problem[] = []
  for (const { line, column, message } of inputs.file?.read.problems ?? [])
    problems.push({ source: { kind: 'file', file: inputs.file?.name ?? '', line, column }, path: null, message })
  const chosen = new Map<string, Effective>()
  for (const given of givenBy(inputs, table)) {
    const { path, setting, written, source } = given
    const name = path.join('.')
    const counts = !chosen.has(name)
    const isUsed = counts && uses(path[0]!, setting.of.isSecret === true)
    // The file belongs to all: its form is looked at even where this process goes by something else.
    if (!isUsed && source.kind !== 'file') continue
    const origin = isUsed ? given.origin : { ...given.origin, lookUp: null }
    const parsed = setting.of.schema(origin).safeParse(given.value)
    if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => problemsOf(issue, given)))
    const value = parsed.success ? parsed.data : setting.default
    if (!counts) continue
    const reference = setting.of.isSecret === true && isReference(written) ? written : null
    chosen.set(name, { path, setting, value, reference, source })
  }
  const byPath = ({ path, message }: Complaint): Problem => {
    const source = (path === null ? null : chosen.get(path)?.source) ?? { kind: 'default' }
    return { source, path, message }
  }
  problems.push(...(require?.((path) => chosen.has(path)) ?? []).map(byPath))
  const effective: Effective[] = []
  const complaints: Complaint[] = []
  const config = assemble(table, [], { chosen, effective, complaints, uses })
  // Whoever compares settings may take each for right.
  if (problems.length === 0) problems.push(...complaints.map(byPath))
  if (problems.length > 0) return { ok: false, problems: inOrder(problems) }
  return { ok: true, config: config as ValueOf<Group<M>>, effective }
}

interface Assembly {
  readonly chosen: ReadonlyMap<string, Effective>
  readonly effective: Effective[]
  readonly complaints: Complaint[]
  readonly uses: (key: string, isSecret: boolean) => boolean
}

function assemble(node: Node, path: readonly string[], assembly: Assembly): unknown {
  if (node.node === 'setting') {
    const found = assembly.chosen.get(path.join('.')) ?? {
      ...{ path, setting: node, value: node.default, reference: null, source: { kind: 'default' } as const },
    }
    assembly.effective.push(found)
    return found.value
  }
  if (node.node === 'each') {
    const names = [...assembly.chosen.values()]
      .filter((one) => path.every((key, index) => one.path[index] === key))
      .map((one) => one.path[path.length]!)
    return new Map([...new Set(names)].map((name) => [name, assemble(node.member, [...path, name], assembly)]))
  }
  const value = Object.fromEntries(
    Object.entries(node.members).map(([key, member]) => [key, assemble(member, [...path, key], assembly)]),
  )
  // Of the members' own types, which the table has lost here.
  const check = node.check as ((value: unknown) => readonly Complaint[]) | undefined
  // Without their secrets members may be no whole.
  if (path.length === 0 || assembly.uses(path[0]!, true)) assembly.complaints.push(...(check?.(value) ?? []))
  return value
}

/** The file's first, from its top to its end. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const lineOf = ({ source }: Problem): number => (source.kind === 'file' ? source.line : Number.POSITIVE_INFINITY)
  return problems.toSorted((a, b) => (lineOf(a) === lineOf(b) ? 0 : lineOf(a) - lineOf(b)))
}
