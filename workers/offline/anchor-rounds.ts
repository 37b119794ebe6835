/** When anchors are judged again: each day, and when what is measured or the model that answers became another. */
import { createHash } from 'node:crypto'
import { asksJudge } from '../../dsl/metrics.ts'
import type { OfflineEvalPlan } from '../../dsl/plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import { ANCHOR_PREFIX, modelsIn, readAnchorRounds } from '../../storage/labels/anchors.ts'
import { readLabels } from '../../storage/labels/labels.ts'
import type { OfflineQueue } from '../../storage/queue/port.ts'
import type { TracesStore } from '../../storage/traces/port.ts'

export interface AnchorRoundsOptions {
  queue: Pick<OfflineQueue, 'enqueue'>
  traces: Pick<TracesStore, 'queryResults'>
  tenants: () => readonly string[]
  /** Those that can be judged as things are configured. */
  evalsOf: (tenant: string) => readonly OfflineEvalPlan[]
  nowMs: () => number
  onProblem: (text: string) => void
  lookEveryMs?: number
}

export interface AnchorRounds {
  /** Of all tenants: what is due of the day, and of measures that have no round yet. */
  look(): Promise<void>
  /** Hears of each result of the eval's own judge. */
  judged(evalPlan: Pick<OfflineEvalPlan, 'id' | 'measureHash'>, results: readonly EvalResult[]): Promise<void>
  stop(): Promise<void>
}

const LOOK_MS = 10 * 60_000

/** With `isScheduler` looks every ten minutes; an outage of the queue or the store leaves it to the next look. */
export function startAnchorRounds(options: AnchorRoundsOptions, isScheduler: boolean): AnchorRounds {
  const { queue, traces, nowMs, onProblem, lookEveryMs = LOOK_MS } = options
  /** By tenant and eval: the models that answered in its last round, and those that a round was asked for. */
  const known = new Map<string, { models: Set<string> | null; readMs: number }>()
  /** What this process has enqueued already. */
  const done = new Set<string>()
  const today = (): string => dayOf(nowMs())

  async function enqueue(tenant: string, evalId: string, cause: string): Promise<void> {
    const runId = `${ANCHOR_PREFIX}${evalId}@${cause}`
    if (done.has(`${tenant}/${runId}`)) return
    await queue.enqueue({ tenant, evalId, runId, slotMs: nowMs(), trigger: 'anchors' })
    if (done.size >= MAX_DONE) done.clear()
    done.add(`${tenant}/${runId}`)
  }

  async function lookAt(tenant: string, evalPlan: OfflineEvalPlan): Promise<void> {
    const { id, measureHash } = evalPlan
    const day = today()
    if (done.has(`${tenant}/${ANCHOR_PREFIX}${id}@${day}`) && done.has(`${tenant}/${id}/${measureHash}`)) return
    const hasAnchors = (evalPlan.anchors?.length ?? 0) > 0 || (await readLabels(traces, tenant, id, 1)).length > 0
    if (!hasAnchors) return
    const last = (await readAnchorRounds(traces, tenant, id)).at(-1)
    if (last !== undefined && last.measureHash !== measureHash) await enqueue(tenant, id, measureHash.slice(0, 12))
    // The round of a new measure is that of the day, too.
    else if (last === undefined || dayOf(last.atMs) !== day) await enqueue(tenant, id, day)
    else done.add(`${tenant}/${ANCHOR_PREFIX}${id}@${day}`)
    done.add(`${tenant}/${id}/${measureHash}`)
  }

  async function look(): Promise<void> {
    for (const tenant of options.tenants())
      for (const evalPlan of options.evalsOf(tenant).filter(({ method }) => asksJudge(method)))
        await lookAt(tenant, evalPlan).catch((error: unknown) =>
          onProblem(`The anchors of ${evalPlan.id} could not be looked at: ${messageOf(error)}`),
        )
  }

  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= look().finally(() => {
      running = null
    })
  }, lookEveryMs)
  timer.unref()
  if (!isScheduler) clearInterval(timer)

  return {
    look,
    async judged({ id, measureHash }, results) {
      const { tenant = '' } = results[0] ?? {}
      const models = modelsIn(results.filter((result) => result.measureHash === measureHash))
      if (models.length === 0) return
      const key = `${tenant}/${id}`
      let last = known.get(key)
      if (last === undefined || (last.models === null && nowMs() - last.readMs >= lookEveryMs)) {
        const round = (await readAnchorRounds(traces, tenant, id)).at(-1)
        last = { models: round === undefined ? null : new Set(round.models), readMs: nowMs() }
        known.set(key, last)
      }
      const before = last.models
      // Without a round there is nothing to hold against it.
      if (before === null) return
      const others = models.filter((model) => !before.has(model))
      if (others.length === 0) return
      const digest = createHash('sha256').update(others.join('\n')).digest('hex').slice(0, 8)
      await enqueue(tenant, id, `${today()}.${digest}`)
      for (const model of others) before.add(model)
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

const MAX_DONE = 10_000

/** UTC. */
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
