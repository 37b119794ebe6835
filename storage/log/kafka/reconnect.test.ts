/** kafkajs's connections, as they are mended: a broker that dies in the middle of an answer, and comes back. */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import type { Broker } from './kafkajs-internals.ts'
import { fetchFrom } from './requests.ts'

const load = createRequire(import.meta.url)
const ConnectionPool = load('kafkajs/src/network/connectionPool') as new (
  options: object,
) => Broker['connectionPool'] & { destroy(): Promise<void> }
const socketFactory = load('kafkajs/src/network/socketFactory') as () => unknown

/** Of the request: its size, the kind and version of what is asked, and then this. */
const CORRELATION_AT = 8
const bounds = { maxWaitMs: 10, maxBytes: 1_000, maxPartitionBytes: 1_000 }

test('half an answer of a broker that died is not taken for the beginning of the next one', async () => {
  const answers = [
    // Of a thousand bytes that it promises, half.
    (socket: Socket) => {
      const half = Buffer.alloc(504)
      half.writeInt32BE(1_000, 0)
      socket.end(half)
    },
    (socket: Socket, correlationId: number) => {
      const noTopics = Buffer.alloc(22)
      noTopics.writeInt32BE(18, 0)
      noTopics.writeInt32BE(correlationId, 4)
      socket.write(noTopics)
    },
  ]
  const server = createServer((socket) => {
    const answer = answers.shift()
    socket.on('data', (request) => answer?.(socket, request.readInt32BE(CORRELATION_AT)))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const connectionPool = new ConnectionPool({
    host: '127.0.0.1',
    port,
    logger: kafka.logger(),
    socketFactory: socketFactory(),
    connectionTimeout: 30_000,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
  })
  const broker = { connectionPool, versions: null, disconnect: () => connectionPool.destroy() } as unknown as Broker
  try {
    await expect(fetchFrom(broker, [], bounds)).rejects.toThrow('Closed connection')
    expect(await fetchFrom(broker, [], bounds)).toEqual([])
  } finally {
    await connectionPool.destroy()
    server.close()
  }
})
