/** What comes, as it comes: the events of `GET /v1/subscribe`, begun again by itself where the connection ends. */
import type { StreamEvent } from './api.ts'
import { ApiProblem, problemOf, type RequestOptions } from './request.ts'
import { createSseParser } from './sse-parser.ts'

export interface SubscribeQuery {
  /** All of them unless told. */
  readonly streams?: readonly ('spans' | 'results' | 'alerts' | 'agents')[]
  /** As an eval's `on:`, told of a span alone: `llm_call where agent.name == "support"`. */
  readonly scope?: string
  /**
   * Of spans those without a parent alone, one for each trace; in a `scope` with any of the spans that came before it. Without a scope those
   * that came while nobody listened are not brought: a `gap`.
   */
  readonly roots?: boolean
  /** Of results. */
  readonly eval?: string
  readonly verdict?: string
  /** With what came since: `5m`, an hour at most. */
  readonly since?: string
}

export interface SubscribeOptions extends RequestOptions {
  /** Ends the subscription. */
  readonly signal?: AbortSignal
  /** Where another one was: the id of its last event. */
  readonly lastEventId?: string
  /** The connection ended, or could not be had, so many times in a row: throw to give up. It is tried again after the wait. */
  readonly onRetry?: (failures: number, error: unknown) => void
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

const FIRST_WAIT_MS = 500
const LAST_WAIT_MS = 15_000

/**
 * Ends when the signal is aborted. Rejects with `ApiProblem` for what will not pass by itself: a scope that is wrong (its places are in
 * `problem.errors`), a key that is none. Nothing is lost or comes twice over an interruption, but what a `gap` or `dropped` event tells of.
 */
export async function* subscribe(query: SubscribeQuery, options: SubscribeOptions): AsyncGenerator<StreamEvent> {
  const { signal, onRetry, wait = sleep } = options
  let { lastEventId } = options
  let failures = 0
  while (signal?.aborted !== true) {
    let failure: unknown = null
    try {
      for await (const event of connect(query, options, lastEventId)) {
        failures = 0
        if ('id' in event && event.id !== undefined) lastEventId = event.id
        yield event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof ApiProblem && error.status !== 0 && error.status < 500) throw error
      failure = error
    }
    if (signal?.aborted) return
    onRetry?.(++failures, failure)
    await wait(Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LAST_WAIT_MS), signal)
  }
}

async function* connect(
  { streams, roots, ...rest }: SubscribeQuery,
  { baseUrl, headers, signal }: SubscribeOptions,
  lastEventId: string | undefined,
): AsyncGenerator<StreamEvent> {
  const parameters = new URLSearchParams({
    ...(streams !== undefined && { streams: streams.join(',') }),
    ...(roots === true && { roots: 'true' }),
    ...rest,
  })
  const response = await fetch(`${baseUrl}/v1/subscribe?${parameters}`, {
    ...(signal !== undefined && { signal }),
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      ...headers?.(),
    },
  })
  if (!response.ok || response.body === null) throw await problemOf(response)
  const parse = createSseParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      for (const { id, type, data } of parse(value))
        yield { type, ...(id !== null && { id }), data: JSON.parse(data) } as StreamEvent
    }
  } finally {
    // Whoever stops to listen ends the connection.
    await reader.cancel().catch(() => {})
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
