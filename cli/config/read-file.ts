/** The text of an `assay.yaml` to the settings that it gives, with every problem of its shape at its place. */
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import { nearest } from '../../dsl/suggest.ts'
import type { Node, Setting } from './setting.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

export interface GivenInFile {
  readonly path: readonly string[]
  /** The same as the file spells it: the name of a map's member may have several forms. */
  readonly written: readonly string[]
  readonly setting: Setting<unknown>
  readonly value: unknown
}

export interface FileProblem extends Position {
  readonly message: string
}

export interface ReadConfig {
  readonly given: readonly GivenInFile[]
  readonly problems: readonly FileProblem[]
  /** Of what stands at a path below the top; of what is nearest to it when there is nothing. */
  positionOf(path: readonly PropertyKey[]): Position
  /** Of a key that stands below a path. */
  positionOfKey(path: readonly PropertyKey[], key: string): Position
}

/** An empty text gives nothing. */
export function readConfig(text: string, table: Node): ReadConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const positionOf = (path: readonly PropertyKey[]): Position => at(valueOffset(document, path))
  const positionOfKey = (path: readonly PropertyKey[], key: string): Position => at(keyOffset(document, path, key))
  const given: GivenInFile[] = []
  const problems: FileProblem[] = []
  const read = { given, problems, positionOf, positionOfKey }

  const unread = [...document.errors, ...document.warnings]
  if (unread.length > 0) {
    problems.push(...unread.map(({ pos, message }) => ({ ...at(pos[0]), message: asEnding(message) })))
    return read
  }
  let top: unknown
  try {
    top = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    // Of a few lines that stand for gigabytes.
    if (!(error instanceof ReferenceError)) throw error
    problems.push({ ...at(0), message: 'its aliases stand for too much' })
    return read
  }
  walk(table, top, [], [])
  return read

  function walk(node: Node, value: unknown, path: readonly string[], written: readonly string[]): void {
    // A key with nothing behind it sets nothing.
    if (value === null || value === undefined) return
    if (node.node === 'setting') {
      given.push({ path, written, setting: node, value })
      return
    }
    if (typeof value !== 'object' || Array.isArray(value)) {
      const where = path.length === 0 ? 'the configuration' : `\`${path.join('.')}\``
      problems.push({ ...positionOf(written), message: `${where} has to be a mapping of keys to values` })
      return
    }
    const names = new Set<string>()
    for (const [key, below] of Object.entries(value)) {
      if (node.node === 'each') {
        const name = node.nameOf(key)
        if (names.has(name)) {
          const message = `\`${[...written, key].join('.')}\` stands there already, in another form`
          problems.push({ ...positionOfKey(written, key), message })
        }
        names.add(name)
        walk(node.member, below, [...path, name], [...written, key])
      } else if (Object.hasOwn(node.members, key)) walk(node.members[key]!, below, [...path, key], [...written, key])
      else {
        const message = unknownKey([...path, key], Object.keys(node.members))
        problems.push({ ...positionOfKey(written, key), message })
      }
    }
  }
}

export function unknownKey(path: readonly PropertyKey[], known: readonly string[]): string {
  const guess = nearest(String(path.at(-1)), known)
  const help =
    guess === null ? `; there are ${known.map((one) => `\`${one}\``).join(', ')}` : `, did you mean \`${guess}\`?`
  return `there is no \`${path.map(String).join('.')}\`${help}`
}

function valueOffset(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null
    if (Array.isArray(range)) return Number(range[0])
  }
  return 0
}

function keyOffset(document: Document, path: readonly PropertyKey[], key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  if (!isMap(map)) return valueOffset(document, path)
  const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key)
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0
}

/** A library's message as the end of a sentence of ours. */
export function asEnding(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).trimEnd()
}
