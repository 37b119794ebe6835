/**
 * The value of an `eval-results` record: the results of one batch, column by column, as JSON.
 *
 * A column is written as one value when all rows share it (tenant, eval, hashes, versions mostly do), as an array
 * otherwise, and not at all when it is absent on every row. Ids are one string of fixed-width hex; verdicts are one letter
 * each; reasons, evidence and judgements, which most do not have, are written for the rows that have them alone. A passing result is
 * then little more than its ids.
 */
import type { EvalResult, Evidence, Judgement, Reason, Verdict } from '../model/result.ts'
import { RESULTS_VERSION } from './parts.ts'

export { decodeResults, parseResults, ResultsDecodeError, type ResultsOutcome } from './parse-results.ts'

const VERDICT_LETTER: Readonly<Record<Verdict, string>> = { pass: 'p', fail: 'f', unknown: 'u', error: 'e' }

/** The columns that are written as they are. The rest (ids, subject times, verdict, reason, evidence, judgements) have forms of their own. */
const PLAIN_COLUMNS = [
  'tenant',
  'evalId',
  'measureHash',
  'verdictHash',
  'mode',
  'subjectKind',
  'evaluatedAtMs',
  'revision',
  'score',
  'explanation',
  'agentName',
  'agentVersion',
  'env',
  'judgeModel',
  'judgeInputTokens',
  'judgeOutputTokens',
  'costMicroUsd',
  'runId',
  'inclusionProbability',
  'drawnFor',
] as const satisfies readonly (keyof EvalResult)[]

type Cell = string | number | null

const encoder = new TextEncoder()

/** UTF-8 JSON. Throws `RangeError` on a number that JSON has no form for: a result that holds one is a bug of its maker. */
export function encodeResults(results: readonly EvalResult[]): Uint8Array {
  const columns: Record<string, unknown> = { v: RESULTS_VERSION, n: results.length }
  const first = results[0]
  if (first !== undefined) {
    for (const name of PLAIN_COLUMNS) {
      const column = plainColumn(results, name)
      if (column !== null) columns[name] = column
    }
    columns.traceId = idColumn(results, 'traceId', 32)
    columns.spanId = idColumn(results, 'spanId', 16)
    columns.subjectTimeBaseUs = first.subjectTimeUs
    columns.subjectTimeUs = results.map((r) => finite('subjectTimeUs', r.subjectTimeUs) - first.subjectTimeUs)
    addArrivals(columns, results)
    let verdicts = ''
    for (const result of results) verdicts += VERDICT_LETTER[result.verdict]
    columns.verdicts = verdicts
    addSparse(columns, results)
  }
  return encoder.encode(JSON.stringify(columns))
}

function plainColumn(results: readonly EvalResult[], name: (typeof PLAIN_COLUMNS)[number]): Cell | Cell[] {
  const first = results[0]![name]
  for (let i = 1; i < results.length; i++) {
    if (results[i]![name] !== first) return results.map((r) => cell(name, r[name]))
  }
  return cell(name, first)
}

function cell(name: string, value: string | number | undefined): Cell {
  return typeof value === 'number' ? finite(name, value) : (value ?? null)
}

function finite(name: string, value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`${name} of a result is ${value}`)
  return value
}

/** Ids of one width make one string, which JSON reads and writes far faster than an array of strings. */
function idColumn(results: readonly EvalResult[], name: 'traceId' | 'spanId', width: number): string | string[] {
  let joined = ''
  let regular = true
  for (const result of results) {
    const id = result[name]
    if (id.length !== width) regular = false
    joined += id
  }
  return regular || joined === '' ? joined : results.map((r) => r[name])
}

/** Absent where all rows lack it; relative to `arrivedBaseMs` where they differ, which they do from record to record of a batch. */
function addArrivals(columns: Record<string, unknown>, results: readonly EvalResult[]): void {
  const known = results.find((r) => r.subjectArrivedAtMs !== undefined)?.subjectArrivedAtMs
  if (known === undefined) return
  const baseMs = finite('subjectArrivedAtMs', known)
  columns.arrivedBaseMs = baseMs
  if (results.every((r) => r.subjectArrivedAtMs === baseMs)) return
  columns.arrivedMs = results.map(({ subjectArrivedAtMs: arrivedAtMs }) =>
    arrivedAtMs === undefined ? null : finite('subjectArrivedAtMs', arrivedAtMs) - baseMs,
  )
}

function addSparse(columns: Record<string, unknown>, results: readonly EvalResult[]): void {
  const reasons: [row: number, Reason][] = []
  const evidence: [row: number, readonly Evidence[]][] = []
  const judgements: [row: number, readonly Judgement[]][] = []
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!
    if (result.reason !== undefined) reasons.push([i, result.reason])
    if (result.evidence.length > 0) evidence.push([i, result.evidence])
    if (result.judgements.length > 0) judgements.push([i, result.judgements])
  }
  if (reasons.length > 0) columns.reasons = reasons
  if (evidence.length > 0) columns.evidence = evidence
  if (judgements.length > 0) columns.judgements = judgements
  addLabels(columns, results)
}

/** Few values, and mostly the same on every row. */
function addLabels(columns: Record<string, unknown>, results: readonly EvalResult[]): void {
  const names = new Set(results.flatMap(({ labels }) => (labels === undefined ? [] : Object.keys(labels))))
  if (names.size === 0) return
  columns.labels = Object.fromEntries(
    [...names].map((name) => {
      const values = results.map(({ labels }) => labels?.[name] ?? null)
      return [name, values.every((value) => value === values[0]) ? (values[0] ?? null) : values]
    }),
  )
}
