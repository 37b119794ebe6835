/** `assay backtest`: stored traces through both sides' evals, a page at a time. */
import type { Plan } from '../../dsl/plan.ts'
import { createAlertsBacktest } from '../../engine/backtest/alerts.ts'
import { createBacktest } from '../../engine/backtest/backtest.ts'
import { byStoredKey } from '../../engine/backtest/judge-stored.ts'
import { judgedAs } from '../../engine/judge/in-force.ts'
import type { BacktestFlags } from '../commands/backtest.ts'
import { paintFor } from '../diff/run-diff.ts'
import { openSide, type SideOutcome } from '../diff/sides.ts'
import { exitCodes } from '../exit-codes.ts'
import { findRepository, resolveRevision } from '../git/git.ts'
import { loadPlan } from '../loaded-plan.ts'
import { openSource } from '../stored/open-source.ts'
import { createProgress } from '../stored/progress.ts'
import { readPages } from '../stored/read-pages.ts'
import { SourceError, type TraceSource } from '../stored/source.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'
import { windowOf } from '../stored/window.ts'
import { backtestJson } from './json.ts'
import { backtestMarkdown } from './markdown.ts'
import { type BacktestReport, reportOf } from './report.ts'
import { backtestText } from './text.ts'

const MAX_EXAMPLES = 50

/** The exit code. */
export async function runBacktest(flags: BacktestFlags): Promise<number> {
  if (flags.json && flags.markdown) return refuse('--json and --markdown are two outputs: take one')
  const examples = /^\d{1,3}$/.test(flags.examples) ? Number(flags.examples) : Number.NaN
  if (!(examples <= MAX_EXAMPLES)) return refuse(`--examples takes a number from 0 to ${MAX_EXAMPLES}`)
  const period = windowOf(flags.since, flags.until, Date.now())
  if (!period.ok) return refuse(period.message)
  const after = loadPlan(flags.evals)
  if (!after.ok) return after.exitCode
  try {
    const source = await openSource(flags, process.env)
    try {
      const before = await openBefore(flags, source)
      if (!before.ok) {
        if (before.kind === 'usage') return refuse(before.message)
        process.stderr.write(`${before.message}\n`)
        return exitCodes.findings
      }
      const report = await untilInterrupted((signal) =>
        backtestOn(
          source,
          { before: before.value, after: { plan: judgedAs(after.plan, before.value.plan), shown: 'the working tree' } },
          period.window,
          {
            examples,
            signal,
          },
        ),
      )
      if (report === null) return exitCodes.interrupted
      process.stdout.write(render(report, flags))
      return exitCodes.ok
    } finally {
      await source.close()
    }
  } catch (error) {
    if (error instanceof SourceError) return refuse(error.message)
    throw error
  }
}

interface BacktestSide {
  plan: Plan
  shown: string
}

/** Of a revision; `live`, or by default, those in force where an instance runs; else those of HEAD. */
async function openBefore(flags: BacktestFlags, source: TraceSource): Promise<SideOutcome<BacktestSide>> {
  if (flags.against === undefined || flags.against === 'live') {
    const plan = await source.plan()
    if (plan !== null)
      return { ok: true, value: { plan, shown: `the definitions in force (${plan.hash.slice(0, 7)})` } }
    if (flags.against === 'live')
      return {
        ok: false,
        kind: 'usage',
        message: 'no Assay runs whose definitions could be asked for: name a git revision',
      }
  }
  const repository = findRepository(process.cwd())
  if (!repository.ok)
    return { ok: false, kind: 'usage', message: `${repository.message}, and no Assay runs: nothing to compare with` }
  const revision = resolveRevision(repository.value, flags.against ?? 'HEAD')
  return revision.ok
    ? openSide(repository.value, revision.value, flags.evals)
    : { ok: false, kind: 'usage', message: revision.message }
}

async function backtestOn(
  source: TraceSource,
  { before, after }: { before: BacktestSide; after: BacktestSide },
  window: BacktestReport['window'],
  { examples, signal }: { examples: number; signal: AbortSignal },
): Promise<BacktestReport | null> {
  const backtest = createBacktest(before.plan, after.plan, { examples })
  const alerts = createAlertsBacktest(after.plan)
  const progress = createProgress(process.stderr)
  let openTraces = 0
  let evaluationMs = 0
  try {
    for await (const { page, traces, openTraces: open, nth, total } of readPages(
      source,
      window,
      [...new Set([...backtest.fields, ...alerts.fields])],
      signal,
    )) {
      openTraces += open
      const wanted = [...new Set([...backtest.wanted(traces), ...alerts.wanted(traces)])]
      const stored = wanted.length === 0 ? [] : await source.results(page, wanted)
      const startMs = performance.now()
      const byKey = byStoredKey(stored)
      backtest.add(traces, byKey)
      alerts.add(traces, byKey)
      evaluationMs += performance.now() - startMs
      progress.show(nth / total, `${backtest.counts.traces.toLocaleString('en-GB')} traces`)
    }
  } finally {
    progress.clear()
  }
  if (signal.aborted) return null
  return reportOf(
    backtest,
    { before: before.plan, after: after.plan },
    {
      before: before.shown,
      after: after.shown,
      source: source.shown,
      window,
      openTraces,
      evaluationMs,
      alerts: alerts.finish(window.fromUs / 1000, window.toUs / 1000),
    },
  )
}

function render(report: BacktestReport, { json, markdown }: BacktestFlags): string {
  if (json) return backtestJson(report)
  return markdown ? backtestMarkdown(report) : backtestText(report, paintFor(process.stdout))
}

function refuse(message: string): number {
  process.stderr.write(`assay backtest: ${message}\n`)
  return exitCodes.usage
}
