/** What is wrong with a configuration, and the line that tells it. */
import type { z } from 'zod'
import type { Given, Source } from './given.ts'
import { asEnding, unknownKey } from './read-file.ts'
import { keysAt } from './schema-keys.ts'

export interface Problem {
  readonly source: Source
  /** Of the setting, from the top; null where the message says it all. */
  readonly path: string | null
  readonly message: string
}

/** `assay.yaml:3:5: …`, `ASSAY_HTTP_PORT must be …`. */
export function lineOf({ source, path, message }: Problem): string {
  switch (source.kind) {
    case 'file':
      return `${source.file}:${source.line}:${source.column}: ${path === null ? message : `\`${path}\` ${message}`}`
    case 'variable':
    case 'flag':
      return `${source.name} ${message}`
    case 'default':
      return path === null ? message : `${path} ${message}`
  }
}

export function problemsOf(issue: z.core.$ZodIssue, given: Given): Problem[] {
  const { setting, source } = given
  const path = [...given.path, ...issue.path].map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(setting.of.schema(given.origin), issue.path)
    return issue.keys.map((key) => ({
      source: given.below(issue.path, key),
      path: null,
      message: unknownKey([...path, key], known),
    }))
  }
  const isShown = source.kind !== 'file' && setting.of.isSecret !== true
  const message = isShown ? `${toldOf(issue)} (it is ${JSON.stringify(given.written)})` : toldOf(issue)
  return [{ source: given.below(issue.path), path: path.join('.'), message }]
}

const ZOD_MESSAGE = /^(Invalid|Too|Unrecognized)\b/

function toldOf(issue: z.core.$ZodIssue): string {
  // What a section says itself begins as a sentence goes on.
  if (!ZOD_MESSAGE.test(issue.message)) return issue.message
  if (issue.code === 'invalid_type')
    return `has to be ${issue.expected === 'object' || issue.expected === 'record' ? 'a mapping of keys to values' : `a ${issue.expected}`}`
  if (issue.code === 'too_small') return `has to be at least ${issue.minimum}`
  return `is not what it should be: ${asEnding(issue.message)}`
}
