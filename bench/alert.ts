/** From a span's acknowledgement to the alert's webhook: a leak each time, by a rule of its own, on an otherwise idle instance. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAssay } from '../test/support/assay-process.ts'
import { startSlackServer } from '../test/support/slack-server.ts'

const leaks = 30

/** An alert fires once an incident, so each leak is by an agent with an alert of its own. */
function rulesOf(agent: number): string {
  return `
online eval no_pii_${agent} {
  on:       llm_call where agent.name == "agent_${agent}"
  pass:     not (output.text matches any [pii.email])
  missing:  unknown
}

alert leak_${agent} {
  on:       no_pii_${agent}
  when:     count(fail) >= 1 over 10m
  severity: page
  notify:   slack("#bench")
}
`
}

function leakOf(agent: number): string {
  const endNs = BigInt(Date.now()) * 1_000_000n
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const text = 'Please ask anna.smith@gmail.com.'
  const span = {
    traceId: agent.toString(16).padStart(32, 'a'),
    spanId: agent.toString(16).padStart(16, 'b'),
    name: 'chat',
    startTimeUnixNano: String(endNs - 5_000_000n),
    endTimeUnixNano: String(endNs),
    attributes: [
      attribute('gen_ai.operation.name', 'chat'),
      attribute('gen_ai.agent.name', `agent_${agent}`),
      attribute(
        'gen_ai.output.messages',
        JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: text }] }]),
      ),
    ],
  }
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'))
  const rules = Array.from({ length: leaks }, (_, agent) => rulesOf(agent)).join('')
  writeFileSync(join(folder, 'bench.eval'), `package bench\nimport pii from "assay:pii"\n${rules}`)
  const slack = await startSlackServer()
  const assay = await startAssay({
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'bench.eval')],
    env: { ASSAY_SLACK_WEBHOOK_URL: slack.url(), ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1' },
  })
  const delaysMs: number[] = []
  try {
    for (let agent = 0; agent < leaks; agent++) {
      const response = await fetch(assay.tracesUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: leakOf(agent),
      })
      const acceptedMs = performance.now()
      if (response.status !== 200) throw new Error(`the span was answered with ${response.status}`)
      const messages = await slack.waitFor(agent + 1)
      delaysMs.push((messages.at(-1)?.atMs ?? Number.NaN) - acceptedMs)
    }
  } finally {
    await assay.stop()
    await slack.close()
    rmSync(folder, { recursive: true, force: true })
  }
  delaysMs.sort((a, b) => a - b)
  const at = (q: number): string => (delaysMs[Math.floor((delaysMs.length - 1) * q)] ?? Number.NaN).toFixed(0)
  console.log(`span accepted → webhook received, ${leaks} leaks one by one`)
  console.log(`  p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`)
}
