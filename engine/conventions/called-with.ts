/** What a decorated function was called with and gave back, as tracing decorators write it: `{args, kwargs}` and JSON. */
import { parseJson, property } from './json.ts'

function callOf(text: string): { args: unknown[]; named: object } | undefined {
  if (!text.startsWith('{')) return undefined
  const call = parseJson(text)
  if (typeof call !== 'object' || call === null) return undefined
  const args = property(call, 'args')
  const named = property(call, 'kwargs')
  return Array.isArray(args) && typeof named === 'object' && named !== null ? { args, named } : undefined
}

/** A function of one text was asked just that. Other calls are what was sent. */
export function questionOf(text: string): string {
  const call = callOf(text)
  if (call === undefined) return unquoted(text)
  const values: unknown[] = [...call.args, ...Object.values(call.named)]
  return values.length === 1 && typeof values[0] === 'string' ? values[0] : text
}

/** The arguments by their names, where all have one. */
export function namedArguments(text: string): string {
  const call = callOf(text)
  return call !== undefined && call.args.length === 0 ? JSON.stringify(call.named) : text
}

/** A text that was sent as a string in JSON. */
export function unquoted(text: string): string {
  const value = text.startsWith('"') ? parseJson(text) : undefined
  return typeof value === 'string' ? value : text
}
