/** Follows a compacted topic of one partition from its beginning: what it holds is known a moment after it is written. */
import { messageOf } from '../../engine/message-of.ts'
import type { Log, LogRecord } from './port.ts'

export interface FollowTopicOptions {
  log: Pick<Log, 'read'>
  topic: string
  /** In the order of the topic; never empty. Must not throw. */
  take: (records: readonly LogRecord[]) => void
  /** A line for the operator; an outage is told once, not at every look. */
  onProblem: (text: string) => void
  /** How often the topic is looked at. */
  pollMs?: number
}

export interface FollowedTopic {
  /** Reads what has come since, now. Rejects with `LogError`. */
  refresh(): Promise<void>
  close(): Promise<void>
}

const POLL_MS = 1_000
const READ_RECORDS = 10_000
const READ_BYTES = 16 << 20
const PARTITION = 0

/** Resolves when everything in the topic has been taken. Rejects with `LogError`. */
export async function followTopic(options: FollowTopicOptions): Promise<FollowedTopic> {
  const follower = new Follower(options)
  await follower.refresh()
  follower.start()
  return follower
}

class Follower implements FollowedTopic {
  readonly #options: FollowTopicOptions
  #nextOffset = 0
  #timer: NodeJS.Timeout | null = null
  #reading: Promise<void> = Promise.resolve()
  #isStarted = false
  #lastFailure = ''

  constructor(options: FollowTopicOptions) {
    this.#options = options
  }

  start(): void {
    this.#isStarted = true
    this.#schedule()
  }

  refresh(): Promise<void> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#read())
    return this.#reading
  }

  async close(): Promise<void> {
    this.#isStarted = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#reading.catch(() => {})
  }

  #schedule(): void {
    if (!this.#isStarted) return
    this.#timer = setTimeout(() => void this.#look(), this.#options.pollMs ?? POLL_MS)
  }

  async #look(): Promise<void> {
    try {
      await this.refresh()
      this.#lastFailure = ''
    } catch (error) {
      const failure = messageOf(error)
      if (failure !== this.#lastFailure)
        this.#options.onProblem(`${this.#options.topic} cannot be followed: ${failure}`)
      this.#lastFailure = failure
    }
    this.#schedule()
  }

  async #read(): Promise<void> {
    const { log, topic, take } = this.#options
    const taken: LogRecord[] = []
    for (let next = this.#nextOffset; ; ) {
      const records = await log.read(topic, PARTITION, next, READ_RECORDS, READ_BYTES)
      const last = records.at(-1)
      if (last === undefined) break
      taken.push(...records)
      next = last.offset + 1
    }
    const last = taken.at(-1)
    if (last === undefined) return
    this.#nextOffset = last.offset + 1
    take(taken)
  }
}
