import { judgeCalls, judgeCost, judgeSeconds, judgeTokens } from '../../storage/metrics/registry.ts'
import type { JudgeUsage } from './completion.ts'

/** Of one call, from now on. Providers are those of the configuration. */
export function measureCall(provider: string): {
  /** `before` and `after` the answer, of the question that it belongs to. */
  answered(before: JudgeUsage, after: JudgeUsage): void
  failed(outcome: string): void
} {
  const startMs = performance.now()
  return {
    answered: (before, after) => {
      judgeCalls.inc({ provider, outcome: 'answered' })
      judgeSeconds.observe({ provider }, (performance.now() - startMs) / 1_000)
      judgeTokens.inc({ provider, direction: 'input' }, after.inputTokens - before.inputTokens)
      judgeTokens.inc({ provider, direction: 'output' }, after.outputTokens - before.outputTokens)
      const costMicroUsd = (after.costMicroUsd ?? 0) - (before.costMicroUsd ?? 0)
      if (costMicroUsd > 0) judgeCost.inc({ provider }, costMicroUsd / 1e6)
    },
    failed: (outcome) => judgeCalls.inc({ provider, outcome }),
  }
}
