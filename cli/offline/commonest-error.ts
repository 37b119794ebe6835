import type { ResultJson } from '../../server/schemas.ts'
import { printable } from '../commands/printable.ts'

/** `6 of 7 in error: judge_unavailable: …`: the commonest reason of a run's errors; null where none has one. */
export function commonestErrorText(results: readonly Pick<ResultJson, 'reason'>[]): string | null {
  const reasons = results.flatMap(({ reason }) =>
    reason === undefined ? [] : [[reason.code, reason.detail ?? reason.field].filter(Boolean).join(': ')],
  )
  const [first] = [...Map.groupBy(reasons, (text) => text)].sort(([, a], [, b]) => b.length - a.length)
  if (first === undefined) return null
  const [text, { length }] = first
  return `${length === results.length ? 'all' : `${length} of ${results.length}`} in error: ${printable(text)}`
}
