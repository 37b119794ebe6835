/** A load that goes on at its pace whatever is answered, as agents' does: refused requests are not sent again. */
import { Agent, request } from 'node:http'
import { buildTemplate, freshRequest, spansPerRequest } from './load.ts'

export interface OpenLoadReport {
  readonly seconds: number
  /** By status; 0 for connections that broke. */
  readonly answers: ReadonlyMap<number, number>
  readonly acceptedSpans: number
  readonly timeouts: number
  readonly refusedWithoutRetryAfter: number
  /** Milliseconds, sorted. */
  readonly acceptedMs: readonly number[]
  readonly refusedMs: readonly number[]
}

/** What clients wait for: the default of OpenTelemetry's exporters. */
const TIMEOUT_MS = 10_000

/** Sends for `seconds` and waits for the last answer. Requests beyond `connections` wait in the client, and count as waiting. */
export async function sendOpenLoad(options: {
  url: string
  seconds: number
  spansPerSecond: number
  connections: number
  /** Sent just now, whole seconds since the beginning. */
  onSecond?: (second: number) => void
}): Promise<OpenLoadReport> {
  const template = buildTemplate()
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections })
  const target = new URL(options.url)
  const answers = new Map<number, number>()
  const acceptedMs: number[] = []
  const refusedMs: number[] = []
  let timeouts = 0
  let refusedWithoutRetryAfter = 0
  const post = (): Promise<void> =>
    new Promise((resolve) => {
      const { body } = freshRequest(template, Date.now())
      const sentMs = performance.now()
      let isDone = false
      const done = (status: number, retryAfter: string | undefined): void => {
        if (isDone) return
        isDone = true
        answers.set(status, (answers.get(status) ?? 0) + 1)
        if (status === 200) acceptedMs.push(performance.now() - sentMs)
        else if (status > 0) {
          refusedMs.push(performance.now() - sentMs)
          if (retryAfter === undefined) refusedWithoutRetryAfter++
        }
        resolve()
      }
      const call = request(
        target,
        {
          agent,
          method: 'POST',
          timeout: TIMEOUT_MS,
          headers: { 'content-type': 'application/x-protobuf', 'content-length': body.length },
        },
        (response) => {
          response.resume()
          response.on('end', () => done(response.statusCode ?? 0, response.headers['retry-after']))
          response.on('error', () => done(0, undefined))
        },
      )
      call.on('timeout', () => {
        timeouts++
        call.destroy()
      })
      call.on('error', () => done(0, undefined))
      call.end(body)
    })
  const startedMs = performance.now()
  const waiting = new Set<Promise<void>>()
  const total = Math.round((options.seconds * options.spansPerSecond) / spansPerRequest)
  let second = 0
  for (let sent = 0; sent < total; ) {
    const elapsed = (performance.now() - startedMs) / 1_000
    for (; second <= elapsed; second++) options.onSecond?.(second)
    const due = Math.min(total, Math.ceil((elapsed * options.spansPerSecond) / spansPerRequest))
    for (; sent < due; sent++) {
      const one = post()
      waiting.add(one)
      void one.finally(() => waiting.delete(one))
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const seconds = (performance.now() - startedMs) / 1_000
  await Promise.all(waiting)
  agent.destroy()
  acceptedMs.sort((a, b) => a - b)
  refusedMs.sort((a, b) => a - b)
  const acceptedSpans = (answers.get(200) ?? 0) * spansPerRequest
  return { seconds, answers, acceptedSpans, timeouts, refusedWithoutRetryAfter, acceptedMs, refusedMs }
}

export const atQuantile = (sorted: readonly number[], q: number): string =>
  sorted.length === 0 ? '–' : (sorted[Math.floor((sorted.length - 1) * q)] ?? 0).toFixed(1)
