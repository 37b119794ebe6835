/** Scorecards on their schedules: a job a slot, whoever enqueues it, and a message a receiver, however often the job runs. */
import type { Plan } from '../../dsl/plan.ts'
import { scorecardLines, scorecardTitle } from '../../engine/scorecard/render.ts'
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { alertTopics, NOTIFICATIONS } from '../../storage/log/topics.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'
import { gatherScorecard, type ScorecardTraces } from '../../storage/scorecards/gather.ts'
import type { SchedulerOptions } from './scheduler.ts'

/** The slots of scorecards as a scheduler sees a queue: their jobs are of another kind than runs of evals. */
export const scorecardSlots = (queue: OfflineQueue): SchedulerOptions['queue'] => ({
  enqueue: async ({ tenant, evalId, slotMs }) => {
    await queue.enqueueDaily({ name: 'scorecard', tenant, scorecardId: evalId, slotMs })
    return 'added'
  },
  lastSlot: (tenant, id) => queue.lastSlot(tenant, id),
  setLastSlot: (tenant, id, slotMs) => queue.setLastSlot(tenant, id, slotMs),
})

export interface ScorecardJob {
  tenant: string
  scorecardId: string
  slotMs: number
}

/** The ids of its messages are the slot's and the receiver's: the alert manager tells each once. */
export async function sendScorecard(
  { tenant, scorecardId, slotMs }: ScorecardJob,
  plan: Plan,
  { log, traces }: { log: Pick<Log, 'append' | 'ensureTopics'>; traces: ScorecardTraces },
): Promise<void> {
  const found = plan.scorecards.find(({ id }) => id === scorecardId)
  // It was taken out of the definitions after its slot was enqueued, or is tried in the shadow.
  if (found === undefined || found.mode === 'shadow') return
  const scorecard = await gatherScorecard(traces, tenant, plan, found, slotMs)
  const notice = {
    id: `scorecard/${scorecardId}@${new Date(slotMs).toISOString()}`,
    title: scorecardTitle(scorecard),
    severity: 'info',
    lines: scorecardLines(scorecard),
    atMs: slotMs,
  }
  const routes = found.notify.length > 0 ? found.notify : [{ receiver: 'console', target: '' }]
  const records = routes.map((route): RecordToAppend => {
    const { receiver, target } = route
    const id = `${tenant}/${notice.id}/${receiver}:${target}`
    const value = { version: 1, kind: 'notice', id, tenant, route: { receiver, target }, routes, notice }
    const bytes = new TextEncoder().encode(JSON.stringify(value))
    return { key: `${tenant}/${receiver}:${target}`, value: bytes, headers: { tenant } }
  })
  await log.ensureTopics(alertTopics)
  await log.append(NOTIFICATIONS, records)
}
