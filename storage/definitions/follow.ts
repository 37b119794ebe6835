/** Follows the compacted topic of definitions: every role has the same ones in force a moment after a push. */
import { EMPTY_PLAN, joinPackages } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import { followTopic } from '../log/follow-topic.ts'
import type { Log, LogRecord } from '../log/port.ts'
import { EVAL_DEFINITIONS } from '../log/topics.ts'
import { type PublishedPackage, parsePackage } from './published.ts'

export interface FollowOptions {
  log: Pick<Log, 'read'>
  /** After each change of what is in force for a tenant; not for what is there at the start. */
  onChange: (tenant: string, inForce: DefinitionsInForce) => void
  /** A line for the operator: a record that is refused leaves in force what was. */
  onProblem: (text: string) => void
  /** Of what was pushed, what is taken into force: the configuration may add to what is measured. */
  inForce?: (plan: Plan) => Plan
  /** How often the topic is looked at. */
  pollMs?: number
}

export interface DefinitionsInForce {
  readonly plan: Plan
  /** Sorted by name. */
  readonly packages: readonly PublishedPackage[]
}

export interface FollowedDefinitions {
  /** An empty plan where the tenant has pushed nothing. */
  current(tenant: string): DefinitionsInForce
  /** Those that have pushed, sorted. */
  tenants(): readonly string[]
  /** Reads what has come since, now. */
  refresh(): Promise<void>
  close(): Promise<void>
}

/** Resolves when everything in the topic has been read. Rejects with `LogError`. */
export async function followDefinitions(options: FollowOptions): Promise<FollowedDefinitions> {
  const inForce = new InForce(options)
  const { log, onProblem, pollMs } = options
  const topic = await followTopic({
    log,
    topic: EVAL_DEFINITIONS,
    take: (records) => inForce.take(records),
    onProblem,
    ...(pollMs !== undefined && { pollMs }),
  })
  inForce.tell()
  return {
    current: (tenant) => inForce.ofTenant.get(tenant) ?? NOTHING,
    tenants: () => [...inForce.ofTenant.keys()].sort(),
    refresh: () => topic.refresh(),
    close: () => topic.close(),
  }
}

const NOTHING: DefinitionsInForce = { plan: EMPTY_PLAN, packages: [] }

class InForce {
  readonly #options: FollowOptions
  #isTold = false
  readonly ofTenant = new Map<string, DefinitionsInForce>()

  constructor(options: FollowOptions) {
    this.#options = options
  }

  /** From now on changes are told. */
  tell(): void {
    this.#isTold = true
  }

  take(records: readonly LogRecord[]): void {
    const changed = new Map<string, Map<string, PublishedPackage>>()
    for (const record of records) {
      const parsed = parsePackage(record.value)
      if (!parsed.ok) {
        this.#options.onProblem(`definitions at offset ${record.offset} are refused: ${parsed.message}`)
        continue
      }
      const { published } = parsed
      const before = (this.ofTenant.get(published.tenant) ?? NOTHING).packages
      const packages = changed.get(published.tenant) ?? new Map(before.map((one) => [one.package, one]))
      changed.set(published.tenant, packages.set(published.package, published))
    }
    for (const [tenant, packages] of changed) this.#putInForce(tenant, packages)
  }

  #putInForce(tenant: string, packages: ReadonlyMap<string, PublishedPackage>): void {
    const sorted = [...packages.values()].sort((a, b) => (a.package < b.package ? -1 : 1))
    const joined = joinPackages(sorted.map(({ current }) => current.plan))
    if (!joined.ok) {
      this.#options.onProblem(`definitions of tenant ${tenant} are not taken up: ${joined.problems.join('; ')}`)
      return
    }
    const { inForce: taken = (plan: Plan): Plan => plan } = this.#options
    const inForce = { plan: taken(joined.plan), packages: sorted }
    this.ofTenant.set(tenant, inForce)
    if (this.#isTold) this.#options.onChange(tenant, inForce)
  }
}
