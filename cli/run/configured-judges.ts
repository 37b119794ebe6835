import type { SpendingSettings } from '../../workers/offline/prices.ts'
import { lineOf } from '../config/problem.ts'
import { configPathOf, resolveSettings } from '../config/resolve-settings.ts'
import { defaultJudgeOf, providersOf, spendingOf } from '../config/sections/judges.ts'
import type { OfflineRunOptions } from './judge-offline.ts'

export type ConfiguredJudges = Pick<OfflineRunOptions, 'providers' | 'defaultJudge'>

export const NO_JUDGES: ConfiguredJudges = { providers: [], defaultJudge: null }

export type JudgesOutcome =
  | { ok: true; judges: ConfiguredJudges; spending: SpendingSettings }
  | { ok: false; message: string }

/** As the environment and a project's `assay.yaml` have them: that of the working directory unless told. */
export function configuredJudges(path = configPathOf(undefined, process.env)): JudgesOutcome {
  const inputs = { flags: {}, env: process.env, path }
  const resolved = resolveSettings(inputs, { uses: (key) => key === 'judges' || key === 'cost' })
  if (!resolved.ok) return { ok: false, message: resolved.problems.map(lineOf).join('\n') }
  const { judges, cost } = resolved.config
  return {
    ok: true,
    judges: { providers: providersOf(judges), defaultJudge: defaultJudgeOf(judges) },
    spending: spendingOf(judges, cost.prices),
  }
}
