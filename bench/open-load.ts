/**
 * A load that goes on at its pace whatever is answered, as agents' does: refused requests are not sent again, and what is due while all
 * connections are busy is not sent at all, and counted. From a process of its own, over sockets that are written to and read from as they
 * are: what the client takes of the machine is the gateway's loss.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { buildTemplate, freshRequest, spansPerRequest } from './load.ts'

export interface OpenLoad {
  readonly url: string
  readonly seconds: number
  readonly spansPerSecond: number
  readonly connections: number
}

export interface OpenLoadReport {
  readonly seconds: number
  readonly sent: number
  /** Due while all connections were busy. */
  readonly notSent: number
  /** By status; 0 for connections that broke. */
  readonly answers: readonly (readonly [status: number, count: number])[]
  readonly acceptedSpans: number
  readonly timeouts: number
  readonly refusedWithoutRetryAfter: number
  /** Milliseconds from the write to the answer, sorted. */
  readonly acceptedMs: readonly number[]
  readonly refusedMs: readonly number[]
  /** How late the client itself was at most with what was due. */
  readonly latestMs: number
}

type ToParent = { kind: 'second'; second: number } | { kind: 'report'; report: OpenLoadReport }

/** What clients wait for: the default of OpenTelemetry's exporters. */
const TIMEOUT_MS = 10_000
/** Requests that are sent again and again: to fill each anew would cost the client as much as to send it. */
const BODIES = 64

/** Sends for `seconds` and waits for the last answer. */
export async function sendOpenLoad(
  load: OpenLoad,
  onSecond: (second: number) => void = () => {},
): Promise<OpenLoadReport> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(load)])
  const done = Promise.withResolvers<OpenLoadReport>()
  child.on('message', (message: ToParent) => {
    if (message.kind === 'second') onSecond(message.second)
    else done.resolve(message.report)
  })
  child.on('exit', (code) => done.reject(new Error(`the load ended with ${code}`)))
  const report = await done.promise
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
  return report
}

const HEALTH = Buffer.from('GET /health HTTP/1.1\r\nhost: bench\r\n\r\n')

class Connection {
  #socket: Socket | null = null
  #head = ''
  #done: ((status: number, hasRetryAfter: boolean) => void) | null = null
  readonly #target: URL

  constructor(target: URL) {
    this.#target = target
  }

  send(request: Buffer, done: (status: number, hasRetryAfter: boolean) => void): void {
    this.#done = done
    this.#socket ??= this.#open()
    this.#socket.write(request)
  }

  /** Given up. */
  break(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
    this.#finish(0, false)
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const socket = connect({ host: this.#target.hostname, port: Number(this.#target.port), noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#read(text))
    socket.on('error', () => {})
    socket.on('close', () => {
      if (socket !== this.#socket) return
      this.#socket = null
      this.#finish(0, false)
    })
    return socket
  }

  /** Answers are short, and tell their length. */
  #read(text: string): void {
    this.#head += text
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#head.slice(0, end).toLowerCase()
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
    if (this.#head.length < end + 4 + length) return
    this.#head = ''
    this.#finish(Number(head.slice(9, 12)), head.includes('\r\nretry-after: '))
  }

  #finish(status: number, hasRetryAfter: boolean): void {
    const done = this.#done
    this.#done = null
    this.#head = ''
    done?.(status, hasRetryAfter)
  }
}

function requestsFor({ host, pathname }: URL): Buffer[] {
  const template = buildTemplate()
  return Array.from({ length: BODIES }, () => {
    const { body } = freshRequest(template, Date.now())
    const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  })
}

async function run(load: OpenLoad, onSecond: (second: number) => void): Promise<OpenLoadReport> {
  const target = new URL(load.url)
  const requests = requestsFor(target)
  const all = Array.from({ length: load.connections }, () => new Connection(target))
  // A server of Node takes one new connection each time that it looks at its sockets: a thousand at once would be another measurement.
  await Promise.all(all.map((one) => new Promise<void>((resolve) => one.send(HEALTH, () => resolve()))))
  const free = [...all]
  const answers = new Map<number, number>()
  const acceptedMs: number[] = []
  const refusedMs: number[] = []
  const counts = { sent: 0, notSent: 0, timeouts: 0, refusedWithoutRetryAfter: 0, latestMs: 0 }
  let open = 0
  const post = (): void => {
    const connection = free.pop()
    if (connection === undefined) {
      counts.notSent++
      return
    }
    const sentMs = performance.now()
    open++
    const timer = setTimeout(() => {
      counts.timeouts++
      connection.break()
    }, TIMEOUT_MS)
    connection.send(requests[counts.sent++ % BODIES]!, (status, hasRetryAfter) => {
      clearTimeout(timer)
      open--
      free.push(connection)
      answers.set(status, (answers.get(status) ?? 0) + 1)
      const tookMs = performance.now() - sentMs
      if (status === 200) acceptedMs.push(tookMs)
      else if (status > 0) {
        refusedMs.push(tookMs)
        if (!hasRetryAfter) counts.refusedWithoutRetryAfter++
      }
    })
  }
  const perSecond = load.spansPerSecond / spansPerRequest
  const total = Math.round(load.seconds * perSecond)
  const startedMs = performance.now()
  let second = 0
  for (let due = 0; due < total; ) {
    const elapsedMs = performance.now() - startedMs
    for (; second <= elapsedMs / 1_000; second++) onSecond(second)
    const until = Math.min(total, Math.ceil((elapsedMs / 1_000) * perSecond))
    if (until > due) counts.latestMs = Math.max(counts.latestMs, elapsedMs - (due / perSecond) * 1_000)
    for (; due < until; due++) post()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const seconds = (performance.now() - startedMs) / 1_000
  while (open > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  for (const connection of all) connection.close()
  acceptedMs.sort((a, b) => a - b)
  refusedMs.sort((a, b) => a - b)
  const acceptedSpans = (answers.get(200) ?? 0) * spansPerRequest
  return { ...counts, seconds, answers: [...answers], acceptedSpans, acceptedMs, refusedMs }
}

export const atQuantile = (sorted: readonly number[], q: number): string =>
  sorted.length === 0 ? '–' : (sorted[Math.floor((sorted.length - 1) * q)] ?? 0).toFixed(1)

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) {
  const say = (message: ToParent): void => void process.send?.(message)
  const report = await run(JSON.parse(process.argv[2] ?? '') as OpenLoad, (second) => say({ kind: 'second', second }))
  say({ kind: 'report', report })
}
