/** `assay run`: from the command line to an exit code. */
import { readFileSync } from 'node:fs'
import type { EvalPlan, Plan } from '../../dsl/plan.ts'
import { isMeasured } from '../../engine/evaluate/measure.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { RunFlags } from '../commands/run.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPlan } from '../loaded-plan.ts'
import { readTraces } from '../read-traces.ts'
import { type EvalRun, evaluateSpans } from '../run-evals.ts'
import { jsonLine, textReport } from '../run-report.ts'
import { openSource } from '../stored/open-source.ts'
import { SourceError } from '../stored/source.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'
import { windowOf } from '../stored/window.ts'
import { type ConfiguredJudges, configuredJudges, NO_JUDGES } from './configured-judges.ts'
import { anyFailed, missedThresholds, parseThresholds, type Threshold, unknownName } from './gate.ts'
import { judgeOfflineEvals } from './judge-offline.ts'
import { evaluateStored } from './run-stored.ts'
import { withOffline } from './with-offline.ts'

export async function runEvals(files: readonly string[], flags: RunFlags): Promise<number> {
  const parsed = parseThresholds(flags.failUnder ?? [])
  if (!parsed.ok) return refuse(parsed.message)
  if (flags.on === undefined && flags.since === undefined)
    return refuse('on which traces? name a file with --on, or a time with --since 7d for stored ones')
  if (flags.on !== undefined && flags.since !== undefined) return refuse('--on and --since are two sources: take one')
  const outcome = loadPlan(files)
  if (!outcome.ok) return outcome.exitCode
  const { plan } = outcome
  const stranger = unknownName(parsed.thresholds, plan)
  if (stranger !== null) return refuse(stranger)
  const run = flags.on === undefined ? await onStored(plan, flags) : await onFile(plan, flags.on, flags)
  return typeof run === 'number' ? run : finish(run, parsed.thresholds, flags)
}

async function onFile(plan: Plan, on: string, flags: RunFlags): Promise<EvalRun | number> {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(on === '-' ? 0 : on)
  } catch (error) {
    return refuse(`cannot read ${on}: ${readProblem(error)}`)
  }
  const read = readTraces(bytes)
  if (!read.ok) return refuse(`cannot take traces from ${on}: ${read.message}`)
  const run = evaluateSpans(plan, read.spans, Date.now())
  if (flags.json) for (const result of run.results) process.stdout.write(`${jsonLine(result)}\n`)
  const asksJudges = flags.judge === true
  if (!asksJudges && !plan.evals.some(needsNoJudge)) return run
  const judges = judgesFor(asksJudges)
  if (typeof judges === 'number') return judges
  const traces = Map.groupBy(read.spans, ({ traceId }) => traceId)
  const judged = await untilInterrupted((signal) =>
    withOffline(run, { signal, asksJudges }, (onResult) =>
      judgeOfflineEvals({
        ...{ plan, signal, ...judges, asksJudges, nowMs: Date.now, traceIds: [...traces.keys()] },
        getTrace: async (_, traceId) => firstOfEach(traces.get(traceId) ?? []),
        onResult: flags.json ? printed(onResult) : onResult,
      }),
    ),
  )
  return judged ?? exitCodes.interrupted
}

const needsNoJudge = (one: EvalPlan): boolean => one.kind === 'offline' && isMeasured(one)

/** A span that is in the file more than once counts once, as for online evals. */
function firstOfEach<T extends { spanId: string }>(spans: readonly T[]): T[] {
  return [...Map.groupBy(spans, ({ spanId }) => spanId).values()].map(([first]) => first!)
}

async function onStored(plan: Plan, flags: RunFlags): Promise<EvalRun | number> {
  const period = windowOf(flags.since ?? '', flags.until, Date.now())
  if (!period.ok) return refuse(period.message)
  const asksJudges = flags.judge === true
  const judges = judgesFor(asksJudges)
  if (typeof judges === 'number') return judges
  try {
    const source = await openSource(flags, process.env)
    try {
      const run = await untilInterrupted(async (signal) => {
        const onResult = flags.json ? printed(() => {}) : () => {}
        const hasOffline = asksJudges || plan.evals.some(needsNoJudge)
        const stored = await evaluateStored(plan, source, period.window, {
          signal,
          onResult,
          keepIds: hasOffline,
        })
        if (stored === null || !hasOffline) return stored?.run ?? null
        return withOffline(stored.run, { signal, asksJudges }, (keep) =>
          judgeOfflineEvals({
            ...{ plan, signal, ...judges, asksJudges, nowMs: Date.now, traceIds: stored.traceIds },
            getTrace: (_, traceId) => source.trace(traceId),
            onResult: flags.json ? printed(keep) : keep,
          }),
        )
      })
      return run ?? exitCodes.interrupted
    } finally {
      await source.close()
    }
  } catch (error) {
    if (error instanceof SourceError) return refuse(error.message)
    throw error
  }
}

/** Or an exit code. */
function judgesFor(asksJudges: boolean): ConfiguredJudges | number {
  if (!asksJudges) return NO_JUDGES
  const configured = configuredJudges()
  return configured.ok ? configured.judges : refuse(configured.message)
}

function printed<R extends Parameters<typeof jsonLine>[0]>(then: (result: R) => void): (result: R) => void {
  return (result) => {
    process.stdout.write(`${jsonLine(result)}\n`)
    then(result)
  }
}

function finish(run: EvalRun, thresholds: readonly Threshold[], { json }: RunFlags): number {
  const missed = missedThresholds(thresholds, run.plan, run.ledger)
  const said = thresholds.length === 0 ? [] : missed.length === 0 ? ['no limit of --fail-under is missed'] : missed
  if (json) {
    if (run.notRun.length > 0) process.stderr.write(`not run, as they need a judge: ${run.notRun.join(', ')}\n`)
    for (const note of [...run.notes, ...said]) process.stderr.write(`${note}\n`)
  } else process.stdout.write(`${textReport(run)}${said.length === 0 ? '' : `\n${said.join('\n')}\n`}`)
  const failed = thresholds.length > 0 ? missed.length > 0 : anyFailed(run.plan, run.ledger)
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
