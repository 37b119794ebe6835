/** What every backend of the queue port has to pass. */
import { afterEach, describe, expect, test } from 'vitest'
import { fail, firingOf, jobOf, planOf, plans, untilState } from './contract-jobs.ts'
import { type OfflineJob, type OfflineQueue, type RunHandlers, RunInterrupted, RunPostponed } from './port.ts'
import { NO_OUTCOME, type RunBatch } from './run-record.ts'

export interface QueueUnderTest {
  /** A further connection to the same queue, as another process would have. */
  open(): Promise<OfflineQueue>
}

export function queueContract(name: string, under: () => QueueUnderTest): void {
  describe(`${name}: queue contract`, () => {
    const opened: OfflineQueue[] = []
    const open = async () => {
      const queue = await under().open()
      opened.push(queue)
      return queue
    }
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((queue) => queue.close()))
    })

    test('a job reaches the worker once, with what was put in', async () => {
      const queue = await open()
      const seen: OfflineJob[] = []
      const job = jobOf('checkout/helpful', 1_700_000_000_000)
      expect(await queue.enqueue(job)).toBe('added')
      await queue.work(
        plans(async (taken) => void seen.push(taken)),
        { concurrency: 1, onError: fail },
      )
      await untilState(queue, job.runId, 'done')
      expect(seen).toEqual([job])
    })

    test('the same run id is one job: while waiting, while running and after', async () => {
      const queue = await open()
      const job = jobOf('checkout/twice', 1_700_000_060_000)
      let runs = 0
      const started = Promise.withResolvers<void>()
      const go = Promise.withResolvers<void>()
      await queue.enqueue(job)
      expect(await queue.enqueue(job)).toBe('known')
      await queue.work(
        plans(async () => {
          runs++
          started.resolve()
          await go.promise
        }),
        { concurrency: 4, onError: fail },
      )
      await started.promise
      expect(await queue.enqueue(job)).toBe('known')
      go.resolve()
      await untilState(queue, job.runId, 'done')
      expect(await queue.enqueue(job)).toBe('known')
      expect(runs).toBe(1)
    })

    test('two that enqueue the same run at once make one job', async () => {
      const [a, b] = [await open(), await open()]
      const job = jobOf('checkout/race', 1_700_000_120_000)
      let runs = 0
      await Promise.all([a.enqueue(job), b.enqueue(job)])
      for (const queue of [a, b]) {
        await queue.work(
          plans(async () => {
            runs++
          }),
          { concurrency: 2, onError: fail },
        )
      }
      await untilState(a, job.runId, 'done')
      // A second job would be taken at once: these wait behind it.
      const after = jobOf('checkout/race', 1_700_000_180_000)
      await b.enqueue(after)
      await untilState(b, after.runId, 'done')
      expect(runs).toBe(2)
    })

    test('a job enqueued while workers wait starts without polling', async () => {
      const queue = await open()
      let taken = Promise.withResolvers<void>()
      await queue.work(
        plans(async () => taken.resolve()),
        { concurrency: 1, onError: fail },
      )
      // Polling would take its whole block time of 5 s, each time; a busy machine may delay one.
      const waitsMs: number[] = []
      for (let i = 0; i < 3; i++) {
        taken = Promise.withResolvers<void>()
        await new Promise((resolve) => setTimeout(resolve, 200))
        const startMs = performance.now()
        await queue.enqueue(jobOf('checkout/prompt', 1_700_000_600_000 + i * 60_000))
        await taken.promise
        waitsMs.push(performance.now() - startMs)
      }
      expect(Math.min(...waitsMs)).toBeLessThan(3_000)
    })

    test('a handler that fails is tried again', async () => {
      const queue = await open()
      const job = jobOf('checkout/flaky', 1_700_000_300_000)
      let attempts = 0
      await queue.enqueue(job)
      await queue.work(
        plans(async () => {
          attempts++
          if (attempts === 1) throw new Error('the log is full')
        }),
        { concurrency: 1, onError: fail },
      )
      await untilState(queue, job.runId, 'done')
      expect(attempts).toBe(2)
    })

    test('an interrupted run is put back and costs no attempt', async () => {
      const queue = await open()
      const job = jobOf('checkout/interrupted', 1_700_000_480_000)
      let runs = 0
      await queue.enqueue(job)
      await queue.work(
        plans(async () => {
          runs++
          if (runs <= 7) throw new RunInterrupted()
        }),
        { concurrency: 1, onError: fail },
      )
      await untilState(queue, job.runId, 'done')
      expect(runs).toBe(8)
    })

    test('a postponed run comes again, however often, and costs no attempt', async () => {
      const queue = await open()
      const job = jobOf('checkout/postponed', 1_700_000_500_000)
      let runs = 0
      await queue.enqueue(job)
      await queue.work(
        plans(async () => {
          runs++
          if (runs <= 7) throw new RunPostponed(10, new Error('the store is away'))
        }),
        { concurrency: 1, onError: fail },
      )
      await untilState(queue, job.runId, 'done')
      expect(runs).toBe(8)
    })

    test('a run is its batches, each with a part of its subjects, and done when they are', async () => {
      const [a, b] = [await open(), await open()]
      const job = jobOf('checkout/parts', 1_700_001_000_000)
      const batches: RunBatch[] = []
      let planned = 0
      const handlers: RunHandlers = {
        plan: async () => {
          planned++
          return planOf(60, 12, 25)
        },
        batch: async (batch) => {
          batches.push(batch)
          return { ...NO_OUTCOME, pass: batch.subjects.length }
        },
      }
      for (const queue of [a, b]) await queue.work(handlers, { concurrency: 1, onError: fail })
      await a.enqueue(job)
      await untilState(b, job.runId, 'done')
      expect(planned).toBe(1)
      batches.sort((one, other) => one.index - other.index)
      const partsOf = ({ index, subjects, cheaper, unpaid, isFirst }: RunBatch) => [
        index,
        subjects.length,
        cheaper,
        unpaid,
        isFirst,
      ]
      expect(batches.map(partsOf)).toEqual([
        [0, 25, 2, 0, true],
        [1, 25, 23, 2, true],
        [2, 10, 0, 10, true],
      ])
      expect(batches.flatMap(({ subjects }) => subjects)).toEqual(planOf(60).subjects)
      const { subjects: _, ...plan } = planOf(60, 12, 25)
      expect(await b.runOf('default', job.runId)).toMatchObject({
        job,
        state: 'done',
        plan,
        batches: { all: 3, done: 3, failed: 0 },
        outcome: { ...NO_OUTCOME, pass: 60 },
        error: null,
      })
      expect((await a.runsOf('default', { evalId: job.evalId, limit: 5 })).map((run) => run.job.runId)).toEqual([
        job.runId,
      ])
    })

    test('runs are listed in pages, newest first', async () => {
      const queue = await open()
      const jobs = [1, 2, 3].map((n) => jobOf('checkout/paged', 1_700_100_000_000 + n * 60_000))
      for (const job of jobs) await queue.enqueue(job)
      const handlers: RunHandlers = { plan: async () => planOf(1), batch: async () => ({ ...NO_OUTCOME, pass: 1 }) }
      await queue.work(handlers, { concurrency: 1, onError: fail })
      for (const { runId } of jobs) await untilState(queue, runId, 'done')
      const asked = { evalId: 'checkout/paged', limit: 5 }
      const all = await queue.runsOf('default', asked)
      expect(all.map(({ job }) => job.runId).sort()).toEqual(jobs.map(({ runId }) => runId).sort())
      const paged = []
      for (let last = all[0]; last !== undefined; ) {
        paged.push(last)
        const after = { enqueuedAtMs: last.enqueuedAtMs, runId: last.job.runId }
        ;[last] = await queue.runsOf('default', { ...asked, after, limit: 1 })
      }
      expect(paged.map(({ job }) => job.runId)).toEqual(all.map(({ job }) => job.runId))
      // What is remembered of the listing before hides none that came since, and none of another tenant is in it.
      const next = jobOf('checkout/paged', 1_700_100_240_000)
      await queue.enqueue(next)
      await untilState(queue, next.runId, 'done')
      expect((await queue.runsOf('default', asked)).map(({ job, state }) => [job.runId, state])).toEqual(
        [next.runId, ...all.map(({ job }) => job.runId)].map((runId) => [runId, 'done']),
      )
      expect(await queue.runsOf('nobody', asked)).toEqual([])
      // Of each eval the newest alone; rounds of its anchors are none of its runs.
      const anchors: OfflineJob = { ...jobOf('checkout/paged', 1_700_100_300_000), trigger: 'anchors' }
      await queue.enqueue(anchors)
      await untilState(queue, anchors.runId, 'done')
      const latest = await queue.latestRunsOf('default', 2)
      const ofPaged = latest.filter(({ job }) => job.evalId === asked.evalId)
      expect(ofPaged.map(({ job, state }) => [job.runId, state])).toEqual(
        [next.runId, all[0]?.job.runId].map((runId) => [runId, 'done']),
      )
      expect(await queue.latestRunsOf('nobody', 2)).toEqual([])
    })

    test('while its batches wait a run is active, and tells how far it is', async () => {
      const queue = await open()
      const job = jobOf('checkout/half', 1_700_001_060_000)
      const [halfway, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const tries: boolean[] = []
      const handlers: RunHandlers = {
        plan: async () => planOf(50),
        batch: async ({ index, isFirst }) => {
          if (index === 0) return { ...NO_OUTCOME, fail: 25 }
          tries.push(isFirst)
          if (tries.length === 1) throw new RunInterrupted()
          halfway.resolve()
          await go.promise
          return { ...NO_OUTCOME, pass: 25 }
        },
      }
      await queue.enqueue(job)
      await queue.work(handlers, { concurrency: 1, onError: fail })
      await halfway.promise
      const run = await queue.runOf('default', job.runId)
      expect(run).toMatchObject({ state: 'active', batches: { all: 2, done: 1 }, outcome: { fail: 25, pass: 0 } })
      go.resolve()
      await untilState(queue, job.runId, 'done')
      expect(tries).toEqual([true, false])
    })

    test('pauses and cancellations are shared', async () => {
      const [a, b] = [await open(), await open()]
      expect(await a.pausedSince('default', 'checkout/p')).toBeNull()
      await a.setPaused('default', 'checkout/p', 5)
      expect(await b.pausedSince('default', 'checkout/p')).toBe(5)
      await b.setPaused('default', 'checkout/p', null)
      expect(await a.pausedSince('default', 'checkout/p')).toBeNull()
      await a.setCancelled('default', 'checkout/p@1', 7)
      expect(await b.cancelledSince('default', 'checkout/p@1')).toBe(7)
      expect(await b.cancelledSince('acme', 'checkout/p@1')).toBeNull()
    })

    test('drain waits for the running job and takes no other', async () => {
      const queue = await open()
      const started = Promise.withResolvers<void>()
      const go = Promise.withResolvers<void>()
      const first = jobOf('checkout/drain', 1_700_000_360_000)
      const second = jobOf('checkout/drain', 1_700_000_420_000)
      let ended = 0
      const worker = await queue.work(
        plans(async () => {
          started.resolve()
          await go.promise
          ended++
        }),
        { concurrency: 1, onError: fail },
      )
      await queue.enqueue(first)
      await started.promise
      await queue.enqueue(second)
      const drained = worker.drain()
      go.resolve()
      await drained
      expect(ended).toBe(1)
      expect(await queue.stateOf('default', first.runId)).toBe('done')
      expect(await queue.stateOf('default', second.runId)).toBe('waiting')
    })

    test('marks of schedules are shared and kept apart by eval', async () => {
      const [a, b] = [await open(), await open()]
      expect(await a.lastSlot('default', 'checkout/marked')).toBeUndefined()
      await a.setLastSlot('default', 'checkout/marked', 60_000)
      await b.setLastSlot('default', 'checkout/other', 1)
      expect(await b.lastSlot('default', 'checkout/marked')).toBe(60_000)
      await b.setLastSlot('default', 'checkout/marked', 120_000)
      expect(await a.lastSlot('default', 'checkout/marked')).toBe(120_000)
    })

    test("the same run and mark of two tenants are each its own tenant's", async () => {
      const queue = await open()
      const job = jobOf('checkout/shared', 1_700_000_900_000)
      const theirs = { ...job, tenant: 'acme' }
      expect(await queue.enqueue(job)).toBe('added')
      expect(await queue.enqueue(theirs)).toBe('added')
      const taken: string[] = []
      await queue.work(
        plans(async ({ tenant, evalId }) => {
          if (evalId === job.evalId) taken.push(tenant)
        }),
        { concurrency: 1, onError: fail },
      )
      await untilState(queue, job.runId, 'done')
      while ((await queue.stateOf('acme', job.runId)) !== 'done')
        await new Promise((resolve) => setTimeout(resolve, 20))
      expect(taken.sort()).toEqual(['acme', 'default'])
      await queue.setLastSlot('acme', job.evalId, 60_000)
      expect(await queue.lastSlot('default', job.evalId)).toBeUndefined()
    })

    test('a daily job is done once, whoever enqueues it and whenever', async () => {
      const [a, b] = [await open(), await open()]
      const days: string[] = []
      const job = { name: 'integrity' as const, day: '2026-11-20' }
      await Promise.all([a.enqueueDaily(job), b.enqueueDaily(job)])
      const done = Promise.withResolvers<void>()
      await b.workDaily(async (ran) => {
        const day = ran.name === 'integrity' ? ran.day : ''
        days.push(day)
        if (day === '2026-11-21') done.resolve()
      })
      await a.enqueueDaily(job)
      await a.enqueueDaily({ ...job, day: '2026-11-21' })
      await done.promise
      await b.enqueueDaily(job)
      expect(days).toEqual(['2026-11-20', '2026-11-21'])
    })

    test('a firing is looked into once, however many enqueue it, and again by another worker where one fails', async () => {
      const [a, b] = [await open(), await open()]
      const seen: string[] = []
      const done = Promise.withResolvers<void>()
      const jobs = ['shop/leak{"env":"prod"}@1.1', 'shop/leak@1.2'].map((incidentId) => firingOf(incidentId))
      for (const job of jobs) await Promise.all([a.enqueueInvestigation(job), b.enqueueInvestigation(job)])
      await b.workInvestigations(async ({ tenant, transition }) => {
        seen.push(`${tenant} ${transition.incidentId}`)
        if (seen.length === jobs.length) done.resolve()
      })
      await done.promise
      for (const job of jobs) await a.enqueueInvestigation(job)
      expect(seen.sort()).toEqual(['acme shop/leak@1.2', 'acme shop/leak{"env":"prod"}@1.1'])
    })

    test('an unknown run is said to be unknown', async () => {
      const queue = await open()
      expect(await queue.stateOf('default', 'checkout/none@2026-01-01T0000Z')).toBe('unknown')
    })
  })
}
