/** `given file "fixtures/slow.json" trace "4bf9…"`: which trace of which file is meant. */
import type { Module } from './module.ts'
import type { TestGiven } from './plan.ts'
import type { ReadTraces } from './resolve.ts'
import { didYouMean } from './suggest.ts'
import type { GivenNode } from './syntax/ast.ts'

/** More ids than these tell a reader nothing new. */
const MAX_LISTED = 5

/** Null when it is in error (told). */
export function compileFile(
  node: Extract<GivenNode, { kind: 'file' }>,
  module: Module,
  readTraces: ReadTraces,
): Extract<TestGiven, { kind: 'file' }> | null {
  const { path, trace } = node
  const { reporter } = module
  if (path.value === '') return null
  const found = readTraces(module.path, path.value)
  if (found === null) {
    reporter.report('E0418', path.span, `there is no file \`${path.value}\``, {
      label: 'relative to this file',
    })
    return null
  }
  if (!found.ok) {
    reporter.report('E0419', path.span, `this file holds no traces: ${found.message}`, {
      label: 'OTLP as JSON, JSONL or protobuf is needed',
    })
    return null
  }
  const given = (traceId: string | null) => ({ kind: 'file', file: found.path, traceId, changes: [] }) as const
  const ids = found.traceIds
  if (ids === null) return { ...given(trace?.value ?? null), changes: [] }
  const listed = `${ids.slice(0, MAX_LISTED).join(', ')}${ids.length > MAX_LISTED ? `, and ${ids.length - MAX_LISTED} more` : ''}`
  if (trace === null) {
    const [only] = ids
    if (ids.length === 1 && only !== undefined) return { ...given(only), changes: [] }
    reporter.report('E0420', path.span, `this file holds ${ids.length} traces, and a test takes one`, {
      label: 'say which: `trace "…"`',
      notes: [`they are ${listed}`],
    })
    return null
  }
  if (ids.includes(trace.value)) return { ...given(trace.value), changes: [] }
  reporter.report('E0420', trace.span, `this file has no such trace${didYouMean(trace.value, [...ids])}`, {
    label: 'not in the file',
    notes: [`it holds ${listed}`],
  })
  return null
}
