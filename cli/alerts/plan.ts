/** `assay alerts plan`: from recent traffic, what each alert would have said, and what those on changes can see. */

import { type AlertBacktest, createAlertsBacktest } from '../../engine/backtest/alerts.ts'
import { byStoredKey } from '../../engine/backtest/judge-stored.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPlan } from '../loaded-plan.ts'
import { openSource } from '../stored/open-source.ts'
import { createProgress } from '../stored/progress.ts'
import { readPages } from '../stored/read-pages.ts'
import { SourceError } from '../stored/source.ts'
import { untilInterrupted } from '../stored/until-interrupted.ts'
import { windowOf } from '../stored/window.ts'
import { alertJson, detectabilityLines, firedText, incidentLines } from './wording.ts'

export interface PlanFlags {
  evals: string[]
  since: string
  until?: string
  data?: string
  server?: string
  json?: boolean
}

/** The exit code: findings when an alert on changes is blind. */
export async function planAlerts(flags: PlanFlags): Promise<number> {
  const period = windowOf(flags.since, flags.until, Date.now())
  if (!period.ok) return refuse(period.message)
  const loaded = loadPlan(flags.evals)
  if (!loaded.ok) return loaded.exitCode
  if (loaded.plan.alerts.length === 0) return refuse('these files declare no alert')
  const { window } = period
  try {
    const source = await openSource(flags, process.env)
    try {
      const alerts = createAlertsBacktest(loaded.plan)
      const progress = createProgress(process.stderr)
      const found = await untilInterrupted(async (signal) => {
        try {
          for await (const { page, traces, nth, total } of readPages(source, window, alerts.fields, signal)) {
            const wanted = alerts.wanted(traces)
            alerts.add(traces, byStoredKey(wanted.length === 0 ? [] : await source.results(page, wanted)))
            progress.show(nth / total, 'reading traces')
          }
        } finally {
          progress.clear()
        }
        return signal.aborted ? null : alerts.finish(window.fromUs / 1000, window.toUs / 1000)
      })
      if (found === null) return exitCodes.interrupted
      process.stdout.write(flags.json ? planJson(found) : planText(found, `${source.shown}, ${period.shown}`))
      return found.some(({ detectability }) => detectability?.isBlind === true) ? exitCodes.findings : exitCodes.ok
    } finally {
      await source.close()
    }
  } catch (error) {
    if (error instanceof SourceError) return refuse(error.message)
    throw error
  }
}

export function planText(found: readonly AlertBacktest[], shown: string): string {
  const lines = [`From ${shown}`]
  for (const one of found)
    lines.push(
      '',
      `${one.alert.id}  ${one.rule}`,
      ...detectabilityLines(one).map((line) => `  ${line}`),
      `  ${firedText(one)} (${one.subjects.toLocaleString('en-GB')} subjects${one.isCut ? ', the rest left out' : ''})`,
      ...incidentLines(one).map((line) => `    ${line}`),
    )
  return `${lines.join('\n')}\n`
}

const planJson = (found: readonly AlertBacktest[]): string =>
  `${JSON.stringify({ version: 1, alerts: found.map(alertJson) }, null, 2)}\n`

function refuse(message: string): number {
  process.stderr.write(`assay alerts plan: ${message}\n`)
  return exitCodes.usage
}
