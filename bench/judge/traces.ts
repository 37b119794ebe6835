/** Traces to judge: a question and an answer each, no two alike, so that no answer of the judge is found in its cache. */

const TRACES_PER_REQUEST = 200
const SPAN_MS = 800

const subjects = ['parcel', 'invoice', 'refund', 'address', 'delivery slot', 'return label', 'voucher', 'order']

/** Posts `traces` traces of two spans, the last of which ended at `untilMs`. */
export async function sendTraces(tracesUrl: string, traces: number, untilMs: number): Promise<void> {
  for (let first = 0; first < traces; first += TRACES_PER_REQUEST) {
    const spans = Array.from({ length: Math.min(TRACES_PER_REQUEST, traces - first) }, (_, i) =>
      traceOf(first + i, untilMs - SPAN_MS - (traces - first - i)),
    ).flat()
    const response = await fetch(tracesUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    })
    if (response.status !== 200) throw new Error(`the traces were answered with ${response.status}`)
    await response.arrayBuffer()
  }
}

function traceOf(index: number, startMs: number): unknown[] {
  const subject = subjects[index % subjects.length]
  const question = `Where is my ${subject}? It is number ${100_000 + index}, and I have been waiting for it since Tuesday.`
  const answer = `Your ${subject} with the number ${100_000 + index} left our warehouse this morning and should reach you in two days. ${'Please keep the number at hand when you call us. '.repeat(8)}`
  const message = (role: string, content: string): string =>
    JSON.stringify([{ role, parts: [{ type: 'text', content }] }])
  const span = (place: number, name: string, operation: string) => ({
    traceId: (index + 1).toString(16).padStart(32, '0'),
    spanId: (index * 2 + place + 1).toString(16).padStart(16, '0'),
    ...(place > 0 && { parentSpanId: (index * 2 + 1).toString(16).padStart(16, '0') }),
    name,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + SPAN_MS}000000`,
    attributes: Object.entries({
      'gen_ai.operation.name': operation,
      'gen_ai.agent.name': 'support',
      'gen_ai.input.messages': message('user', question),
      'gen_ai.output.messages': message('assistant', answer),
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  })
  return [span(0, 'invoke_agent support', 'invoke_agent'), span(1, 'chat', 'chat')]
}
