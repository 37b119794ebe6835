/** A stored trace as tests of the evals that say something of it: what `assay capture` prints and the pages copy. */
import { formatText } from '../../dsl/format/format.ts'
import type { EvalPlan, Plan } from '../../dsl/plan.ts'
import type { Span } from '../../engine/model/span.ts'
import { type CaptureInput, captureBlock } from '../../engine/testing/capture-block.ts'
import type { ResultJson } from '../schemas.ts'
import { storedVerdicts } from './stored-verdicts.ts'

export interface StoredTrace {
  readonly spans: readonly Span[]
  /** Newest first; empty of a file. */
  readonly results: readonly ResultJson[]
}

export interface CapturedTest {
  /** Of the evals that it tests. */
  readonly file: string
  readonly text: string
}

export interface CaptureOptions {
  /** Some of the plan's: those that the tests are about. */
  readonly evals: readonly EvalPlan[]
  readonly redact: (text: string) => string
  /** Every field, and not those alone that the evals read. */
  readonly all: boolean
  /** The block of one file's evals, where it is another than the trace as a fixture. */
  readonly block?: (input: CaptureInput, evalFile: string) => string | null
}

/** One for each file of evals that say something of the trace. `whole`: for what judges and production said, where `trace` is a part of it. */
export function captureTests(
  plan: Plan,
  trace: StoredTrace,
  whole: StoredTrace,
  options: CaptureOptions,
): CapturedTest[] {
  const { evals, redact, all, block = captureBlock } = options
  const { spans } = trace
  const judged = judgedOf(whole)
  const stored = storedVerdicts(plan.evals, trace)
  const name = `captured ${spans[0]!.traceId}`
  return [...Map.groupBy(evals, ({ file }) => file)].flatMap(([file, own]) => {
    const taken = new Set(plan.tests.filter((test) => test.file === file).map((test) => test.name))
    const input = { plan, evals: own, spans, redact, all, judged, stored, name: freeName(name, taken) }
    const text = block(input, file)
    return text === null ? [] : [{ file, text: formatted(text) }]
  })
}

/** The root, and of the others the one. */
export function withSpanAlone({ spans, results }: StoredTrace, spanId: string): StoredTrace {
  const kept = spans.filter((span) => span.parentSpanId === undefined || span.spanId === spanId)
  const isKept = new Set(kept.map((span) => span.spanId))
  const own = results.filter((result) => result.spanId !== undefined && isKept.has(result.spanId))
  return { spans: kept, results: own }
}

/** Two tests of a file have two names. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let nth = 2; taken.has(free); nth++) free = `${name} (${nth})`
  return free
}

function formatted(block: string): string {
  const outcome = formatText(block)
  if (outcome.kind === 'refused')
    throw new Error(`what was captured does not parse: ${outcome.diagnostics[0]?.message}`)
  return outcome.text
}

/** What judges said of the whole trace; a test has one answer for an eval. */
function judgedOf({ results }: StoredTrace): Map<string, number> {
  const judged = new Map<string, number>()
  for (const { eval: evalId, score, runId } of results)
    if (runId !== undefined && score !== undefined && !judged.has(evalId)) judged.set(evalId, score)
  return judged
}
