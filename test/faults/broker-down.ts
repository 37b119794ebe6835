/** Without the broker for a while: the gateway says so at once and when to come again, and what it took is not lost. */
import { keepSending } from './meanwhile.ts'
import { untilNothingLeft } from './movement.ts'
import type { Row } from './report.ts'
import type { Scenario, Scene } from './run.ts'

/** An answer is an answer of the gateway, and not of somebody's patience: clients give up after ten. */
const ANSWER_WITHIN_MS = 10_000

export function brokerDown(downMs: number): Scenario {
  return { name: `no broker for ${downMs / 1_000} s`, downMs, run: (scene) => run(scene, downMs) }
}

async function run({ system, senders, patience, wait }: Scene, downMs: number): Promise<Row[]> {
  const { counts } = senders
  await system.recovered()
  await keepSending(senders, wait, 3_000)
  const during = { refused: 0, spans: 0, slowestMs: 0 }
  await system.whileDown('kafka', async () => {
    // Answers of before are on their way for a moment.
    await wait(1_000)
    const before = { refused: counts.answers.get('503') ?? 0, spans: counts.acknowledgedSpans }
    counts.recentSlowestMs = 0
    await keepSending(senders, wait, downMs)
    during.refused = (counts.answers.get('503') ?? 0) - before.refused
    during.spans = counts.acknowledgedSpans - before.spans
    during.slowestMs = counts.recentSlowestMs
  })
  await system.recovered()
  const untaken = await untilNothingLeft(patience, () =>
    senders.reached() ? 0 : `${counts.acknowledgedSpans} spans are acknowledged, not all that were sent`,
  )
  return [
    {
      what: `no broker for ${downMs / 1_000} s: requests refused by 503`,
      found: String(during.refused),
      isKept: during.refused > 0,
    },
    { what: '  spans acknowledged without it', found: String(during.spans), isKept: during.spans === 0 },
    {
      what: '  longest wait for an answer',
      found: `${(during.slowestMs / 1_000).toFixed(1)} s`,
      isKept: during.slowestMs <= ANSWER_WITHIN_MS,
    },
    { what: '  spans not taken when it is back', found: untaken === '' ? 'none' : untaken, isKept: untaken === '' },
  ]
}
