import { judgeCalls, judgeCost, judgeSeconds, judgeTokens } from '../../storage/metrics/registry.ts'
import { beginSpan } from '../../storage/tracing/tracer.ts'
import type { JudgeUsage } from './completion.ts'

/** Looking a counter up by its labels costs more than counting. */
const answeredBy = new Map<string, ReturnType<typeof answeredOf>>()

function answeredOf(provider: string) {
  return {
    calls: judgeCalls.labels({ provider, outcome: 'answered' }),
    seconds: judgeSeconds.labels({ provider }),
    inputTokens: judgeTokens.labels({ provider, direction: 'input' }),
    outputTokens: judgeTokens.labels({ provider, direction: 'output' }),
  }
}

/** Of one call, from now on. Providers are those of the configuration. */
export function measureCall(
  provider: string,
  model: string,
): {
  /** `before` and `after` the answer, of the question that it belongs to. */
  answered(before: JudgeUsage, after: JudgeUsage): void
  failed(outcome: string): void
} {
  const startMs = performance.now()
  // One that is stopped on its way is no call, and its span is never ended.
  const span = beginSpan(`chat ${model}`, () => ({
    kind: 'client',
    attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': provider, 'gen_ai.request.model': model },
  }))
  return {
    answered: (before, after) => {
      let counts = answeredBy.get(provider)
      if (counts === undefined) {
        counts = answeredOf(provider)
        answeredBy.set(provider, counts)
      }
      counts.calls.inc()
      counts.seconds.observe((performance.now() - startMs) / 1_000)
      counts.inputTokens.inc(after.inputTokens - before.inputTokens)
      counts.outputTokens.inc(after.outputTokens - before.outputTokens)
      const costMicroUsd = (after.costMicroUsd ?? 0) - (before.costMicroUsd ?? 0)
      if (costMicroUsd > 0) judgeCost.inc({ provider }, costMicroUsd / 1e6)
      span.set({
        'gen_ai.response.model': after.model,
        'gen_ai.usage.input_tokens': after.inputTokens - before.inputTokens,
        'gen_ai.usage.output_tokens': after.outputTokens - before.outputTokens,
      })
      span.end()
    },
    failed: (outcome) => {
      judgeCalls.inc({ provider, outcome })
      span.set({ 'error.type': outcome })
      span.fail(outcome)
      span.end()
    },
  }
}
