/**
 * Tells consumers that a topic has new records or a group has changed: in this thread directly, in the other threads of
 * the process through a BroadcastChannel named after the folder. A message may be missed (a thread that opens just then), so
 * waiting is always bounded by a poll as well.
 */
import { BroadcastChannel } from 'node:worker_threads'

type Listener = () => void

// Waking three threads costs about 100 µs of CPU: under load they are woken this often at most and find more each time. A subject
// that was quiet is told at once.
const MIN_INTERVAL_MS = 4

export class Wakeups {
  readonly #channel: BroadcastChannel
  readonly #listeners = new Map<string, Set<Listener>>()
  /** Subjects told within the last interval; true if there is news since. */
  readonly #recent = new Map<string, boolean>()

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
    if (this.#recent.has(subject)) {
      this.#recent.set(subject, true)
      return
    }
    this.#tell(subject)
  }

  /** Calls `listener` at notifications of the subject until the returned function is called. */
  subscribe(subject: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(subject) ?? new Set()
    this.#listeners.set(subject, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  close(): void {
    for (const [subject, news] of this.#recent) if (news) this.#channel.postMessage(subject)
    this.#recent.clear()
    this.#channel.close()
    this.#listeners.clear()
  }

  #tell(subject: string): void {
    this.#recent.set(subject, false)
    setTimeout(() => {
      const news = this.#recent.get(subject)
      this.#recent.delete(subject)
      if (news) this.#tell(subject)
    }, MIN_INTERVAL_MS).unref()
    this.#call(subject)
    this.#channel.postMessage(subject)
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
