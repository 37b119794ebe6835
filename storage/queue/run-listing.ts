/** Runs in pages, newest first. To ask for a run costs a statement: of those of other pages it is asked once, and where they stand is remembered. */
import type { Job } from 'bullmq'
import type { BullQueue } from './bull-queue.ts'
import type { RunCursor, RunsAsked } from './port.ts'

/** A listing looks at so many runs of each state. */
const MAX_LISTED = 1_000
const LISTED = ['active', 'waiting-children', 'waiting', 'delayed', 'completed', 'failed'] as const

/** Of a run, never changed once it is enqueued. */
interface Place extends RunCursor {
  readonly jobId: string
  readonly tenant: unknown
  readonly evalId: unknown
  readonly isOfAnchors: boolean
}

export class RunListing {
  readonly #runs: BullQueue
  #places: ReadonlyMap<string, Place> = new Map()

  constructor(runs: BullQueue) {
    this.#runs = runs
  }

  page(tenant: string, { evalId, after, limit }: RunsAsked): Promise<Job[]> {
    return this.#jobsAt(tenant, (places) =>
      places
        .filter((one) => evalId === undefined || one.evalId === evalId)
        .filter((one) => after === undefined || byNewest(after, one) < 0)
        .slice(0, limit),
    )
  }

  /** Of each eval so many, and none of its anchors. */
  latest(tenant: string, each: number): Promise<Job[]> {
    return this.#jobsAt(tenant, (places) => {
      const own = places.filter(({ isOfAnchors }) => !isOfAnchors)
      return [...Map.groupBy(own, ({ evalId }) => evalId).values()].flatMap((all) => all.slice(0, each))
    })
  }

  /** `choose` is given those of the tenant, newest first. */
  async #jobsAt(tenant: string, choose: (places: readonly Place[]) => readonly Place[]): Promise<Job[]> {
    for (;;) {
      const places = await this.#listed()
      const wanted = choose([...places.values()].filter((one) => one.tenant === tenant).sort(byNewest))
      const jobs = await this.#jobsOf(wanted.map(({ jobId }) => jobId))
      const isAsRemembered = wanted.every(({ jobId, enqueuedAtMs }) => {
        const job = jobs.get(jobId)
        return job === undefined || job.timestamp === enqueuedAtMs
      })
      if (isAsRemembered) return wanted.flatMap(({ jobId }) => jobs.get(jobId) ?? [])
      // One was removed and enqueued again: where it stands now is asked for.
      this.#places = new Map([...this.#places].filter(([jobId]) => !jobs.has(jobId)))
    }
  }

  /** Those that are gone are forgotten. */
  async #listed(): Promise<ReadonlyMap<string, Place>> {
    const ids = await this.#runs.getRanges([...LISTED], 0, MAX_LISTED - 1)
    const unknown = await this.#jobsOf(ids.filter((jobId) => !this.#places.has(jobId)))
    const places = ids.flatMap((jobId): [string, Place][] => {
      const job = unknown.get(jobId)
      const place = job === undefined ? this.#places.get(jobId) : placeOf(jobId, job)
      return place === undefined ? [] : [[jobId, place]]
    })
    this.#places = new Map(places)
    return this.#places
  }

  /** One that is removed while it is asked for is none of them. */
  async #jobsOf(ids: readonly string[]): Promise<Map<string, Job>> {
    const jobs = await Promise.all(ids.map(async (id) => [id, await this.#runs.getJob(id)] as const))
    return new Map(jobs.flatMap(([id, job]): [string, Job][] => (job === undefined ? [] : [[id, job]])))
  }
}

function placeOf(jobId: string, { data, timestamp }: Job): Place {
  const { tenant, evalId, runId, trigger } = (data ?? {}) as Record<string, unknown>
  return { jobId, tenant, evalId, isOfAnchors: trigger === 'anchors', enqueuedAtMs: timestamp, runId: String(runId) }
}

const byNewest = (a: RunCursor, b: RunCursor): number =>
  b.enqueuedAtMs - a.enqueuedAtMs || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0)
