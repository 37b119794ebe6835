/** The other side of `subscribers.ts`: as many connections as it is told, which read and count. */
import { connect } from 'node:net'

const [port, subscribers, scopes] = process.argv.slice(2).map(Number)
let events = 0
let ready = 0

for (let i = 0; i < subscribers!; i++) {
  const scope = encodeURIComponent(`span where agent.name == "agent-${i % scopes!}"`)
  const socket = connect(port!, '127.0.0.1', () => {
    socket.write(`GET /v1/subscribe?streams=results&scope=${scope} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  })
  let isReady = false
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1')
    if (!isReady && text.includes('event: ready')) {
      isReady = true
      if (++ready === subscribers) process.send?.({ ready })
    }
    events += text.split('event: result').length - 1
  })
  socket.on('error', (error) => {
    throw error
  })
}

process.on('message', () => {
  process.send?.({ events }, () => process.exit(0))
})
