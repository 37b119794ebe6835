/** Without the broker for a while: the gateway says so at once and when to come again, and what it took is not lost. */

import { tracesPerRequest } from './population.ts'
import type { Row } from './report.ts'
import type { Scenario, Scene } from './run.ts'

/** An answer is an answer of the gateway, and not of somebody's patience: clients give up after ten. */
const ANSWER_WITHIN_MS = 10_000

export function brokerDown(downMs: number): Scenario {
  return { name: `no broker for ${downMs / 1_000} s`, run: (scene) => run(scene, downMs) }
}

async function run({ system, senders, wait }: Scene, downMs: number): Promise<Row[]> {
  const { counts } = senders
  const answered = (): number => counts.answers.get('503') ?? 0
  await keepSending(senders, wait, 3_000)
  counts.slowestMs = 0
  const before = { refused: answered(), acknowledged: 0 }
  await system.takeDown('kafka', async () => {
    await wait(1_000)
    before.acknowledged = counts.acknowledgedSpans
    await keepSending(senders, wait, downMs)
    const during = counts.acknowledgedSpans - before.acknowledged
    if (during > 0) throw new Error(`${during} spans were acknowledged without a broker`)
  })
  const refused = answered() - before.refused
  const slowestMs = counts.slowestMs
  await system.recovered()
  const acknowledged = counts.acknowledgedSpans
  for (let tries = 0; tries < 120 && counts.acknowledgedSpans === acknowledged; tries++) {
    await keepSending(senders, wait, 500)
  }
  return [
    { what: `no broker for ${downMs / 1_000} s: requests refused by 503`, found: String(refused), isKept: refused > 0 },
    {
      what: '  longest wait for an answer',
      found: `${(slowestMs / 1_000).toFixed(1)} s`,
      isKept: slowestMs <= ANSWER_WITHIN_MS,
    },
    {
      what: '  spans are taken again when it is back',
      found: counts.acknowledgedSpans > acknowledged ? 'yes' : 'no',
      isKept: counts.acknowledgedSpans > acknowledged,
    },
  ]
}

/** Some requests a second, whatever becomes of them. */
export async function keepSending(senders: Scene['senders'], wait: Scene['wait'], forMs: number): Promise<void> {
  const endMs = performance.now() + forMs
  while (performance.now() < endMs) {
    if (senders.reached()) senders.target += tracesPerRequest
    await wait(Math.min(200, forMs))
  }
}
