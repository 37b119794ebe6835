/** What a check found, before it is written in one form or another. */
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.ts'
import { Source } from '../../dsl/source.ts'
import type { CheckedEvals } from '../load-evals.ts'

export interface Summary {
  readonly files: number
  readonly evals: number
  readonly alerts: number
  readonly scorecards: number
  readonly tests: number
  /** Ids of evals of spans that wait until their trace settles. */
  readonly settling: readonly string[]
  /** Ids of offline evals that ask a judge. */
  readonly judged: readonly string[]
  /** Those of them that would not be judged by the configuration at hand, and why. */
  readonly unjudged: readonly UnjudgedEval[]
  readonly errors: number
  readonly warnings: number
}

export interface UnjudgedEval {
  readonly eval: string
  readonly state: 'by_proxy' | 'no_provider' | 'no_price'
  readonly detail: string
}

export interface Unjudged {
  readonly evals: readonly UnjudgedEval[]
  /** A sentence for all that lack the same. */
  readonly notices: readonly string[]
}

export const ALL_JUDGED: Unjudged = { evals: [], notices: [] }

export interface CheckReport {
  /** Files under the names that they were given by. */
  readonly diagnostics: readonly Diagnostic[]
  readonly summary: Summary
  /** The texts that diagnostics speak of, by such a name. */
  readonly sources: ReadonlyMap<string, Source>
  /** What is to be said of judges that are not configured. */
  readonly notices: readonly string[]
}

export function reportOf(
  { counts, diagnostics, files, sources, shownAs }: CheckedEvals,
  unjudged: Unjudged = ALL_JUDGED,
): CheckReport {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length
  const named = diagnostics.map((diagnostic) => ({
    ...diagnostic,
    file: shownAs.get(diagnostic.file) ?? diagnostic.file,
  }))
  return {
    diagnostics: named,
    summary: {
      files: files.length,
      // With errors there is nothing to count.
      evals: counts?.evals ?? 0,
      alerts: counts?.alerts ?? 0,
      scorecards: counts?.scorecards ?? 0,
      tests: counts?.tests ?? 0,
      settling: counts?.settling ?? [],
      judged: counts?.judged.map(({ id }) => id) ?? [],
      unjudged: unjudged.evals,
      errors,
      warnings: diagnostics.length - errors,
    },
    sources: new Map(
      [...sources].map(([path, text]) => {
        const name = shownAs.get(path) ?? path
        return [name, new Source(name, text)]
      }),
    ),
    notices: unjudged.notices,
  }
}

export function summaryLine({ files, evals, alerts, scorecards, tests, errors, warnings }: Summary): string {
  const found = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ]
  if (errors > 0) return `${counted(files, 'file')} checked: ${found.join(', ')}`
  const parts = [
    counted(evals, 'eval'),
    counted(alerts, 'alert'),
    ...(scorecards > 0 ? [counted(scorecards, 'scorecard')] : []),
    counted(tests, 'test'),
  ].join(', ')
  return `${counted(files, 'file')} checked: ${parts}, ${found.length === 0 ? 'no problems' : found.join(', ')}`
}

const SHOWN_EVALS = 5

/** Which evals of spans are judged later than one might think: a line, or nothing. */
export function settlingLine({ settling }: Summary): string {
  return evalsLine('judged when their trace settles, not as their span arrives', settling)
}

/** Which evals are not judged by the configuration at hand: a line for all that lack the same, or nothing. Elsewhere there may be another. */
export function judgedLines({ notices }: CheckReport): string {
  return notices.map((notice) => `as configured here: ${notice}\n`).join('')
}

function evalsLine(what: string, evalIds: readonly string[]): string {
  if (evalIds.length === 0) return ''
  const more = evalIds.length > SHOWN_EVALS ? `, and ${evalIds.length - SHOWN_EVALS} more` : ''
  return `${what}: ${evalIds.slice(0, SHOWN_EVALS).join(', ')}${more}\n`
}

/** What helps further: a line, or nothing where nothing was found. */
export function nextSteps(diagnostics: readonly Diagnostic[]): string {
  const inTexts = diagnostics.filter(({ line }) => line > 0)
  const first = inTexts.find(({ severity }) => severity === 'error') ?? inTexts[0]
  if (first === undefined) return ''
  const canFix = inTexts.some(({ fix }) => fix?.applicability === 'machine')
  return `\`assay explain ${first.code}\` tells more${canFix ? '; `assay check --fix` makes the edits that are safe' : ''}\n`
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
