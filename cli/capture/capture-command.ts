import { existsSync, fstatSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { formatText } from '../../dsl/format/format.ts'
import { messageOf } from '../../engine/message-of.ts'
import { traceIdSchema } from '../../server/parameters.ts'
import { exitCodes } from '../exit-codes.ts'
import { shownPath } from '../loaded-plan.ts'
import { loadPii } from '../pii.ts'
import { evalNamed, loadDefinitions, ownBeforePacks } from '../stored/definitions.ts'
import { type FoundTrace, findTrace, type TraceFlags } from '../stored/one-trace.ts'
import { spanNamed } from '../stored/span-named.ts'
import { type CaptureInput, captureBlock, captureFileBlock } from './capture-block.ts'
import { redactSpans } from './redact-spans.ts'
import { createRedaction } from './redact-text.ts'
import { storedVerdicts } from './stored-verdicts.ts'
import { withMadeUp } from './unmask.ts'

export interface CaptureFlags extends TraceFlags {
  readonly eval?: string
  readonly span?: string
  readonly evals?: string[]
  readonly all?: boolean
  readonly file?: string
}

/** Prints a test for each file of evals that say something of the trace, and returns the exit code. */
export async function runCapture(trace: string, flags: CaptureFlags): Promise<number> {
  const parsed = traceIdSchema.safeParse(trace)
  if (!parsed.success) return usage(`${JSON.stringify(trace)} is not a trace id: 32 hex digits`)
  const definitions = loadDefinitions(flags.evals)
  if (!definitions.ok) return definitions.exitCode
  const { plan, loaded } = definitions
  let evals = flags.evals === undefined ? ownBeforePacks(plan.evals) : plan.evals
  if (flags.eval !== undefined) {
    const named = evalNamed(flags.eval, plan)
    if (!named.ok) return usage(named.message)
    evals = [named.evalPlan]
  }
  const found = await findTrace(parsed.data, flags, process.env)
  if (!found.ok) return usage(found.message)
  const whole: FoundTrace = { ...found.trace, spans: withMadeUp(found.trace.spans, found.trace.results) }
  const selected = flags.span === undefined ? { ok: true as const, trace: whole } : withSpan(whole, flags.span)
  if (!selected.ok) return usage(selected.message)
  const { spans } = selected.trace

  const redact = createRedaction(loadPii(), plan)
  const judged = judgedOf(found.trace)
  const stored = storedVerdicts(plan.evals, selected.trace)
  const name = `captured ${parsed.data}`
  const input = { plan, spans, redact, all: flags.all === true, judged, stored, name }
  const files = [...Map.groupBy(evals, ({ file }) => file)]
  const file = flags.file === undefined ? null : { path: flags.file, ...redactSpans(spans, redact) }
  if (file !== null) {
    const problem = write(file.path, file.json)
    if (problem !== null) return usage(problem)
  }
  const blocks = files.flatMap(([path, own]) => {
    const shown = shownPath(loaded, path)
    const taken = new Set(plan.tests.filter((test) => test.file === path).map((test) => test.name))
    const block = blockOf({ ...input, evals: own, name: freeName(name, taken) }, shown, file)
    return block === null ? [] : [files.length > 1 ? `# For ${shown}\n${block}` : block]
  })
  if (blocks.length === 0)
    return usage(
      `${flags.eval ?? 'no eval of these definitions'} says ${flags.eval === undefined ? 'anything' : 'nothing'} of the trace`,
    )
  process.stdout.write(`${isAppended(process.stdout.fd) ? '\n' : ''}${blocks.join('\n')}`)
  return exitCodes.ok
}

/** Two tests of a file have two names. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let nth = 2; taken.has(free); nth++) free = `${name} (${nth})`
  return free
}

/** Behind `>>` the formatter wants an empty line between what is there and what comes. */
function isAppended(fd: number): boolean {
  try {
    const stats = fstatSync(fd)
    return stats.isFile() && stats.size > 0
  } catch {
    return false
  }
}

function blockOf(
  input: CaptureInput,
  evalFile: string,
  file: { path: string; spans: CaptureInput['spans'] } | null,
): string | null {
  const block =
    file === null
      ? captureBlock(input)
      : captureFileBlock(input, relative(dirname(resolve(evalFile)), resolve(file.path)), file.spans)
  if (block === null) return null
  const formatted = formatText(block)
  if (formatted.kind === 'refused')
    throw new Error(`what was captured does not parse: ${formatted.diagnostics[0]?.message}`)
  return formatted.text
}

type Selected = { ok: true; trace: FoundTrace } | { ok: false; message: string }

/** The root, and of the others the one. */
function withSpan({ spans, results }: FoundTrace, text: string): Selected {
  const ids = spans.map(({ spanId }) => spanId)
  const named = spanNamed(text, ids, 'span')
  if (!named.ok) return named
  const kept = spans.filter(({ spanId, parentSpanId }) => parentSpanId === undefined || spanId === named.spanId)
  const isKept = new Set(kept.map(({ spanId }) => spanId))
  const own = results.filter(({ spanId }) => spanId !== undefined && isKept.has(spanId))
  return { ok: true, trace: { spans: kept, results: own } }
}

/** What judges said of the whole trace; a test has one answer for an eval. */
function judgedOf({ results }: FoundTrace): Map<string, number> {
  const judged = new Map<string, number>()
  for (const { eval: evalId, score, runId } of results)
    if (runId !== undefined && score !== undefined && !judged.has(evalId)) judged.set(evalId, score)
  return judged
}

/** A sentence where it cannot be written. A file that is there stays: it may be another test's. */
function write(path: string, text: string): string | null {
  if (existsSync(path)) return `${path} is there already; name another file`
  try {
    writeFileSync(path, text)
    return null
  } catch (error) {
    return `cannot write ${path}: ${messageOf(error)}`
  }
}

function usage(message: string): number {
  process.stderr.write(`assay capture: ${message}\n`)
  return exitCodes.usage
}
