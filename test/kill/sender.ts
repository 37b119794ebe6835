/** Sends traces over OTLP/HTTP as fast as they are accepted, and remembers what was acknowledged. */
import { randomBytes } from 'node:crypto'

/** Many in each, as there are as many questions to the API afterwards as there are traces. */
const SPANS_OF_TRACE = 250
const CONNECTIONS = 3

export interface SentTraces {
  /** Span ids by trace id, of requests that were answered by 200. */
  readonly acknowledged: Map<string, readonly string[]>
  /** Of requests that were not answered: they may be there or not. */
  readonly unanswered: Map<string, readonly string[]>
}

/** Sends until `stop` is called or the server is gone. What is refused for now (503) was not kept, and is a bug unless `mayRefuse`. */
export function startSending(tracesUrl: string, sent: SentTraces, mayRefuse = false): { stop(): Promise<void> } {
  let stopping = false
  const senders = Array.from({ length: CONNECTIONS }, async () => {
    while (!stopping) {
      const traceId = randomBytes(16).toString('hex')
      const spanIds = Array.from({ length: SPANS_OF_TRACE }, () => randomBytes(8).toString('hex'))
      sent.unanswered.set(traceId, spanIds)
      try {
        const body = JSON.stringify(request(traceId, spanIds))
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(tracesUrl, { method: 'POST', headers, body })
        if (answer.status === 503 && mayRefuse) {
          sent.unanswered.delete(traceId)
          await new Promise((resolve) => setTimeout(resolve, 20))
          continue
        }
        if (answer.status !== 200) throw new Error(`answered ${answer.status}: ${await answer.text()}`)
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('answered')) throw error
        return
      }
      // The answer's body does not matter: what was answered by 200 has to be there.
      sent.unanswered.delete(traceId)
      sent.acknowledged.set(traceId, spanIds)
    }
  })
  return {
    stop: async () => {
      stopping = true
      await Promise.all(senders)
    },
  }
}

function request(traceId: string, spanIds: readonly string[]): unknown {
  const startNs = BigInt(Date.now()) * 1_000_000n
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
  const said = (role: string, content: string) => JSON.stringify([{ role, parts: [{ type: 'text', content }] }])
  const spans = spanIds.map((spanId, index) => ({
    traceId,
    spanId,
    ...(index > 0 && { parentSpanId: spanIds[0] }),
    name: index === 0 ? 'invoke_agent support' : 'chat',
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 1_000_000n),
    attributes: [
      text('gen_ai.operation.name', index === 0 ? 'invoke_agent' : 'chat'),
      text('gen_ai.input.messages', said('user', `question ${index}: ${'where is my order? '.repeat(10)}`)),
      text('gen_ai.output.messages', said('assistant', `answer ${index}: ${'it is on its way. '.repeat(10)}`)),
    ],
  }))
  return { resourceSpans: [{ scopeSpans: [{ spans }] }] }
}
