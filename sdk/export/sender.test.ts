import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { manualRuntime } from '../testing/manual-runtime.ts'
import { createSender } from './sender.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function senderTo(onRequest: (socket: Socket, requestsOnIt: number) => 'answer' | 'reset') {
  const seen = new Map<Socket, number>()
  const server = createServer((request, response) => {
    const count = (seen.get(request.socket) ?? 0) + 1
    seen.set(request.socket, count)
    if (onRequest(request.socket, count) === 'answer') request.resume().on('end', () => response.end())
    else request.socket.resetAndDestroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sender = createSender({ url, headers: {}, timeoutMs: 1e9, runtime: manualRuntime() })
  closing.push(() => {
    sender.close()
    server.close()
    server.closeAllConnections()
  })
  return { sender, connections: () => seen.size }
}

test('a connection that the server closed while it was idle is no failure: the request goes over another', async () => {
  const { sender, connections } = await senderTo((_, requestsOnIt) => (requestsOnIt === 1 ? 'answer' : 'reset'))
  for (let i = 0; i < 3; i++) expect(await sender.send(new Uint8Array(10))).toMatchObject({ kind: 'delivered' })
  expect(connections()).toBe(3)
})

test('a server that resets new connections too has failed', async () => {
  let isUp = true
  const { sender, connections } = await senderTo(() => (isUp ? 'answer' : 'reset'))
  expect(await sender.send(new Uint8Array(10))).toMatchObject({ kind: 'delivered' })
  isUp = false
  expect(await sender.send(new Uint8Array(10))).toMatchObject({ kind: 'retry', afterMs: null })
  expect(connections()).toBe(2)
})
