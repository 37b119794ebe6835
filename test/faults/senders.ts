/** Sends traces over OTLP as a client library does: again until they are acknowledged, to another gateway when one is gone. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildTemplate, fillRequest, spansPerRequest, spansPerTrace } from '../../bench/load.ts'
import { type Population, tracesPerRequest } from './population.ts'

export interface SendCounts {
  acknowledgedSpans: number
  /** Requests by what they were answered: a status, or `none`. */
  readonly answers: Map<string, number>
  /** Of refusals with 503, those that said when to come again. */
  withRetryAfter: number
  /** The longest that a request was without an answer. */
  slowestMs: number
  /** Since somebody last set it to 0. */
  recentSlowestMs: number
}

export interface Senders {
  readonly counts: SendCounts
  /** Traces that are to be sent by now; raised when more are wanted. */
  target: number
  /** Traces that were sent, or are being sent: the number of the next one. */
  readonly begun: number
  /** Nothing new is sent: those who read the log are behind. */
  isHeld: boolean
  /** When all of the target is acknowledged. */
  reached(): boolean
  /** Ends when what is under way has been answered, or given up. */
  stop(): Promise<void>
}

export interface SendersOptions {
  readonly urls: readonly string[]
  readonly population: Population
  readonly connections: number
  readonly spansPerSecond: number
  readonly targetTraces: number
}

/** A quarter of the traces come in two requests, so that processes die while traces are half there. */
const IN_TWO_OF = 4
const HALF = spansPerTrace / 2
/** What is in a span is for others to try: here it is their number that counts. */
const TEXT_CHARS = 100
const ANSWER_LIMIT_MS = 30_000
const LONGEST_WAIT_MS = 1_000

export function startSenders(options: SendersOptions): Senders {
  const { urls, population, connections, spansPerSecond } = options
  const whole = buildTemplate({ textChars: TEXT_CHARS })
  const halves = [
    buildTemplate({ textChars: TEXT_CHARS, isWanted: (inTrace) => inTrace < HALF }),
    buildTemplate({ textChars: TEXT_CHARS, isWanted: (inTrace) => inTrace >= HALF }),
  ]
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const stop = new AbortController()
  const counts: SendCounts = {
    acknowledgedSpans: 0,
    answers: new Map(),
    withRetryAfter: 0,
    slowestMs: 0,
    recentSlowestMs: 0,
  }
  const state = { target: options.targetTraces, begun: 0, done: 0, isHeld: false }
  let dueMs = performance.now()

  async function acknowledged(body: Buffer, lane: number): Promise<boolean> {
    for (let attempt = lane; ; attempt++) {
      const url = urls[attempt % urls.length]!
      const sentMs = performance.now()
      const { answer, retryAfterMs } = await post(agent, url, body)
      const tookMs = performance.now() - sentMs
      counts.slowestMs = Math.max(counts.slowestMs, tookMs)
      counts.recentSlowestMs = Math.max(counts.recentSlowestMs, tookMs)
      counts.answers.set(answer, (counts.answers.get(answer) ?? 0) + 1)
      if (answer.startsWith('2')) return true
      if (answer === '503' && retryAfterMs !== null) counts.withRetryAfter++
      if (stop.signal.aborted) return false
      // Clients may wait for as long as they are told; here the load has to go on.
      await sleep(Math.min(retryAfterMs ?? 200, LONGEST_WAIT_MS))
    }
  }

  async function sendUnit(firstTrace: number, lane: number): Promise<void> {
    population.mark(firstTrace, 'unanswered')
    const ids = population.idsFrom(firstTrace)
    const inTwo = (firstTrace / tracesPerRequest) % IN_TWO_OF === 0
    const nowMs = Date.now()
    for (const template of inTwo ? halves : [whole]) {
      const body = fillRequest(template, nowMs, ids)
      if (!(await acknowledged(body, lane))) return
      counts.acknowledgedSpans += template.slots.length
    }
    population.mark(firstTrace, 'acknowledged')
    state.done += tracesPerRequest
  }

  async function connection(lane: number): Promise<void> {
    while (!stop.signal.aborted) {
      if (state.begun >= state.target || state.isHeld) {
        await sleep(50)
        continue
      }
      const firstTrace = state.begun
      state.begun += tracesPerRequest
      // What an outage delayed is not made up for at once.
      dueMs = Math.max(dueMs, performance.now() - 1_000) + (spansPerRequest / spansPerSecond) * 1_000
      await sleep(Math.max(0, dueMs - performance.now()))
      await sendUnit(firstTrace, lane)
    }
  }
  const running = Promise.all(Array.from({ length: connections }, (_, lane) => connection(lane)))
  return {
    counts,
    get target() {
      return state.target
    },
    set target(traces: number) {
      state.target = Math.min(traces, population.size)
    },
    get begun() {
      return state.begun
    },
    get isHeld() {
      return state.isHeld
    },
    set isHeld(isHeld: boolean) {
      state.isHeld = isHeld
    },
    reached: () => state.done >= state.target,
    async stop() {
      stop.abort()
      await running
      agent.destroy()
    },
  }
}

function post(agent: Agent, url: string, body: Buffer): Promise<{ answer: string; retryAfterMs: number | null }> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const unanswered = (): void => resolve({ answer: 'none', retryAfterMs: null })
    const call = request(url, { agent, method: 'POST', headers, timeout: ANSWER_LIMIT_MS }, (response) => {
      const retryAfter = response.headers['retry-after']
      response.resume()
      response.on('error', unanswered)
      response.on('close', unanswered)
      response.on('end', () =>
        resolve({
          answer: String(response.statusCode),
          retryAfterMs: retryAfter === undefined ? null : Number(retryAfter) * 1_000,
        }),
      )
    })
    call.on('timeout', () => call.destroy())
    call.on('error', unanswered)
    call.end(body)
  })
}
