/** An alert whose process is killed right after the spans were acknowledged still reaches Slack, across real processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type AssayProcess, startAssay } from './support/assay-process.ts'
import { type SlackServer, startSlackServer, textOf } from './support/slack-server.ts'

const evals = `package kill
import pii from "assay:pii"

online eval no_pii {
  on:       llm_call
  pass:     not (output.text matches any [pii.email])
  missing:  unknown
}

alert leak {
  on:       no_pii
  when:     count(fail) >= 1 over 10m
  severity: page
  notify:   slack("#kill")
  no_data:  keep
}
`

let folder: string
let slack: SlackServer

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-kill-'))
  writeFileSync(join(folder, 'kill.eval'), evals)
  slack = await startSlackServer()
})

afterEach(async () => {
  await slack.close()
  rmSync(folder, { recursive: true, force: true })
})

const start = (): Promise<AssayProcess> =>
  startAssay({
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'kill.eval')],
    env: { ASSAY_SLACK_WEBHOOK_URL: slack.url(), ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1' },
  })

async function sendLeak(assay: AssayProcess, traceId: string): Promise<void> {
  const endNs = BigInt(Date.now()) * 1_000_000n
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const span = {
    traceId,
    spanId: '00000000000000aa',
    name: 'chat',
    kind: 3,
    startTimeUnixNano: String(endNs - 5_000_000n),
    endTimeUnixNano: String(endNs),
    attributes: [
      attribute('gen_ai.operation.name', 'chat'),
      attribute('gen_ai.request.model', 'gpt-5-mini'),
      attribute(
        'gen_ai.output.messages',
        JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'Ask anna.smith@gmail.com.' }] }]),
      ),
    ],
  }
  const response = await fetch(assay.tracesUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  })
  expect(response.status).toBe(200)
}

test('while it runs, with the trace and without the address', { timeout: 40_000 }, async () => {
  const assay = await start()
  try {
    await sendLeak(assay, 'a1'.repeat(16))
    const [message] = await slack.waitFor(1)
    expect(textOf(message!)).toContain('a1'.repeat(16))
    expect(textOf(message!)).toContain(`${assay.apiUrl}/traces/`)
    expect(textOf(message!)).not.toContain('anna.smith')
  } finally {
    await assay.stop()
  }
})

test.each([0, 40, 120])('after a kill %i ms after the acknowledgement', { timeout: 60_000 }, async (delayMs) => {
  const first = await start()
  await sendLeak(first, 'b2'.repeat(16))
  await sleep(delayMs)
  await first.kill()
  const second = await start()
  try {
    await slack.waitFor(1, 20_000)
    // Time for a repetition to arrive: only a kill between Slack's answer and the note of it may cause one.
    await sleep(800)
    expect(slack.messages.length).toBeLessThanOrEqual(2)
    for (const message of slack.messages) expect(textOf(message)).toContain('b2'.repeat(16))
  } finally {
    await second.stop()
  }
  const before = slack.messages.length
  const third = await start()
  await sleep(800)
  await third.stop()
  expect(slack.messages).toHaveLength(before)
})
