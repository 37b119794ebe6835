/** `assay run FILE --on TRACES`: what an eval says of traces in a file. */

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { messageOf } from '../../engine/message-of.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPlan } from '../loaded-plan.ts'
import { readTraces } from '../read-traces.ts'
import { evaluateSpans } from '../run-evals.ts'
import { jsonLine, textReport } from '../run-report.ts'

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('evaluate .eval files on traces in a file')
    .argument('<file>', 'an .eval file, or a folder with all .eval files below it')
    .requiredOption(
      '--on <path>',
      'OTLP as JSON, JSONL or protobuf, or JSONL of spans as the API shows them; - is stdin',
    )
    .option('--json', 'print one result a line instead of a table')
    .addHelpText(
      'after',
      `
Every trace is taken as settled. Offline evals need a judge: they are listed as not run. Evidence is masked.

Examples:
  assay run evals/pii.eval --on traces.json
  assay run evals --on spans.jsonl --json | jq 'select(.verdict == "fail")'

Exit codes: 0 nothing failed, 1 a fail or an error (shadow evals aside) or a file that does not check, 2 usage.`,
    )
    .action((file: string, options: { on: string; json?: boolean }) => {
      process.exitCode = runFile(file, options.on, options.json === true)
    })
}

function runFile(file: string, on: string, json: boolean): number {
  const outcome = loadPlan([file])
  if (!outcome.ok) return outcome.exitCode
  let bytes: Uint8Array
  try {
    bytes = readFileSync(on === '-' ? 0 : on)
  } catch (error) {
    return refuse(`cannot read ${on}: ${readProblem(error)}`)
  }
  const read = readTraces(bytes)
  if (!read.ok) return refuse(`cannot take traces from ${on}: ${read.message}`)

  const run = evaluateSpans(outcome.plan, read.spans, Date.now())
  if (json) {
    for (const result of run.results) process.stdout.write(`${jsonLine(result)}\n`)
    if (run.notRun.length > 0) process.stderr.write(`not run, as they need a judge: ${run.notRun.join(', ')}\n`)
  } else process.stdout.write(textReport(run))
  const gating = run.results.filter((result) => result.mode === 'live')
  const failed = gating.some(({ verdict }) => verdict === 'fail' || verdict === 'error')
  return failed ? exitCodes.findings : exitCodes.ok
}

function refuse(message: string): number {
  process.stderr.write(`assay run: ${message}\n`)
  return exitCodes.usage
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  EISDIR: 'it is a folder, and a file is needed',
}

function readProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return PROBLEMS[code] ?? messageOf(error)
}
