/**
 * A client of Assay's `/v1/stream`, on nothing but the WebSocket that Node and browsers have. Its batches are kept until they are answered;
 * after a lost connection it says up to where it has answers, and sends the rest again: each is appended once.
 */

export interface Stream {
  /** Resolves when the batch is in the log; rejects when Assay says that it never will be. */
  send(spans: readonly object[]): Promise<void>
  /** Once all that was sent is answered. */
  close(): Promise<void>
}

interface Waiting {
  readonly frame: string
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface Answer {
  readonly type: 'welcome' | 'ack' | 'refused'
  readonly batch: number
  readonly settled: number
  readonly resume?: string
  readonly maxUnanswered: number
  readonly message: string
  readonly retryAfterSeconds?: number
}

const LONGEST_WAIT_MS = 15_000

/** `name`: one that no other process uses, nor this one after its next start. */
export function openStream(url: string, name: string, key?: string): Stream {
  const waiting = new Map<number, Waiting>()
  let lastNumber = 0
  let resume: string | undefined
  let socket: WebSocket
  let unanswered = new Set<number>()
  let maxUnanswered = 0
  let waitMs = 100
  let isClosing = false
  let allAnswered = (): void => {}

  const connect = (): void => {
    socket = new WebSocket(url, 'assay.v1')
    unanswered = new Set()
    maxUnanswered = 0
    socket.onopen = () => say({ type: 'hello', stream: name, settled: firstOpen() - 1, resume, key })
    socket.onmessage = ({ data }) => hear(JSON.parse(String(data)) as Answer)
    socket.onclose = ({ code, reason }) => {
      // A key that is not good, or a mistake: waiting would not help.
      if (code >= 4400 && code < 4408) return giveUp(new Error(`${code}: ${reason}`))
      if (isClosing && waiting.size === 0) return
      setTimeout(connect, waitMs * (0.5 + Math.random()))
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }
  const say = (message: object): void => socket.send(JSON.stringify(message))
  /** All before it are answered for good. */
  const firstOpen = (): number => waiting.keys().next().value ?? lastNumber + 1

  const hear = (answer: Answer): void => {
    resume = answer.resume ?? resume
    if (answer.type === 'welcome') {
      waitMs = 100
      maxUnanswered = answer.maxUnanswered
      for (const number of waiting.keys()) if (number <= answer.settled) settle(number)
    } else {
      unanswered.delete(answer.batch)
      if (answer.type === 'ack') settle(answer.batch)
      else if (answer.retryAfterSeconds === undefined) settle(answer.batch, new Error(answer.message))
      else {
        const from = socket
        unanswered.add(answer.batch)
        setTimeout(() => {
          if (socket !== from) return
          unanswered.delete(answer.batch)
          sendOn()
        }, answer.retryAfterSeconds * 1_000)
      }
    }
    sendOn()
  }
  const settle = (number: number, error?: Error): void => {
    const batch = waiting.get(number)
    waiting.delete(number)
    if (error === undefined) batch?.resolve()
    else batch?.reject(error)
    if (waiting.size === 0) allAnswered()
  }
  const sendOn = (): void => {
    if (socket.readyState !== WebSocket.OPEN) return
    for (const [number, { frame }] of waiting) {
      if (unanswered.size >= maxUnanswered) return
      if (unanswered.has(number)) continue
      unanswered.add(number)
      socket.send(frame)
    }
  }
  const giveUp = (error: Error): void => {
    for (const number of [...waiting.keys()]) settle(number, error)
  }

  connect()
  return {
    send: (spans) =>
      new Promise((resolve, reject) => {
        lastNumber++
        waiting.set(lastNumber, { frame: JSON.stringify({ type: 'spans', batch: lastNumber, spans }), resolve, reject })
        sendOn()
      }),
    close: async () => {
      isClosing = true
      if (waiting.size > 0) await new Promise<void>((resolve) => (allAnswered = resolve))
      socket.close()
    },
  }
}
