/**
 * `node stub.ts DELAY_MS`: a judge that costs next to nothing, for what is measured is what asks it: HTTP/1.1 with lengths and nothing else of
 * it. It answers every chat completion with the same score after the delay, as both Assay and G-Eval read it; `GET /stats` tells what it saw
 * since it was asked that before.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'
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
const answer = responseOf({
  id: 'chatcmpl-0',
  object: 'chat.completion',
  created: 0,
  model: 'stub-1',
  choices: [
    { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 400, completion_tokens: 40, total_tokens: 440 },
})

function responseOf(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value))
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

const NOTHING = { calls: 0, mostAtOnce: 0, firstMs: 0, lastMs: 0 }
let stats = { ...NOTHING }
let atOnce = 0

function answerTo(head: string, socket: Socket): void {
  if (head.startsWith('GET /stats ')) {
    socket.write(responseOf(stats))
    stats = { ...NOTHING }
    return
  }
  stats.calls++
  atOnce++
  stats.mostAtOnce = Math.max(stats.mostAtOnce, atOnce)
  stats.lastMs = Date.now()
  if (stats.firstMs === 0) stats.firstMs = stats.lastMs
  const send = (): void => {
    atOnce--
    if (!socket.destroyed) socket.write(answer)
  }
  if (delayMs === 0) send()
  else void sleep(delayMs).then(send)
}

const END_OF_HEAD = '\r\n\r\n'

/** Where the first request ends, if all of it is there. */
function endOfRequest(bytes: Buffer): { head: string; end: number } | null {
  const headEnd = bytes.indexOf(END_OF_HEAD)
  if (headEnd < 0) return null
  const head = bytes.toString('latin1', 0, headEnd)
  const lengthBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  const end = headEnd + END_OF_HEAD.length + lengthBytes
  return end <= bytes.length ? { head, end } : null
}

const server = createServer({ noDelay: true }, (socket) => {
  let bytes: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    for (let request = endOfRequest(bytes); request !== null; request = endOfRequest(bytes)) {
      bytes = bytes.subarray(request.end)
      answerTo(request.head, socket)
    }
  })
  // Who asks may break off.
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`))
