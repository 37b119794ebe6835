/**
 * `node stub.ts DELAY_MS`: a judge that costs next to nothing, for what is measured is what asks it. It answers every chat completion with the
 * same score after the delay, as both Assay and G-Eval read it; `GET /stats` tells what it saw.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const delayMs = Number(process.argv[2] ?? 0)
/** `reasoning` is read by Assay, `reason` by G-Eval. */
const content = JSON.stringify({
  evidence: [],
  reasoning: 'It says what was asked for.',
  reason: 'It says what was asked for.',
  abstain: false,
  score: 4,
})
const answer = JSON.stringify({
  id: 'chatcmpl-0',
  object: 'chat.completion',
  created: 0,
  model: 'stub-1',
  choices: [
    { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 400, completion_tokens: 40, total_tokens: 440 },
})

const stats = { calls: 0, atOnce: 0, mostAtOnce: 0, firstMs: 0, lastMs: 0 }
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    if (request.url === '/stats') return void response.end(JSON.stringify(stats))
    stats.calls++
    stats.atOnce++
    stats.mostAtOnce = Math.max(stats.mostAtOnce, stats.atOnce)
    stats.lastMs = Date.now()
    if (stats.firstMs === 0) stats.firstMs = stats.lastMs
    const send = (): void => {
      stats.atOnce--
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    }
    if (delayMs === 0) send()
    else void sleep(delayMs).then(send)
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`))
