/** Follows the compacted topic of definitions: every role has the same ones in force a moment after a push. */
import { joinPackages } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { EVAL_DEFINITIONS } from '../log/topics.ts'
import { type PublishedPackage, parsePackage } from './published.ts'

export interface FollowOptions {
  log: Log
  tenant: string
  /** After each change of what is in force; not for what is there at the start. */
  onChange: (inForce: DefinitionsInForce) => void
  /** A line for the operator: a record that is refused leaves in force what was. */
  onProblem: (text: string) => void
  /** How often the topic is looked at. */
  pollMs?: number
}

export interface DefinitionsInForce {
  readonly plan: Plan
  /** Sorted by name. */
  readonly packages: readonly PublishedPackage[]
}

export interface FollowedDefinitions {
  current(): DefinitionsInForce
  /** Reads what has come since, now. */
  refresh(): Promise<void>
  close(): Promise<void>
}

const POLL_MS = 1_000
const READ_RECORDS = 100
const PARTITION = 0

/** Resolves when everything in the topic has been read; with nothing in it, an empty plan is in force. */
export async function followDefinitions(options: FollowOptions): Promise<FollowedDefinitions> {
  const follower = new Follower(options)
  await follower.refresh()
  follower.start()
  return follower
}

function planOf(packages: readonly PublishedPackage[]): ReturnType<typeof joinPackages> {
  return joinPackages(packages.map(({ current }) => current.plan))
}

class Follower implements FollowedDefinitions {
  readonly #options: FollowOptions
  #packages = new Map<string, PublishedPackage>()
  #inForce: DefinitionsInForce
  #nextOffset = 0
  #timer: NodeJS.Timeout | null = null
  #reading: Promise<void> = Promise.resolve()
  #isStarted = false
  #lastFailure = ''

  constructor(options: FollowOptions) {
    this.#options = options
    const empty = planOf([])
    if (!empty.ok) throw new Error('nothing refers to nothing')
    this.#inForce = { plan: empty.plan, packages: [] }
  }

  current(): DefinitionsInForce {
    return this.#inForce
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
    this.#timer = setTimeout(() => {
      this.refresh().then(
        () => {
          this.#lastFailure = ''
          this.#schedule()
        },
        (error: unknown) => {
          const failure = messageOf(error)
          // An outage is told once, not at every look.
          if (failure !== this.#lastFailure) this.#options.onProblem(`definitions cannot be followed: ${failure}`)
          this.#lastFailure = failure
          this.#schedule()
        },
      )
    }, this.#options.pollMs ?? POLL_MS)
  }

  async #read(): Promise<void> {
    const packages = new Map(this.#packages)
    let changed = false
    for (;;) {
      const records = await this.#options.log.read(EVAL_DEFINITIONS, PARTITION, this.#nextOffset, READ_RECORDS)
      const last = records.at(-1)
      if (last === undefined) break
      for (const record of records) changed = this.#take(record, packages) || changed
      this.#nextOffset = last.offset + 1
    }
    if (changed) this.#putInForce(packages)
  }

  #take(record: LogRecord, packages: Map<string, PublishedPackage>): boolean {
    const parsed = parsePackage(record.value)
    if (!parsed.ok) {
      this.#options.onProblem(`definitions at offset ${record.offset} are refused: ${parsed.message}`)
      return false
    }
    const { published } = parsed
    if (published.tenant !== this.#options.tenant) return false
    packages.set(published.package, published)
    return true
  }

  #putInForce(packages: Map<string, PublishedPackage>): void {
    const sorted = [...packages.values()].sort((a, b) => (a.package < b.package ? -1 : 1))
    const joined = planOf(sorted)
    if (!joined.ok) {
      this.#options.onProblem(`definitions are not taken up: ${joined.problems.join('; ')}`)
      return
    }
    this.#packages = packages
    this.#inForce = { plan: joined.plan, packages: sorted }
    if (this.#isStarted) this.#options.onChange(this.#inForce)
  }
}
