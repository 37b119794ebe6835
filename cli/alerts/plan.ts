/** `assay alerts plan`: from recent traffic, what each alert would have said, and what those on changes can see. */

import type { AlertBacktest } from '../../engine/backtest/alerts.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadPlan } from '../loaded-plan.ts'
import { loadAtHand } from '../stored/definitions.ts'
import { openSource } from '../stored/open-source.ts'
import { SourceError } from '../stored/source.ts'
import { windowOf } from '../stored/window.ts'
import { alertsOver } from './over-traffic.ts'
import { alertJson, detectabilityLines, firedText, incidentLines, isBlind, subjectsText } from './wording.ts'

export interface PlanFlags {
  evals?: string[]
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
  const loaded = flags.evals === undefined ? loadAtHand() : loadPlan(flags.evals)
  if (!loaded.ok) return loaded.exitCode
  if (loaded.plan.alerts.length === 0) return refuse('these files declare no alert')
  const { window } = period
  try {
    const source = await openSource(flags, process.env)
    try {
      const found = await alertsOver(source, window, loaded.plan)
      if (found === null) return exitCodes.interrupted
      process.stdout.write(flags.json ? planJson(found) : planText(found, `${source.shown}, ${period.shown}`))
      return found.some(isBlind) ? exitCodes.findings : exitCodes.ok
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
      `  ${firedText(one)} (${subjectsText(one)}${one.isCut ? ', the rest left out' : ''})`,
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
