/** Scorecards on their schedules: a job a slot, whoever enqueues it, and a message a receiver, however often the job runs. */
import type { Plan } from '../../dsl/plan.ts'
import { scorecardLines, scorecardTitle } from '../../engine/scorecard/render.ts'
import type { Scorecard } from '../../engine/scorecard/scorecard-json.ts'
import { openAlerts } from '../../storage/alerts/open-alerts.ts'
import type { Log, RecordToAppend } from '../../storage/log/port.ts'
import { alertTopics, NOTIFICATIONS } from '../../storage/log/topics.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'
import { gatherScorecard, type ScorecardTraces } from '../../storage/scorecards/gather.ts'
import { openPostedScorecards } from '../../storage/scorecards/posted.ts'
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

export interface ScorecardWork {
  readonly log: Pick<Log, 'append' | 'ensureTopics' | 'read'>
  readonly traces: ScorecardTraces
  readonly nowMs: () => number
  readonly onProblem: (text: string) => void
}

const CONSOLE: Route = { receiver: 'console', target: '' }

interface Route {
  readonly receiver: string
  readonly target: string
}

const receiverText = ({ receiver, target }: Route): string => `${receiver}(${JSON.stringify(target)})`

/**
 * Keeps it before it tells of it: a job that runs again, because its process died, tells what was kept. The ids of its messages are the
 * slot's and the receiver's, so that the alert manager tells each once.
 */
export async function sendScorecard(
  { tenant, scorecardId, slotMs }: ScorecardJob,
  plan: Plan,
  { log, traces, nowMs, onProblem }: ScorecardWork,
): Promise<void> {
  const found = plan.scorecards.find(({ id }) => id === scorecardId)
  // It was taken out of the definitions after its slot was enqueued, or is tried in the shadow.
  if (found === undefined || found.mode === 'shadow') return
  await log.ensureTopics(alertTopics)
  const posted = await openPostedScorecards({ log, onProblem })
  try {
    const kept = await posted.read(tenant, scorecardId, slotMs)
    const scorecard = kept?.scorecard ?? (await gatherNow())
    if (kept === null) {
      const receivers = found.notify.map(receiverText)
      await posted.put(tenant, { slotMs, postedAtMs: nowMs(), receivers, scorecard })
    }
    await log.append(NOTIFICATIONS, notificationsOf(tenant, found.notify, slotMs, scorecard))
  } finally {
    await posted.close()
  }

  async function gatherNow(): Promise<Scorecard> {
    const alerts = await openAlerts({ log, nowMs, onProblem })
    try {
      return await gatherScorecard({ traces, alerts }, tenant, plan, found!, slotMs)
    } finally {
      await alerts.close()
    }
  }
}

function notificationsOf(
  tenant: string,
  notify: readonly Route[],
  slotMs: number,
  scorecard: Scorecard,
): RecordToAppend[] {
  const notice = {
    id: `scorecard/${scorecard.id}@${new Date(slotMs).toISOString()}`,
    title: scorecardTitle(scorecard),
    severity: 'info',
    // For receivers that know of lines alone.
    lines: scorecardLines(scorecard),
    atMs: slotMs,
    scorecard,
  }
  const routes = (notify.length > 0 ? notify : [CONSOLE]).map(({ receiver, target }) => ({ receiver, target }))
  return routes.map((route) => {
    const id = `${tenant}/${notice.id}/${route.receiver}:${route.target}`
    const value = { version: 1, kind: 'notice', id, tenant, route, routes, notice }
    const bytes = new TextEncoder().encode(JSON.stringify(value))
    return { key: `${tenant}/${route.receiver}:${route.target}`, value: bytes, headers: { tenant } }
  })
}
