/** An offline role as a process of its own, for tests that kill it: it is told of its world by the environment, and says on stdout when its slot's run is done. */
import { buildOfflineEval, buildPlan, buildRubric, e } from '../../../engine/evaluate/build-plan.ts'
import { plansOfOne } from '../../../storage/definitions/plans.ts'
import { openEmbeddedLog } from '../../../storage/log/embedded.ts'
import { parseRedisUrl } from '../../../storage/redis/redis-url.ts'
import { openTraces } from '../../../storage/traces/open.ts'
import { startOffline } from '../start.ts'

const {
  DATA_DIR: dataDir = '',
  JUDGE_URL: baseUrl = '',
  REDIS_SERVER: redisUrl,
  NOW_MS,
  RUN_ID: runId = '',
  PART,
  JUDGE_KEY: apiKey = null,
} = process.env
const redis = redisUrl === undefined ? null : parseRedisUrl(redisUrl)
if (redis?.ok === false) throw new Error(redis.message)
const nowMs = (): number => Number(NOW_MS)

const traces = await openTraces({ dataDir, nowMs })
const log = await openEmbeddedLog({ dataDir, retentionIntervalMs: null })
const plan = buildPlan({
  evals: [
    buildOfflineEval('killed', e.cmp(e.score(), '>=', e.lit(4)), {
      schedule: { cron: '0 * * * *', timeZone: 'UTC' },
      sample: { size: 'all', scope: { subject: 'trace', where: null, traceWhere: null }, overNs: 3_600e9, by: [] },
      method: buildRubric({ show: ['output.text'] }),
      missing: { kind: 'unknown' },
    }),
  ],
})
const offline = await startOffline({
  log,
  traces,
  queue: { dataDir, ...(redis?.ok === true && { redis: redis.settings }) },
  definitions: { ...plansOfOne('default', () => plan), onChange: () => {} },
  providers: [{ name: 'openai', baseUrl, apiKey }],
  ...((PART === 'scheduler' || PART === 'worker') && { parts: [PART] }),
  nowMs,
  onNotice: (message) => process.stderr.write(`${message}\n`),
  sleep: async () => {},
  // What a killed process held is taken up after so long.
  lockMs: 1_000,
})
process.stdout.write('up\n')
while (runId !== '' && (await offline.runState('default', runId)) !== 'done')
  await new Promise((resolve) => setTimeout(resolve, 50))
await offline.drain()
await log.close()
await traces.close()
process.stdout.write('done\n')
