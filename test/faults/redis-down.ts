/** Without Redis for a while: spans are taken, judged, alerted on and stored as ever; offline runs wait, and are counted at the end. */
import { AGENT_TRACES } from '../../storage/log/topics.ts'
import { lags } from './drained.ts'
import { loadMeanwhile } from './meanwhile.ts'
import { untilNothingLeft } from './movement.ts'
import type { Row } from './report.ts'
import type { Scenario, Scene } from './run.ts'

export function redisDown(downMs: number): Scenario {
  return { name: `no Redis for ${downMs / 1_000} s`, downMs, run: (scene) => run(scene, downMs) }
}

async function run(scene: Scene, downMs: number): Promise<Row[]> {
  const { system, patience } = scene
  await system.recovered()
  return await system.whileDown('redis', async () => {
    const { rows } = await loadMeanwhile(scene, `no Redis for ${downMs / 1_000} s`, downMs)
    const unstored = await untilNothingLeft(
      patience,
      async () => (await lags(system.log)).get(`trans-store of ${AGENT_TRACES}`) ?? 0,
    )
    return [
      ...rows,
      {
        what: '  records not stored before it was back',
        found: unstored === '' ? 'none' : unstored,
        isKept: unstored === '',
      },
    ]
  })
}
