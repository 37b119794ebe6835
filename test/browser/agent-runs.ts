import type { AssayProcess } from '../support/assay-process.ts'
import { post } from '../support/otlp.ts'

/** Runs of an agent that ended just now; `hasFailingTool`: in a span below the root, which itself is well. */
export async function sendRuns(
  assay: AssayProcess,
  {
    agent,
    traceIds,
    durationMs = 5,
    hasFailingTool = false,
  }: { agent: string; traceIds: readonly string[]; durationMs?: number; hasFailingTool?: boolean },
): Promise<void> {
  const endMs = Date.now()
  const times = {
    startTimeUnixNano: String(BigInt(endMs - durationMs) * 1_000_000n),
    endTimeUnixNano: String(BigInt(endMs) * 1_000_000n),
  }
  const toolOf = (traceId: string) => ({
    ...times,
    traceId,
    spanId: traceId.slice(0, 14).padEnd(16, '0'),
    parentSpanId: traceId.slice(0, 16),
    name: 'execute_tool find',
    status: { code: 2 },
    attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'execute_tool' } }],
  })
  const { status } = await post(assay, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: agent } }] },
        scopeSpans: [
          {
            spans: traceIds.flatMap((traceId) => [
              ...(hasFailingTool ? [toolOf(traceId)] : []),
              {
                ...times,
                traceId,
                spanId: traceId.slice(0, 16),
                name: `invoke_agent ${agent}`,
                kind: 1,
                attributes: [
                  { key: 'gen_ai.operation.name', value: { stringValue: 'invoke_agent' } },
                  { key: 'gen_ai.agent.name', value: { stringValue: agent } },
                ],
              },
            ]),
          },
        ],
      },
    ],
  })
  if (status !== 200) throw new Error(`the runs of ${agent} were refused: ${status}`)
}
