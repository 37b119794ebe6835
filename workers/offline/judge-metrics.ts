import { judgeCalls, judgeSeconds, judgeTokens } from '../../storage/metrics/registry.ts'

/** Of one call, from now on. Providers are those of the configuration. */
export function measureCall(provider: string): {
  answered(inputTokens: number, outputTokens: number): void
  failed(outcome: string): void
} {
  const startMs = performance.now()
  return {
    answered: (inputTokens, outputTokens) => {
      judgeCalls.inc({ provider, outcome: 'answered' })
      judgeSeconds.observe({ provider }, (performance.now() - startMs) / 1_000)
      judgeTokens.inc({ provider, direction: 'input' }, inputTokens)
      judgeTokens.inc({ provider, direction: 'output' }, outputTokens)
    },
    failed: (outcome) => judgeCalls.inc({ provider, outcome }),
  }
}
