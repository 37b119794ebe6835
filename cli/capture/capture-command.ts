import { existsSync, fstatSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { messageOf } from '../../engine/message-of.ts'
import { captureFileBlock } from '../../engine/testing/capture-block.ts'
import { createRedaction } from '../../engine/testing/redact-text.ts'
import { captureTests, type StoredTrace, withSpanAlone } from '../../server/capture/capture-tests.ts'
import { withMadeUp } from '../../server/capture/unmask.ts'
import { traceIdSchema } from '../../server/parameters.ts'
import { exitCodes } from '../exit-codes.ts'
import { shownPath } from '../loaded-plan.ts'
import { loadPii } from '../pii.ts'
import { evalNamed, loadDefinitions, ownBeforePacks } from '../stored/definitions.ts'
import { findTrace, type TraceFlags } from '../stored/one-trace.ts'
import { spanNamed } from '../stored/span-named.ts'
import { redactSpans } from './redact-spans.ts'

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
  const whole = { ...found.trace, spans: withMadeUp(found.trace.spans, found.trace.results) }
  const selected = flags.span === undefined ? { ok: true as const, trace: whole } : withSpan(whole, flags.span)
  if (!selected.ok) return usage(selected.message)
  const { spans } = selected.trace
  const redact = createRedaction(loadPii(), plan)
  const file = flags.file === undefined ? null : { path: flags.file, ...redactSpans(spans, redact) }
  if (file !== null) {
    const problem = write(file.path, file.json)
    if (problem !== null) return usage(problem)
  }
  const tests = captureTests(plan, selected.trace, found.trace, {
    evals,
    redact,
    all: flags.all === true,
    ...(file !== null && {
      block: (input, path) =>
        captureFileBlock(input, relative(dirname(resolve(shownPath(loaded, path))), resolve(file.path)), file.spans),
    }),
  })
  if (tests.length === 0)
    return usage(
      `${flags.eval ?? 'no eval of these definitions'} says ${flags.eval === undefined ? 'anything' : 'nothing'} of the trace`,
    )
  const hasFiles = new Set(evals.map((one) => one.file)).size > 1
  const blocks = tests.map(({ file: path, text }) => (hasFiles ? `# For ${shownPath(loaded, path)}\n${text}` : text))
  process.stdout.write(`${isAppended(process.stdout.fd) ? '\n' : ''}${blocks.join('\n')}`)
  return exitCodes.ok
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

type Selected = { ok: true; trace: StoredTrace } | { ok: false; message: string }

function withSpan(trace: StoredTrace, text: string): Selected {
  const named = spanNamed(
    text,
    trace.spans.map(({ spanId }) => spanId),
    'span',
  )
  return named.ok ? { ok: true, trace: withSpanAlone(trace, named.spanId) } : named
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
