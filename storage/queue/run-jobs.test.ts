/** A batch that fails each time that it is tried. */
import type { Job } from 'bullmq'
import { expect, test } from 'vitest'
import { workBatch } from './run-jobs.ts'
import { NO_OUTCOME, type RunBatch } from './run-record.ts'

const DATA = {
  tenant: 'default',
  evalId: 'shop/helpful',
  slotMs: 1,
  trigger: 'schedule',
  runId: 'shop/helpful@1',
  index: 0,
  subjects: [['one', '', 1]],
  unpaid: 0,
  cheaper: 0,
  holdBackMicroUsd: 0,
}

/** What comes to the handler, which fails where nothing is given up, at the attempt after so many. */
async function workedAfter(attemptsMade: number): Promise<{ seen: RunBatch[]; worked: Promise<unknown> }> {
  const seen: RunBatch[] = []
  const job = { data: DATA, attemptsMade, attemptsStarted: attemptsMade + 1, stalledCounter: 0 }
  const handlers = {
    plan: () => expect.fail('it is planned'),
    batch: async (batch: RunBatch) => {
      seen.push(batch)
      if (batch.givenUp === undefined) throw new Error('it is too large')
      return { ...NO_OUTCOME, error: batch.subjects.length }
    },
  }
  const worked = workBatch(job as unknown as Job, 'token', handlers, 20)
  await worked.catch(() => {})
  return { seen, worked }
}

test('is tried again up to the last time', async () => {
  const { seen, worked } = await workedAfter(3)
  await expect(worked).rejects.toThrow('it is too large')
  expect(seen).toHaveLength(1)
})

test('and then given up: its subjects get the reason', async () => {
  const { seen, worked } = await workedAfter(4)
  expect(await worked).toMatchObject({ error: 1 })
  expect(seen).toMatchObject([{ isFirst: false }, { isFirst: false, givenUp: 'it failed 5 times: it is too large' }])
})
