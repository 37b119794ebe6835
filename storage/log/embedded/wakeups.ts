/**
 * Tells consumers at once that a topic has new records or a group has changed: in this thread directly, in the other threads of
 * the process through a BroadcastChannel named after the folder. A message may be missed (a thread that opens just then), so
 * waiting is always bounded by a poll as well.
 */
import { BroadcastChannel } from 'node:worker_threads'

type Listener = () => void

export class Wakeups {
  readonly #channel: BroadcastChannel
  readonly #listeners = new Map<string, Set<Listener>>()

  constructor(folder: string) {
    this.#channel = new BroadcastChannel(`assay-log:${folder}`)
    this.#channel.onmessage = (message: unknown) => {
      const { data } = message as { data: unknown }
      if (typeof data === 'string') this.#call(data)
    }
    // Waiting consumers hold a timer; the channel alone must not keep a thread alive.
    this.#channel.unref()
  }

  notify(subject: string): void {
    this.#call(subject)
    this.#channel.postMessage(subject)
  }

  /** Calls `listener` at each notification of the subject until the returned function is called. */
  subscribe(subject: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(subject) ?? new Set()
    this.#listeners.set(subject, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  close(): void {
    this.#channel.close()
    this.#listeners.clear()
  }

  #call(subject: string): void {
    for (const listener of this.#listeners.get(subject) ?? []) listener()
  }
}

export const topicSubject = (topic: string): string => `topic:${topic}`
export const groupSubject = (groupId: string): string => `group:${groupId}`

/** A flag that one waiter can wait for; setting it before the wait counts too. */
export class Flag {
  #set = false
  #wake: Listener | null = null

  set(): void {
    this.#set = true
    this.#wake?.()
  }

  clear(): void {
    this.#set = false
  }

  /** Resolves when the flag is set, after `timeoutMs`, or when the signal aborts. */
  wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#set || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      signal?.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }
}
