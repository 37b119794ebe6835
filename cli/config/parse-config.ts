/** The text of an `assay.yaml` to a configuration, with every problem at its place. */
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { nearest } from '../../dsl/suggest.ts'
import { type AssayConfig, configSchema } from './schema.ts'

export interface ConfigProblem {
  readonly line: number
  readonly column: number
  readonly message: string
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: AssayConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

type Path = readonly PropertyKey[]

/** An empty text is a configuration of defaults. */
export function parseConfig(text: string): ParsedConfig {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Pick<ConfigProblem, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const unread = [...document.errors, ...document.warnings]
  if (unread.length > 0)
    return { ok: false, problems: unread.map(({ pos, message }) => ({ ...at(pos[0]), message: inWords(message) })) }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    // Of a few lines that stand for gigabytes.
    if (!(error instanceof ReferenceError)) throw error
    return { ok: false, problems: [{ ...at(0), message: 'its aliases stand for too much' }] }
  }
  const parsed = configSchema.safeParse(value)
  if (parsed.success) return { ok: true, config: parsed.data }
  return {
    ok: false,
    problems: parsed.error.issues
      .flatMap((issue) => problemsOf(issue, document))
      .map(({ offset, message }) => ({ ...at(offset), message })),
  }
}

function problemsOf(issue: z.core.$ZodIssue, document: Document): { offset: number; message: string }[] {
  if (issue.code !== 'unrecognized_keys') {
    const where = issue.path.length === 0 ? 'the configuration' : `\`${issue.path.join('.')}\``
    return [{ offset: valueOffset(document, issue.path), message: `${where} ${toldOf(issue)}` }]
  }
  const known = knownKeys(issue.path)
  return issue.keys.map((key) => {
    const name = [...issue.path, key].join('.')
    const guess = nearest(key, known)
    const help =
      guess === null ? `; there are ${known.map((one) => `\`${one}\``).join(', ')}` : `, did you mean \`${guess}\`?`
    return { offset: keyOffset(document, issue.path, key), message: `there is no \`${name}\`${help}` }
  })
}

function toldOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return `has to be ${issue.expected === 'object' ? 'a mapping of keys to values' : `a ${issue.expected}`}`
  if (issue.code === 'too_small') return `has to be at least ${issue.minimum}`
  if (issue.code === 'custom') return issue.message
  return `is not what it should be: ${inWords(issue.message)}`
}

/** The keys that the schema has at a path; below a record, those of its values. */
function knownKeys(path: Path): string[] {
  let schema: unknown = configSchema
  for (const step of path) {
    const shape = shapeOf(schema)
    schema = shape === null ? elementOf(schema) : shape[String(step)]
  }
  return Object.keys(shapeOf(schema) ?? {})
}

function unwrapped(schema: unknown): Record<string, unknown> {
  let at = schema
  while (isRecord(at) && isRecord(at.def) && isRecord(at.def.innerType)) at = at.def.innerType
  return isRecord(at) && isRecord(at.def) ? at.def : {}
}

function shapeOf(schema: unknown): Record<string, unknown> | null {
  const { shape } = unwrapped(schema)
  return isRecord(shape) ? shape : null
}

function elementOf(schema: unknown): unknown {
  return unwrapped(schema).valueType
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Of the value at a path; of what is nearest to it when there is none. */
function valueOffset(document: Document, path: Path): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isRecord(node) && Array.isArray(node.range)) return Number(node.range[0])
  }
  return 0
}

function keyOffset(document: Document, path: Path, key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  if (!isMap(map)) return valueOffset(document, path)
  const pair = map.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key)
  return isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0
}

/** A library's message as the end of a sentence of ours. */
function inWords(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).trimEnd()
}
