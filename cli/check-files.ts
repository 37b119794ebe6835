import type { CostLimits } from '../dsl/cost/limits.ts'
import { costJson, costText } from './check/cost.ts'
import { fixedText, fixFiles } from './check/fix.ts'
import { githubReport } from './check/github.ts'
import { jsonReport } from './check/json.ts'
import { reportRoot } from './check/paths.ts'
import {
  ALL_JUDGED,
  type CheckReport,
  judgedLines,
  nextSteps,
  reportOf,
  settlingLine,
  summaryLine,
  type Unjudged,
} from './check/report.ts'
import { sarifReport } from './check/sarif.ts'
import type { AnswerTokens } from './check/stored-answers.ts'
import type { Answer } from './commands/ask-api.ts'
import type { Config } from './config/settings.ts'
import { diagnosticsText } from './diagnostics-text.ts'
import { exitCodes } from './exit-codes.ts'
import { type CheckedEvals, checkEvals } from './load-evals.ts'
import { isNothingThere } from './loaded-plan.ts'

export const CHECK_FORMATS = ['text', 'json', 'sarif', 'github'] as const
export type CheckFormat = (typeof CHECK_FORMATS)[number]

export interface CheckOptions {
  /** Null: text, and beside it annotations where GitHub Actions reads along. */
  readonly format: CheckFormat | null
  /** A text from the standard input, checked in place of files, under the name of a file that need not exist. */
  readonly stdin: { readonly path: string; readonly text: string } | null
  /** `write`: edit the files where that is safe; `diff`: print what that would change. */
  readonly fix: 'write' | 'diff' | null
  /** Print what each eval costs. */
  readonly cost: boolean
  /** The instance that knows how long judges' answers are; null asks none. */
  readonly server: string | null
  /** Of the project; null where it has none. */
  readonly config: Config | null
  /** Its file; null where it has none. */
  readonly configPath: string | null
}

/** Checks files and folders, prints what was found, and returns the exit code. */
export async function runCheck(paths: readonly string[], options: CheckOptions): Promise<number> {
  const { stdin, fix } = options
  if (fix === 'diff') return showFixes(paths)
  if (fix === 'write') return checkFixed(paths, options)
  const cost = costAsked(options)
  const loaded =
    stdin === null
      ? checkEvals(paths, new Map(), cost)
      : checkEvals([stdin.path], new Map([[stdin.path, stdin.text]]), cost)
  return printed(loaded, options)
}

/** Repairs, then checks what is left. */
async function checkFixed(paths: readonly string[], options: CheckOptions): Promise<number> {
  const { format } = options
  const fixed = fixFiles(paths, true, costAsked(options))
  // Beside a form for machines, what was done is told on the other stream.
  const stream = (format ?? 'text') === 'text' ? process.stdout : process.stderr
  if (fixed.loaded.files.length > 0) stream.write(fixedText(fixed, true))
  const exitCode = await printed(fixed.loaded, options)
  return fixed.refused.length > 0 ? exitCodes.findings : exitCode
}

/** Prints a diff that `git apply` takes; 1 when there is something to fix. */
function showFixes(paths: readonly string[]): number {
  const fixed = fixFiles(paths, false)
  process.stdout.write(fixed.diff)
  process.stderr.write(fixedText(fixed, false))
  return fixed.diff === '' ? exitCodes.ok : exitCodes.findings
}

/** Counted only where somebody wants to know: it takes time. */
function costAsked({ cost, config }: CheckOptions): { limits: CostLimits } | undefined {
  const { perEval, total } = config?.cost ?? { perEval: null, total: null }
  return cost || perEval !== null || total !== null ? { limits: { perEval, total } } : undefined
}

async function printed(loaded: CheckedEvals, options: CheckOptions): Promise<number> {
  const { format } = options
  const report = reportOf(loaded, await unjudgedOf(loaded, options))
  if (loaded.files.length === 0 && report.summary.errors === 0 && (format ?? 'text') === 'text') {
    process.stderr.write('no .eval files found: name a file or a folder that has some\n')
    return exitCodes.usage
  }
  const answers = await answersOf(loaded, options)
  if (!answers.ok) {
    process.stderr.write(`assay check: ${answers.message}\n`)
    return exitCodes.usage
  }
  process.stdout.write(written(options, report, loaded, answers.value))
  if (report.summary.errors > 0) return isNothingThere(loaded) ? exitCodes.usage : exitCodes.findings
  return loaded.files.length === 0 ? exitCodes.usage : exitCodes.ok
}

/** What the environment says of judges is read only where some are asked: other checks stay as fast. */
async function unjudgedOf({ counts }: CheckedEvals, { configPath }: CheckOptions): Promise<Unjudged> {
  if (counts === null || counts.judged.length === 0) return ALL_JUDGED
  const { unjudgedHere } = await import('./check/unjudged.ts')
  return unjudgedHere(counts.judged, configPath)
}

async function answersOf({ costs }: CheckedEvals, { cost, server }: CheckOptions): Promise<Answer<AnswerTokens>> {
  if (!cost || server === null) return { ok: true, value: new Map() }
  const { storedAnswerTokens } = await import('./check/stored-answers.ts')
  return storedAnswerTokens(server, costs)
}

function written(options: CheckOptions, report: CheckReport, loaded: CheckedEvals, answers: AnswerTokens): string {
  const { format, cost, config } = options
  const prices = config?.cost.prices ?? {}
  const costs = cost && loaded.costs.length > 0 ? `\n${costText(loaded.costs, prices, answers)}` : ''
  const root = reportRoot(process.env)
  switch (format) {
    case 'json':
      return jsonReport(report, cost ? costJson(loaded.costs, prices, answers) : null)
    case 'sarif':
      return sarifReport(report, root)
    case 'github':
      return githubReport(report, root)
    case 'text':
      return textReport(report, loaded) + nextSteps(report.diagnostics) + costs
    case null:
      return process.env.GITHUB_ACTIONS === 'true'
        ? `${textReport(report, loaded)}${costs}${githubReport(report, root)}`
        : textReport(report, loaded) + nextSteps(report.diagnostics) + costs
  }
}

function textReport(checked: CheckReport, loaded: CheckedEvals): string {
  const { summary } = checked
  const report = diagnosticsText(loaded, process.stdout)
  return `${report === '' ? '' : `${report}\n`}${summaryLine(summary)}\n${settlingLine(summary)}${judgedLines(checked)}`
}
