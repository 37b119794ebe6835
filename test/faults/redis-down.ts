/** Without Redis for a while: spans are taken, judged and stored as ever; offline runs wait. */
import { keepSending } from './broker-down.ts'
import type { Row } from './report.ts'
import type { Scenario, Scene } from './run.ts'

export function redisDown(downMs: number): Scenario {
  return { name: `no Redis for ${downMs / 1_000} s`, run: (scene) => run(scene, downMs) }
}

async function run({ system, senders, wait }: Scene, downMs: number): Promise<Row[]> {
  const { counts } = senders
  let taken = 0
  await system.takeDown('redis', async () => {
    const before = counts.acknowledgedSpans
    await keepSending(senders, wait, downMs)
    taken = counts.acknowledgedSpans - before
  })
  await system.recovered()
  return [
    { what: `no Redis for ${downMs / 1_000} s: spans acknowledged meanwhile`, found: String(taken), isKept: taken > 0 },
  ]
}
