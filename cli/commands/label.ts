/** `assay label`: what people say of what a judge judged, one subject after the other, or from a file. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { messageOf } from '../../engine/message-of.ts'
import type { Span } from '../../engine/model/span.ts'
import {
  type LabelJson,
  labelsResponseSchema,
  labelsStoredSchema,
  type NewLabelJson,
  newLabelSchema,
} from '../../server/offline-schemas.ts'
import {
  type EvalDetailResponse,
  evalDetailResponseSchema,
  type ResultJson,
  resultsResponseSchema,
} from '../../server/schemas.ts'
import { sessionAround } from '../../storage/traces/session-around.ts'
import { author } from '../alerts/ask-alerts.ts'
import { exitCodes } from '../exit-codes.ts'
import { promptOf, readTyped, type Said, type Scores, scoresOf } from '../label/typed.ts'
import { withTrace } from '../stored/one-trace.ts'
import { type Answer, askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'
import { evalIdOf, withMeant } from './eval-id-of.ts'
import { printable } from './printable.ts'

interface Flags {
  server?: string
  by?: string
}

type Refusal = Extract<Answer<never>, { ok: false }>

const AT_ONCE = 200

export function registerLabel(program: Command): void {
  const label = program.command('label').description('say of what a judge judged what it should have said')
  label.addHelpText(
    'after',
    `
Examples:
  assay label ask helpful                 one subject after the other: a score, p (pass), f (fail), s (skip), q (quit)
  assay label import labels.jsonl         {"eval":"support/helpful","traceId":"4bf9…","score":4,"by":"ana"} a line
  assay label export helpful > labels.jsonl
  assay offline agreement helpful

Exit codes: 0 fine, 2 usage, or no Assay answers.`,
  )
  const common = (command: Command): Command =>
    command.option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`)

  common(label.command('ask <eval>'))
    .description('show what was judged last and not labelled yet, and ask for each')
    .option('--by <name>', 'who says so (the user of this machine)')
    .action(async (name: string, flags: Flags) => {
      process.exitCode = await ask(name, flags)
    })
  common(label.command('import <file>'))
    .description('store the labels of a JSONL file; - is standard input')
    .action(async (file: string, flags: Flags) => {
      process.exitCode = await importFile(file, flags)
    })
  common(label.command('export <eval>'))
    .description('print its labels as JSONL')
    .action(async (name: string, flags: Flags) => {
      process.exitCode = await exportAll(name, flags)
    })
}

async function importFile(file: string, flags: Flags): Promise<number> {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    return usage(`${file} cannot be read: ${messageOf(error)}`)
  }
  const server = serverOf(flags.server)
  const ids = new Map<string, Answer<string>>()
  const labels: { at: number; label: NewLabelJson }[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      return usage(`${file}:${at + 1}: not JSON`)
    }
    // What an export adds says when it was said first.
    const { at: _, ...rest } = typeof value === 'object' && value !== null ? (value as { at?: unknown }) : {}
    const parsed = newLabelSchema.safeParse(rest)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return usage(`${file}:${at + 1}: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(' ')}`)
    }
    const name = parsed.data.eval
    const id = ids.get(name) ?? (await evalIdOf(server, name))
    ids.set(name, id)
    if (!id.ok) return usage(`${file}:${at + 1}: ${id.message}`)
    labels.push({ at, label: { ...parsed.data, eval: id.value } })
  }
  for (let from = 0; from < labels.length; from += AT_ONCE) {
    const part = labels.slice(from, from + AT_ONCE)
    const body = { labels: part.map(({ label }) => label) }
    const answer = await askApi(server, 'v1/labels', {}, labelsStoredSchema, body)
    if (!answer.ok) {
      const why = linesOf(answer.errors, (n) => `${file}:${(part[n]?.at ?? 0) + 1}`) ?? answer.message
      return usage(from === 0 ? why : `${why}; the first ${from} are stored`)
    }
  }
  process.stdout.write(storedText(labels.length))
  return exitCodes.ok
}

/** `labels.3.score` is of a line of the file. Null where nothing is said of a single label. */
function linesOf(errors: Refusal['errors'], placeOf: (n: number) => string): string | null {
  const lines = (errors ?? []).flatMap(({ parameter, message }) => {
    const [, n, field] = /^labels\.(\d+)\.(\w+)$/.exec(parameter) ?? []
    return n === undefined ? [] : [`${placeOf(Number(n))}: ${field}: ${message}`]
  })
  return lines.length === 0 ? null : lines.join('\nassay label: ')
}

async function exportAll(name: string, flags: Flags): Promise<number> {
  const found = await labelsOf(name, flags)
  if (typeof found === 'number') return found
  for (const label of found.labels) process.stdout.write(`${JSON.stringify(label)}\n`)
  return exitCodes.ok
}

async function labelsOf(name: string, flags: Flags): Promise<{ id: string; labels: LabelJson[] } | number> {
  const server = serverOf(flags.server)
  const id = await evalIdOf(server, name)
  if (!id.ok) return usage(id.message)
  const answer = await askApi(server, 'v1/labels', { eval: id.value }, labelsResponseSchema)
  return answer.ok ? { id: id.value, labels: answer.value.labels } : usage(answer.message)
}

const keyOf = ({ traceId, spanId }: { traceId: string; spanId?: string | undefined }): string =>
  `${traceId}/${spanId ?? ''}`

async function ask(name: string, flags: Flags): Promise<number> {
  const server = serverOf(flags.server)
  const by = author(flags.by)
  const known = await labelsOf(name, flags)
  if (typeof known === 'number') return known
  const detail = await askApi(server, `v1/evals/${known.id}`, {}, evalDetailResponseSchema)
  if (!detail.ok) return usage(await withMeant(server, known.id, detail.message))
  const scores = scoresOf(detail.value)
  const done = new Set(known.labels.filter((label) => label.by === by).map(keyOf))
  const answer = await askApi(server, 'v1/results', { eval: known.id, limit: '1000' }, resultsResponseSchema)
  if (!answer.ok) return usage(answer.message)
  const latest = new Map<string, ResultJson>()
  // Newest first: of a subject that was judged again the latest is kept.
  for (const result of answer.value.results) if (!latest.has(keyOf(result))) latest.set(keyOf(result), result)
  const todo = [...latest.values()].filter(
    (result) => !done.has(keyOf(result)) && (result.verdict === 'pass' || result.verdict === 'fail'),
  )
  if (todo.length === 0) {
    process.stdout.write('Nothing that was judged waits for a label.\n')
    return exitCodes.ok
  }
  process.stdout.write(measureText(detail.value))
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const lines = terminal[Symbol.asyncIterator]()
  let stored = 0
  try {
    for (const [i, result] of todo.entries()) {
      const shown = await showSubject(server, result)
      if (!shown.ok) return usage(shown.message)
      process.stdout.write(`\n${i + 1} of ${todo.length}\n${shown.text}`)
      const said = await nextAnswer(lines, scores)
      if (said === null) break
      if (said === 'skip') continue
      // The judge's own verdict is shown after the person's, so that it does not lead it.
      const label = {
        eval: known.id,
        traceId: result.traceId,
        ...(result.spanId !== undefined && { spanId: result.spanId }),
        by,
        ...said,
      }
      const kept = await askApi(server, 'v1/labels', {}, labelsStoredSchema, { labels: [label] })
      if (!kept.ok) return usage(kept.message)
      stored++
      process.stdout.write(
        `The judge said ${result.verdict}${result.score === undefined ? '' : `, ${result.score}`}.\n`,
      )
    }
  } finally {
    terminal.close()
  }
  process.stdout.write(`\n${storedText(stored)}`)
  return exitCodes.ok
}

const storedText = (count: number): string => (count === 1 ? '1 label is stored.\n' : `${count} labels are stored.\n`)

/** What the judge was told to look for; nothing of it is a verdict. */
function measureText({ judge, metric }: EvalDetailResponse): string {
  if (judge !== undefined) return `rubric:\n${indented(judge.rubric)}`
  return metric === undefined ? '' : `metric: ${printable(metric.text)}\n`
}

const indented = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `  ${printable(line)}\n`)
    .join('')

/** Null at the end of the input, and for q. */
async function nextAnswer(lines: AsyncIterator<string>, scores: Scores | null): Promise<Said | 'skip' | null> {
  for (;;) {
    process.stdout.write(promptOf(scores))
    const line = await lines.next()
    if (line.done) return null
    const typed = readTyped(line.value, scores)
    if (typed.kind === 'quit') return null
    if (typed.kind === 'skip') return 'skip'
    if (typed.kind === 'said') return typed.said
    process.stdout.write(`${typed.why}\n`)
  }
}

/** What went in and came out: of the span, of the trace, of each trace of the session. */
async function showSubject(
  server: string,
  { traceId, spanId, subject }: ResultJson,
): Promise<{ ok: true; text: string } | { ok: false; message: string }> {
  const found = await withTrace(traceId, { server }, process.env, async ({ spans }, sessions) => {
    const session = subject === 'session' ? await sessionAround(spans, sessions) : null
    if (session === null)
      return `trace ${traceId}${spanId === undefined ? '' : `, span ${spanId}`}\n${wordsOf(spans, spanId)}`
    const { sessionId, traceIds, isCut } = session
    const turns = traceIds.map(
      (id) =>
        `trace ${id}\n${wordsOf(
          session.spans.filter((span) => span.traceId === id),
          undefined,
        )}`,
    )
    const more = isCut ? 'and more\n' : ''
    return `session ${printable(sessionId)}\n${turns.join('')}${more}`
  })
  return found.ok ? { ok: true, text: found.value } : found
}

function wordsOf(spans: readonly Span[], spanId: string | undefined): string {
  const span =
    spanId === undefined
      ? (spans.find((one) => one.parentSpanId === undefined) ?? spans[0])
      : spans.find((one) => one.spanId === spanId)
  const texts = [
    ['input', span?.inputText],
    ['query', span?.retrievalQuery],
    ...(span?.documents ?? []).map(({ text }, i) => [`document ${i + 1}`, text] as const),
    ['output', span?.outputText],
  ] as const
  return texts
    .flatMap(([what, text]) =>
      typeof text === 'string' ? [`${what}: ${text.split('\n').map(printable).join('\n  ')}\n`] : [],
    )
    .join('')
}

function usage(message: string): number {
  process.stderr.write(`assay label: ${message}\n`)
  process.exitCode = exitCodes.usage
  return exitCodes.usage
}
