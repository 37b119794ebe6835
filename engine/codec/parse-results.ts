/** Reads what `encodeResults` wrote. Strict: parse, don't trust, for the log outlives the version that wrote it. */
import { messageOf } from '../message-of.ts'
import { makeResult } from '../model/make-result.ts'
import type { EvalResult, SubjectKind, Verdict } from '../model/result.ts'
import { PartError, parseEvidenceList, parseJudgementList, parseReason, RESULTS_VERSION } from './parts.ts'

export type ResultsOutcome = { ok: true; results: EvalResult[] } | { ok: false; error: string }

/** An `eval-results` record that is not one; the message says which column is wrong. */
export class ResultsDecodeError extends Error {
  override readonly name = 'ResultsDecodeError'
}

/** As `parseResults`, for callers to whom a bad record is an exception: throws `ResultsDecodeError`. */
export function decodeResults(bytes: Uint8Array): EvalResult[] {
  const outcome = parseResults(bytes)
  if (!outcome.ok) throw new ResultsDecodeError(outcome.error)
  return outcome.results
}

/** An unknown version, a column of another length or a value of another type refuses the whole record. */
export function parseResults(bytes: Uint8Array): ResultsOutcome {
  try {
    return { ok: true, results: parseRows(parseObject(bytes)) }
  } catch (error) {
    if (error instanceof PartError) return { ok: false, error: error.message }
    throw error
  }
}

type Columns = Readonly<Record<string, unknown>>
type Reader<T> = (row: number) => T

const decoder = new TextDecoder('utf-8', { fatal: true })

const VERDICT_OF: Readonly<Record<string, Verdict>> = { p: 'pass', f: 'fail', u: 'unknown', e: 'error' }

const SUBJECT_KINDS: Readonly<Record<SubjectKind, true>> = {
  trace: true,
  session: true,
  agent_run: true,
  llm_call: true,
  tool_call: true,
  retrieval: true,
  embedding: true,
  guardrail: true,
  span: true,
}

function parseObject(bytes: Uint8Array): Columns {
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(bytes))
  } catch (error) {
    throw new PartError(`not JSON: ${messageOf(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PartError('not an object')
  return value as Columns
}

function parseRows(columns: Columns): EvalResult[] {
  if (columns.v !== RESULTS_VERSION) throw new PartError(`version ${JSON.stringify(columns.v)} is not supported`)
  const n = columns.n
  if (!isCount(n)) throw new PartError('n is not a count')
  if (n === 0) return []

  const plain = <T>(name: string, is: (value: unknown) => value is T) => plainColumn(columns, name, n, is)
  const tenant = plain('tenant', isText)
  const evalId = plain('evalId', isText)
  const measureHash = plain('measureHash', isText)
  const verdictHash = plain('verdictHash', isText)
  const mode = plain('mode', isMode)
  const subjectKind = plain('subjectKind', isSubjectKind)
  const evaluatedAtMs = plain('evaluatedAtMs', isNumber)
  const revision = plain('revision', isCount)
  const score = plain('score', isOptionalNumber)
  const explanation = plain('explanation', isOptionalText)
  const agentName = plain('agentName', isOptionalText)
  const agentVersion = plain('agentVersion', isOptionalText)
  const env = plain('env', isOptionalText)
  const judgeModel = plain('judgeModel', isOptionalText)
  const judgeInputTokens = plain('judgeInputTokens', isOptionalNumber)
  const judgeOutputTokens = plain('judgeOutputTokens', isOptionalNumber)
  const costMicroUsd = plain('costMicroUsd', isOptionalNumber)
  const runId = plain('runId', isText)
  const inclusionProbability = plain('inclusionProbability', isNumber)
  const drawnFor = plain('drawnFor', isDrawnFor)
  const traceId = idColumn(columns, 'traceId', n, 32)
  const spanId = idColumn(columns, 'spanId', n, 16)
  const verdict = verdictColumn(columns, n)
  const baseUs = columns.subjectTimeBaseUs
  if (!isNumber(baseUs)) throw new PartError('subjectTimeBaseUs is not a number')
  const offsetUs = plain('subjectTimeUs', isNumber)
  const arrivedAtMs = arrivalColumn(columns, n)
  const reasons = sparseColumn(columns, 'reasons', n, parseReason)
  const evidence = sparseColumn(columns, 'evidence', n, parseEvidenceList)
  const judgements = sparseColumn(columns, 'judgements', n, parseJudgementList)

  const labels = labelsColumn(columns, n)

  const results = new Array<EvalResult>(n)
  for (let row = 0; row < n; row++) {
    results[row] = makeResult({
      tenant: tenant(row),
      evalId: evalId(row),
      measureHash: measureHash(row),
      verdictHash: verdictHash(row),
      mode: mode(row),
      subjectKind: subjectKind(row),
      traceId: traceId(row),
      spanId: spanId(row),
      subjectTimeUs: baseUs + offsetUs(row),
      subjectArrivedAtMs: arrivedAtMs(row),
      evaluatedAtMs: evaluatedAtMs(row),
      revision: revision(row),
      verdict: verdict(row),
      score: score(row),
      reason: reasons?.get(row),
      evidence: evidence?.get(row),
      judgements: judgements?.get(row),
      explanation: explanation(row),
      agentName: agentName(row),
      agentVersion: agentVersion(row),
      env: env(row),
      judgeModel: judgeModel(row),
      judgeInputTokens: judgeInputTokens(row),
      judgeOutputTokens: judgeOutputTokens(row),
      costMicroUsd: costMicroUsd(row),
      runId: runId(row),
      inclusionProbability: inclusionProbability(row),
      drawnFor: drawnFor(row),
      labels: labels?.(row),
    })
  }
  return results
}

/** Null and a column that is not there are both absence. */
function plainColumn<T>(columns: Columns, name: string, n: number, is: (value: unknown) => value is T): Reader<T> {
  const column = columns[name]
  if (!Array.isArray(column)) {
    const value: unknown = column ?? undefined
    if (!is(value)) throw new PartError(`${name} is ${JSON.stringify(column) ?? 'missing'}`)
    return () => value
  }
  if (column.length !== n) throw new PartError(`${name} has ${column.length} rows of ${n}`)
  const values = new Array<T>(n)
  for (let row = 0; row < n; row++) {
    const value: unknown = column[row] ?? undefined
    if (!is(value)) throw new PartError(`${name} is ${JSON.stringify(column[row])} in row ${row}`)
    values[row] = value
  }
  return (row) => values[row]!
}

function idColumn(columns: Columns, name: string, n: number, width: number): Reader<string> {
  const joined = columns[name]
  if (joined === '') return () => ''
  if (typeof joined !== 'string') {
    if (!Array.isArray(joined)) throw new PartError(`${name} is ${JSON.stringify(joined) ?? 'missing'}`)
    return plainColumn(columns, name, n, isText)
  }
  if (joined.length !== n * width) throw new PartError(`${name} has ${joined.length} digits, not ${n} times ${width}`)
  return (row) => joined.slice(row * width, (row + 1) * width)
}

function arrivalColumn(columns: Columns, n: number): Reader<number | undefined> {
  const baseMs = columns.arrivedBaseMs
  if (baseMs === undefined) return () => undefined
  if (!isNumber(baseMs)) throw new PartError('arrivedBaseMs is not a number')
  if (columns.arrivedMs === undefined) return () => baseMs
  const offsetMs = plainColumn(columns, 'arrivedMs', n, isOptionalNumber)
  return (row) => {
    const offset = offsetMs(row)
    return offset === undefined ? undefined : baseMs + offset
  }
}

function verdictColumn(columns: Columns, n: number): Reader<Verdict> {
  const letters = columns.verdicts
  if (typeof letters !== 'string' || letters.length !== n) throw new PartError('verdicts is not one letter a row')
  return (row) => {
    const verdict = VERDICT_OF[letters[row]!]
    if (verdict === undefined) throw new PartError(`verdicts holds ${JSON.stringify(letters[row])}`)
    return verdict
  }
}

function sparseColumn<T>(
  columns: Columns,
  name: string,
  n: number,
  parse: (value: unknown) => T,
): ReadonlyMap<number, T> | undefined {
  const pairs = columns[name]
  if (pairs === undefined) return undefined
  if (!Array.isArray(pairs)) throw new PartError(`${name} is not a list`)
  const rows = new Map<number, T>()
  for (const pair of pairs as unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2 || !isCount(pair[0]) || pair[0] >= n) {
      throw new PartError(`${name} does not name a row`)
    }
    rows.set(pair[0], parse(pair[1]))
  }
  return rows
}

function labelsColumn(columns: Columns, n: number): Reader<Readonly<Record<string, string>> | undefined> | undefined {
  const { labels } = columns
  if (labels === undefined) return undefined
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw new PartError('labels is no object')
  const byName = labels as Columns
  const readers = Object.keys(byName).map((name) => [name, plainColumn(byName, name, n, isOptionalText)] as const)
  return (row) => {
    const entries = readers.flatMap(([name, read]): [string, string][] => {
      const value = read(row)
      return value === undefined ? [] : [[name, value]]
    })
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}
function isOptionalNumber(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number'
}
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
function isDrawnFor(value: unknown): value is EvalResult['drawnFor'] {
  return value === undefined || value === 'flagged'
}
function isMode(value: unknown): value is EvalResult['mode'] {
  return value === 'live' || value === 'shadow'
}
function isSubjectKind(value: unknown): value is SubjectKind {
  return typeof value === 'string' && Object.hasOwn(SUBJECT_KINDS, value)
}
