/** The identity of a result: what makes writing it twice the same as writing it once. */
import { hash } from 'node:crypto'
import type { EvalResult } from './result.ts'

type Identity = Pick<
  EvalResult,
  'tenant' | 'evalId' | 'measureHash' | 'verdictHash' | 'subjectKind' | 'traceId' | 'spanId' | 'runId' | 'revision'
>

/**
 * 32 hex digits (the first half of a SHA-256) over tenant, eval id, both hashes, subject, run and revision. The same result
 * gets the same id in every process; parts are separated by NUL, which no id contains.
 */
export function resultId(r: Identity): string {
  const key = `${r.tenant}\0${r.evalId}\0${r.measureHash}\0${r.verdictHash}\0${r.subjectKind}\0${r.traceId}\0${r.spanId}\0${r.runId}\0${r.revision}`
  return hash('sha256', key, 'hex').slice(0, 32)
}
