import type { AssayProcess } from '../support/assay-process.ts'
import { post } from '../support/otlp.ts'

/** Runs of an agent that ended just now. */
export async function sendRuns(
  assay: AssayProcess,
  { agent, traceIds, durationMs = 5 }: { agent: string; traceIds: readonly string[]; durationMs?: number },
): Promise<void> {
  const endMs = Date.now()
  const { status } = await post(assay, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: agent } }] },
        scopeSpans: [
          {
            spans: traceIds.map((traceId) => ({
              traceId,
              spanId: traceId.slice(0, 16),
              name: `invoke_agent ${agent}`,
              kind: 1,
              startTimeUnixNano: String(BigInt(endMs - durationMs) * 1_000_000n),
              endTimeUnixNano: String(BigInt(endMs) * 1_000_000n),
              attributes: [
                { key: 'gen_ai.operation.name', value: { stringValue: 'invoke_agent' } },
                { key: 'gen_ai.agent.name', value: { stringValue: agent } },
              ],
            })),
          },
        ],
      },
    ],
  })
  if (status !== 200) throw new Error(`the runs of ${agent} were refused: ${status}`)
}
