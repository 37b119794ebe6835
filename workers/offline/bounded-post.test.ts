import { getEventListeners } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { CallTimedOut, type PostedCall, post, ResponseTooLarge } from './bounded-post.ts'

/** Posts a text to a server that does this, and says how often that was asked. */
async function posted(handle: RequestListener, more: Partial<PostedCall> = {}) {
  let calls = 0
  const server = createServer((request, response) => {
    calls++
    request.resume().on('end', () => handle(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/ask?x=1`)
  const signal = more.signal ?? new AbortController().signal
  const call = { url, headers: { 'x-own': 'yes' }, body: 'a text: ü', timeoutMs: 60_000, ...more, signal }
  const [told] = await Promise.allSettled([post(call)])
  server.closeAllConnections()
  server.close()
  // A client's signal is that of all its calls, for as long as the process runs.
  expect(getEventListeners(signal, 'abort')).toEqual([])
  return { told, calls }
}

test('the answer is read whole, with its status and headers', async () => {
  const { told } = await posted((request, response) => {
    response.writeHead(429, { 'retry-after': '3' })
    response.write(`${request.method} ${request.url} ${String(request.headers['x-own'])} `)
    response.end('grün')
  })
  expect(told).toMatchObject({
    status: 'fulfilled',
    value: { status: 429, headers: { 'retry-after': '3' }, text: 'POST /v1/ask?x=1 yes grün' },
  })
})

test('a byte order mark is none of the text', async () => {
  const { told } = await posted((_, response) => void response.end('\ufeff{}'))
  expect(told).toMatchObject({ status: 'fulfilled', value: { text: '{}' } })
})

test('an answer without an end is broken off, by its size or in time', async () => {
  const endless = await posted((_, response) => void response.writeHead(200).end('x'.repeat(5_000_000)))
  expect(endless.told).toMatchObject({ status: 'rejected', reason: expect.any(ResponseTooLarge) })
  const stalled = await posted((_, response) => void response.writeHead(200).write('{'), { timeoutMs: 100 })
  expect(stalled.told).toMatchObject({ status: 'rejected', reason: expect.any(CallTimedOut) })
})

test('one that is not wanted any more is not made', async () => {
  const why = new Error('the worker stops')
  const { told, calls } = await posted((_, response) => void response.end(), { signal: AbortSignal.abort(why) })
  expect(told).toEqual({ status: 'rejected', reason: why })
  expect(calls).toBe(0)
})
