/** What goes on beside the load, so that every path of the product is in use when it is killed. Each notes what it was promised. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plan } from '../../dsl/plan.ts'
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { canaryName, churnPlan, JUDGED } from './definitions.ts'
import type { FaultSystem } from './system.ts'

export interface Promised {
  /** Of canaries that were acknowledged: each has one alert that fires, once. */
  readonly canaries: Set<number>
  /** Texts of records that are no traces and that the log has. */
  readonly garbage: Set<string>
  /** Those whose append was not answered: they may be there. */
  readonly maybeGarbage: Set<string>
  /** Ids of runs that the API has taken. */
  readonly runs: Set<string>
  /** The last push that was answered, and those after it that were not. */
  lastPush: number
  triedPush: number
}

export interface Stimuli {
  readonly promised: Promised
  /** A canary of those kept for outages, at once; its number. */
  sendReserved(): number
  /** Ends when what is under way has been answered. */
  stop(): Promise<void>
}

export interface StimuliOptions {
  readonly canaries: number
  /** Between two canaries; the others come at their own pace. */
  readonly canaryEveryMs: number
}

/** Canaries for outages, two of each. */
export const RESERVED_CANARIES = 6

const GARBAGE_EVERY_MS = 2_000
const RUN_EVERY_MS = 10_000
const PUSH_EVERY_MS = 4_000
const RETRY_MS = 300
const ANSWER_LIMIT_MS = 20_000

export async function push(system: FaultSystem, plan: Plan, revision: string): Promise<boolean> {
  return (await post(`${system.api.httpUrl}/v1/definitions`, { plan, revision })) === 200
}

export function startStimuli(system: FaultSystem, options: StimuliOptions): Stimuli {
  const stop = new AbortController()
  const promised: Promised = {
    canaries: new Set(),
    garbage: new Set(),
    maybeGarbage: new Set(),
    runs: new Set(),
    lastPush: -1,
    triedPush: -1,
  }
  /** Again and again until told to stop; what fails is tried again by its own rules. */
  async function every(ms: number, run: (time: number) => Promise<unknown>): Promise<void> {
    for (let time = 0; !stop.signal.aborted; time++) {
      await run(time)
      await sleep(ms, undefined, { signal: stop.signal }).catch(() => {})
    }
  }

  async function sendCanary(index: number): Promise<void> {
    const request = canaryRequest(index)
    for (let attempt = index; ; attempt++) {
      const url = system.gatewayUrls[attempt % system.gatewayUrls.length]!
      if ((await post(url, request)) === 200) break
      if (stop.signal.aborted) return
      await sleep(RETRY_MS)
    }
    promised.canaries.add(index)
  }

  async function appendGarbage(time: number): Promise<void> {
    const text = `no trace ${time}`
    const record = { key: text, value: Buffer.from(text), headers: { tenant: 'default' } }
    // Not tried again: another record would be another dead letter.
    await system.log.append(AGENT_TRACES, [record]).then(
      () => promised.garbage.add(text),
      () => promised.maybeGarbage.add(text),
    )
  }

  async function askForRun(): Promise<void> {
    try {
      const url = `${system.api.httpUrl}/v1/evals/${JUDGED}/run`
      const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
      const body = (await answer.json()) as { runId?: string }
      if (answer.status === 202 && body.runId !== undefined) promised.runs.add(body.runId)
    } catch {
      // The API or its queue was killed: the run was not promised.
    }
  }

  async function pushChange(time: number): Promise<void> {
    promised.triedPush = time
    if (await push(system, churnPlan(time), `r${time}`)) promised.lastPush = time
  }

  const running = Promise.all([
    every(options.canaryEveryMs, async (index) => {
      if (index < options.canaries - RESERVED_CANARIES) await sendCanary(index)
    }),
    every(GARBAGE_EVERY_MS, appendGarbage),
    every(RUN_EVERY_MS, askForRun),
    every(PUSH_EVERY_MS, pushChange),
  ])
  let reserved = options.canaries - RESERVED_CANARIES
  const underWay: Promise<void>[] = []
  return {
    promised,
    sendReserved() {
      const index = reserved++
      if (index >= options.canaries) throw new Error(`more than ${RESERVED_CANARIES} canaries are asked for`)
      underWay.push(sendCanary(index))
      return index
    },
    async stop() {
      stop.abort()
      await Promise.all([running, ...underWay])
    },
  }
}

/** The status; 0 without an answer. */
async function post(url: string, body: unknown): Promise<number> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}

/** Of which no trace of the load has an id. */
export const canaryTraceId = (index: number): string => `ca${index.toString(16).padStart(30, '0')}`

function canaryRequest(index: number): unknown {
  const endNs = BigInt(Date.now()) * 1_000_000n
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const span = {
    traceId: canaryTraceId(index),
    spanId: 'ca000000000000ca',
    name: canaryName(index),
    kind: 1,
    startTimeUnixNano: String(endNs - 5_000_000n),
    endTimeUnixNano: String(endNs),
    attributes: [
      attribute('gen_ai.operation.name', 'execute_tool'),
      attribute('gen_ai.tool.name', canaryName(index)),
      attribute('gen_ai.agent.name', 'canary'),
    ],
  }
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }
}
