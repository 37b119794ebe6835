/** What the threads of one `assay up` trace, told to a collector. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RawSpan } from '../../engine/otlp/decode.ts'
import { startAssay } from '../support/assay-process.ts'
import { startOpenAiServer } from '../support/openai-server.ts'
import { getTrace, send, traceIdOf, until } from '../support/otlp.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { startSlackServer } from '../support/slack-server.ts'

const evals = `package shop

online eval polite {
  on:       llm_call
  pass:     not (output.text contains "shut up")
  missing:  unknown
}

alert rude {
  on:       polite
  when:     count(fail) >= 1 over 10m
  severity: page
  notify:   slack("#ops")
}

offline eval helpful {
  every:    day at 06:00 in "UTC"
  sample:   10 of llm_call over 24h
  judge:    "openai/gpt-5-mini"
  show:     output.text
  scale:    1 to 5
  rubric:   """
    5  Helpful.
    1  Not helpful.
    """
  pass:     score >= 4
  missing:  unknown
}
`

test('each thread traces its part', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tracing-'))
  writeFileSync(join(folder, 'shop.eval'), evals)
  const sink = await startOtlpSink()
  const slack = await startSlackServer()
  const judge = await startOpenAiServer({
    answer: () => ({
      kind: 'content',
      content: JSON.stringify({ reasoning: 'It is rude.', score: 1 }),
      usage: { input: 120, output: 7 },
      model: 'gpt-5-mini-2025-08-07',
    }),
  })
  const assay = await startAssay({
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'shop.eval')],
    env: {
      ASSAY_TRACING_OTLP_URL: sink.url,
      ASSAY_TRACING_HEADER_AUTHORIZATION: 'Bearer of-tracing',
      ASSAY_SLACK_WEBHOOK_URL: slack.url(),
      ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: judge.url,
    },
  })
  try {
    await send(assay, { traceId: traceIdOf(1), output: 'Just shut up.' })
    await until('the trace', () => getTrace(assay, traceIdOf(1)), 30_000)
    await until(
      'the run',
      async () => {
        const run = await fetch(`${assay.apiUrl}/v1/evals/shop/helpful/run`, { method: 'POST' })
        return run.status === 202
      },
      60_000,
    )
    const has = (name: string) => sink.spans.some((span) => span.name === name)
    await until('the judge', () => has('chat gpt-5-mini') && has('offline batch'), 60_000)
    await until('the message', () => has('notify slack'), 30_000)
    expect(await assay.stop()).toBe(0)

    const attributes = (name: string) =>
      sink.spans.filter((span) => span.name === name).map((span) => Object.fromEntries(pairs(span)))
    expect(attributes('ingest traces')).toMatchObject([{ 'assay.ingest.spans': 1, 'assay.tenant': 'default' }])
    expect(attributes('evaluate batch')).toMatchObject([{ 'assay.spans': 1 }])
    expect(attributes('alert firing')).toMatchObject([
      { 'assay.alert.id': 'shop/rude', 'assay.eval.id': 'shop/polite' },
    ])
    expect(attributes('notify slack')).toMatchObject([
      { 'assay.alert.id': 'shop/rude', 'assay.message.event': 'firing', 'assay.outcome': 'delivered' },
    ])
    expect(attributes('offline run')).toMatchObject([
      { 'assay.eval.id': 'shop/helpful', 'assay.run.trigger': 'manual' },
    ])
    expect(attributes('chat gpt-5-mini')).toMatchObject([
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-5-mini',
        'gen_ai.response.model': 'gpt-5-mini-2025-08-07',
        'gen_ai.usage.input_tokens': 120,
        'gen_ai.usage.output_tokens': 7,
      },
    ])
    const batch = sink.spans.find(({ name }) => name === 'offline batch')
    expect(sink.spans.find(({ name }) => name === 'chat gpt-5-mini')).toMatchObject({ parentSpanId: batch?.spanId })
    expect(attributes('GET /v1/traces/:traceId')).toContainEqual({
      'http.request.method': 'GET',
      'http.route': '/v1/traces/:traceId',
      'http.response.status_code': 200,
    })
    expect(sink.spans.filter(({ name }) => /health|ready|metrics/.test(name))).toEqual([])
    const roles = [...sink.resources].map((text) => JSON.parse(text)['assay.role'])
    expect(roles.toSorted()).toEqual(['gateway', 'main', 'offline', 'trans'])
    expect(sink.authorizations).toEqual(new Set(['Bearer of-tracing']))
    // What people and models wrote is in none of it.
    expect(sink.bodies.some((body) => body.includes('shut up') || body.includes('rude.'))).toBe(false)
  } finally {
    await assay.kill()
    await Promise.all([sink.close(), slack.close(), judge.close()])
    rmSync(folder, { recursive: true, force: true })
  }
})

const pairs = ({ keys, values }: RawSpan) => keys.map((key, at) => [key, values[at]] as const)
