/** The evaluator and the manager over a real log, to a local Slack. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AlertPlan, Plan } from '../dsl/plan.ts'
import { encodeResults } from '../engine/codec/results.ts'
import { makeResult, type ResultFields } from '../engine/model/make-result.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../storage/log/embedded.ts'
import type { Log, LogRecord } from '../storage/log/port.ts'
import { type SlackServer, startSlackServer, textOf } from '../test/support/slack-server.ts'
import { type AlertEvaluator, type AlertEvaluatorOptions, startAlertEvaluator } from './evaluator.ts'
import { type AlertManager, type AlertManagerOptions, startAlertManager } from './manager.ts'
import { receiversFromEnv } from './receivers/config.ts'
import { ALERT_STATE, ALERTS, DEAD_LETTERS, EVAL_RESULTS, NOTIFICATIONS } from './topics.ts'

const minute = 60_000
const ns = (ms: number): number => ms * 1e6
const traceId = (index: number): string => index.toString(16).padStart(32, '0')

const alertOf = (over: Partial<AlertPlan> = {}): AlertPlan => ({
  kind: 'alert',
  id: 'shop/leak',
  name: 'leak',
  package: 'shop',
  title: 'An answer leaks personal data',
  owner: '@shop',
  mode: 'live',
  onEvalId: 'shop/no_pii',
  when: { fn: 'count', of: 'fail', cmp: '>=', value: 1, overNs: ns(10 * minute) },
  forNs: 0,
  severity: 'page',
  notify: [{ receiver: 'slack', target: '#shop' }],
  noData: { kind: 'keep' },
  file: 'shop.eval',
  line: 1,
  ...over,
})

const planOf = (...alerts: AlertPlan[]): Plan => ({
  version: 1,
  patterns: [],
  evals: [],
  alerts,
  tests: [],
  files: [],
  hash: JSON.stringify(alerts),
})

const leak = { field: 'output.text', start: 3, end: 20, pattern: 'pii.email', masked: 'a***@e***.com' }

let log: EmbeddedLog
let slack: SlackServer
/** The log's clock and everyone else's. */
let clockMs: number
let plan: Plan
let printed: string[]
let problems: string[]
let running: (AlertEvaluator | AlertManager)[]

beforeEach(async () => {
  clockMs = 1_800_000_000_000
  plan = planOf(alertOf())
  printed = []
  problems = []
  running = []
  log = await openEmbeddedLog({ dataDir: ':memory:', nowMs: () => clockMs, retentionIntervalMs: null })
  await log.ensureTopics([
    { name: EVAL_RESULTS, partitions: 4, retentionMs: null, retentionBytes: null, compacted: false },
  ])
  slack = await startSlackServer()
})

afterEach(async () => {
  for (const role of running) await role.drain()
  await log.close()
  await slack.close()
})

async function evaluator(over: Partial<AlertEvaluatorOptions> = {}): Promise<AlertEvaluator> {
  const started = await startAlertEvaluator({
    log,
    definitions: { current: () => plan },
    nowMs: () => clockMs,
    onProblem: (message) => problems.push(message),
    ...over,
  })
  running.push(started)
  return started
}

async function manager(over: Partial<AlertManagerOptions> = {}): Promise<AlertManager> {
  const apiUrl = () => 'http://127.0.0.1:3000'
  const nowMs = () => clockMs
  const receivers = receiversFromEnv({ ASSAY_SLACK_WEBHOOK_URL: slack.url() }, { apiUrl, nowMs })
  if (!receivers.ok) throw new Error(receivers.problems.join())
  const started = await startAlertManager({
    log,
    receivers: receivers.receivers,
    nowMs,
    apiUrl,
    onPrint: (text) => printed.push(text),
    onProblem: (message) => problems.push(message),
    retry: { firstMs: 1 },
    ...over,
  })
  running.push(started)
  return started
}

async function stop(role: AlertEvaluator | AlertManager): Promise<void> {
  running = running.filter((other) => other !== role)
  await role.drain()
}

let traceCount = 0
async function results(...items: ResultFields[]): Promise<void> {
  const evalId = items[0]?.evalId ?? 'shop/no_pii'
  const made = items.map((item) =>
    makeResult({
      evalId,
      subjectKind: 'llm_call',
      traceId: traceId(++traceCount),
      spanId: '00000000000000aa',
      subjectTimeUs: clockMs * 1000,
      evidence: item.verdict === 'fail' ? [leak] : [],
      ...item,
    }),
  )
  const headers = { tenant: 'default', eval: evalId }
  await log.append(EVAL_RESULTS, [{ key: `default/${evalId}`, value: encodeResults(made), headers }])
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = await look()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${what} did not happen; problems: ${problems.join('; ')}`)
}

async function all(topic: string, from: Log = log): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for (const { partition, start, end } of await from.endOffsets(topic))
    if (end > start) records.push(...(await from.read(topic, partition, start, 10_000)))
  return records
}

const toOf = (record: LogRecord): string => `${record.headers.alert} ${record.headers.to}`
const transitions = async (): Promise<string[]> => (await all(ALERTS)).map(toOf)
/** Time passes while one looks: commits have their own pace. */
const consumedAll = async (): Promise<boolean> => {
  clockMs += 50
  const committed = await log.committed('alerts')
  const ends = await log.endOffsets(EVAL_RESULTS)
  return ends.every(({ partition, end }) => end === (committed.find((own) => own.partition === partition)?.offset ?? 0))
}

describe('from a result to Slack', () => {
  test('a failing result arrives in under a second, with masked evidence, trace and link', async () => {
    await evaluator()
    await manager()
    await results({ verdict: 'pass' }, { verdict: 'fail', traceId: traceId(0xabc), agentName: 'shop' })
    const startMs = performance.now()
    const [message] = await slack.waitFor(1)
    expect(message!.atMs - startMs).toBeLessThan(1_000)
    const text = textOf(message!)
    expect(text).toContain('Firing: An answer leaks personal data')
    expect(text).toContain('1 fail of 2 results; rule: count(fail) &gt;= 1 over 10m')
    expect(text).toContain('output.text: a***@e***.com (pii.email)')
    expect(text).toContain(`<http://127.0.0.1:3000/v1/traces/${traceId(0xabc)}|${traceId(0xabc)}>`)
    expect(text).toContain('@shop')
    expect(printed).toEqual([])
  })

  test('more fails of the same incident say nothing new; its end is told', async () => {
    await evaluator()
    await manager()
    await results({ verdict: 'fail' })
    await slack.waitFor(1)
    clockMs += minute
    await results({ verdict: 'fail' }, { verdict: 'fail' })
    clockMs += 5 * minute
    await results({ verdict: 'pass' })
    clockMs += 6 * minute
    const messages = await slack.waitFor(2)
    expect(textOf(messages[1]!)).toContain('Resolved: An answer leaks personal data')
    expect(await transitions()).toEqual(['shop/leak firing', 'shop/leak resolved'])
  })

  test('a trace can neither mention nor link nor break a message', async () => {
    await evaluator()
    await manager()
    const evidence = [{ ...leak, masked: `\`<!channel> & <http://evil.example|here>\n${'x'.repeat(5_000)}` }]
    await results({ verdict: 'fail', evidence, agentName: '<!here>' })
    const [message] = await slack.waitFor(1)
    expect(textOf(message!)).not.toMatch(/<!|<http:\/\/evil/)
    expect(textOf(message!)).toContain("'&lt;!channel&gt; &amp; &lt;http://evil.example|here&gt; ")
  })
})

describe('the evaluator', () => {
  test('reads no record that no alert watches', async () => {
    const started = await evaluator()
    await log.append(EVAL_RESULTS, [
      { key: 'default/shop/other', value: new Uint8Array([1]), headers: { tenant: 'default', eval: 'shop/other' } },
    ])
    await results({ verdict: 'pass' })
    await until('reading', async () => started.stats().records === 2)
    expect(started.stats()).toMatchObject({ skipped: 1, observations: 1, unreadable: 0 })
  })

  test('leaves an unreadable record out and says so', async () => {
    await evaluator()
    await log.append(EVAL_RESULTS, [
      { key: 'default/shop/no_pii', value: new Uint8Array([1]), headers: { tenant: 'default', eval: 'shop/no_pii' } },
    ])
    await results({ verdict: 'fail' })
    await until('firing', async () => (await transitions()).length === 1)
    expect(problems.join()).toContain("can't be read")
  })

  test('another tenant fires nothing here', async () => {
    const started = await evaluator()
    await log.append(EVAL_RESULTS, [
      {
        key: 'acme/shop/no_pii',
        value: encodeResults([makeResult({ tenant: 'acme', evalId: 'shop/no_pii', verdict: 'fail' })]),
        headers: { tenant: 'acme', eval: 'shop/no_pii' },
      },
    ])
    await until('reading', async () => started.stats().records === 1)
    expect(await transitions()).toEqual([])
  })

  test('results of old subjects page nobody, unless asked; judged ones do', async () => {
    const old = { verdict: 'fail', subjectTimeUs: (clockMs - 16 * minute) * 1000 } as const
    const first = await evaluator()
    await results(old)
    await until('reading', async () => first.stats().stale === 1)
    expect(await transitions()).toEqual([])
    // A trace may have run for an hour before it was judged, an offline eval looks at the past by design.
    await results({ ...old, subjectKind: 'trace', spanId: '', runId: '' })
    await until('firing', async () => (await transitions()).length === 1)
    await stop(first)
    plan = planOf(alertOf({ id: 'shop/asked' }), alertOf({ id: 'shop/judged', onEvalId: 'shop/helpful' }))
    await evaluator({ countStale: true })
    await results(old)
    await results({ ...old, evalId: 'shop/helpful', runId: 'shop/helpful@1' })
    await until('firing', async () => (await transitions()).includes('shop/asked firing'))
    await until('firing', async () => (await transitions()).includes('shop/judged firing'))
  })

  test('shadow alerts, and alerts on shadow evals, are written and tell nobody', async () => {
    plan = planOf(alertOf({ id: 'shop/quiet', mode: 'shadow' }))
    await evaluator()
    await results({ verdict: 'fail' })
    const [record] = await until('firing', async () => {
      const found = await all(ALERTS)
      return found.length > 0 && found
    })
    expect(JSON.parse(Buffer.from(record!.value).toString())).toMatchObject({ to: 'firing', mode: 'shadow' })
    expect(await all(NOTIFICATIONS)).toEqual([])
  })

  test('silence fires, without any record', async () => {
    plan = planOf(alertOf({ noData: { kind: 'fire', afterNs: ns(30 * minute) } }))
    await evaluator()
    await manager()
    await until('start', async () => (await all(ALERT_STATE)).length > 0)
    clockMs += 31 * minute
    const [message] = await slack.waitFor(1)
    expect(textOf(message!)).toContain('No results arrived')
  })

  test('a new definition takes effect without a restart, and one that is gone resolves its incident', async () => {
    plan = planOf()
    await evaluator()
    await manager()
    await results({ verdict: 'fail' })
    await until('reading', consumedAll)
    plan = planOf(alertOf())
    await until('adoption', async () => (await all(ALERT_STATE)).length > 0)
    await results({ verdict: 'fail' })
    await slack.waitFor(1)
    plan = planOf()
    const messages = await slack.waitFor(2)
    expect(textOf(messages[1]!)).toContain('The alert was removed')
  })
})

describe('stops and crashes', () => {
  test('a restart repeats no page and keeps the window', async () => {
    plan = planOf(alertOf({ when: { fn: 'count', of: 'fail', cmp: '>=', value: 3, overNs: ns(10 * minute) } }))
    const first = await evaluator()
    await results({ verdict: 'fail' }, { verdict: 'fail' })
    await until('reading', async () => first.stats().records === 1)
    await stop(first)
    const second = await evaluator()
    await results({ verdict: 'fail' })
    await until('firing', async () => (await transitions()).length === 1)
    await stop(second)
    await evaluator()
    await manager()
    clockMs += 1_000
    await results({ verdict: 'fail' })
    await until('reading', consumedAll)
    await slack.waitFor(1)
    expect(await transitions()).toEqual(['shop/leak firing'])
    expect(slack.messages).toHaveLength(1)
  })

  /** Lets the nth write go through and then fails as a killed process would: nothing after it happens. */
  function crashAfter(writes: number): { log: Log; crashed: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>()
    let left = writes
    const killed = (): Promise<never> => {
      resolve()
      return new Promise(() => {})
    }
    const spend = <T>(write: () => Promise<T>): Promise<T> => (left-- > 0 ? write() : killed())
    const dying: Log = {
      ensureTopics: (topics) => log.ensureTopics(topics),
      append: (topic, records) =>
        records.length === 0 ? Promise.resolve([]) : spend(() => log.append(topic, records)),
      partitionsOf: (topic) => log.partitionsOf(topic),
      partitionFor: (topic, key) => log.partitionFor(topic, key),
      openConsumer: async (options) => {
        const consumer = await log.openConsumer({ ...options, sessionTimeoutMs: 300 })
        return Object.assign(Object.create(consumer) as typeof consumer, {
          assignment: () => consumer.assignment(),
          fetch: (fetchOptions: Parameters<typeof consumer.fetch>[0]) =>
            left < 0 ? new Promise<never>(() => {}) : consumer.fetch(fetchOptions),
          commit: (offsets: Parameters<typeof consumer.commit>[0]) => spend(() => consumer.commit(offsets)),
        })
      },
      offsetsForTime: (topic, timeMs) => log.offsetsForTime(topic, timeMs),
      read: (topic, partition, from, max) => log.read(topic, partition, from, max),
      endOffsets: (topic) => log.endOffsets(topic),
      committed: (group) => log.committed(group),
      close: async () => {},
    }
    return { log: dying, crashed: promise }
  }

  test.each([0, 1, 2, 3, 4, 5])('an evaluator killed after %i writes misses nothing and pages once', async (writes) => {
    await results({ verdict: 'fail', traceId: traceId(7) })
    const dying = crashAfter(writes)
    // Never drained: it is dead, its place in the group expires.
    await startAlertEvaluator({ log: dying.log, definitions: { current: () => plan }, nowMs: () => clockMs })
    await Promise.race([dying.crashed, new Promise((resolve) => setTimeout(resolve, 500))])
    clockMs += 5_000
    await evaluator()
    await manager()
    await slack.waitFor(1)
    await until('reading', consumedAll)
    clockMs += minute
    await results({ verdict: 'pass' })
    await until('reading', consumedAll)
    expect(slack.messages).toHaveLength(1)
    const ids = (await all(ALERTS)).map(({ value }) => (JSON.parse(Buffer.from(value).toString()) as { id: string }).id)
    expect(new Set(ids).size).toBe(1)
  })

  test('a result that is in the checkpoint is not counted again, though its offset was not committed', async () => {
    plan = planOf(alertOf({ when: { fn: 'count', of: 'fail', cmp: '>=', value: 2, overNs: ns(10 * minute) } }))
    // The first write is the checkpoint of the new alert, the second that of its first results, the third would be the commit.
    const dying = crashAfter(2)
    await startAlertEvaluator({ log: dying.log, definitions: { current: () => plan }, nowMs: () => clockMs })
    await until('the first checkpoint', async () => (await all(ALERT_STATE)).length === 1)
    await results({ verdict: 'pass' }, { verdict: 'pass' }, { verdict: 'fail' })
    await until('the crash', async () => {
      clockMs += 100
      return Promise.race([
        dying.crashed.then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 5, false)),
      ])
    })
    expect(await log.committed('alerts')).toEqual([])
    await evaluator()
    await results({ verdict: 'fail' })
    const [record] = await until('firing', async () => {
      const found = await all(ALERTS)
      return found.length > 0 && found
    })
    const { numbers } = JSON.parse(Buffer.from(record!.value).toString()) as { numbers: { verdicts: unknown } }
    expect(numbers.verdicts).toEqual({ pass: 2, fail: 2, unknown: 0, error: 0 })
  })

  test.each([0, 1, 2, 3])('a manager killed after %i writes delivers, and at most once more', async (writes) => {
    plan = planOf(alertOf({ notify: ['#a', '#b', '#c'].map((target) => ({ receiver: 'slack', target })) }))
    await evaluator()
    await results({ verdict: 'fail' })
    await until('notifications', async () => (await all(NOTIFICATIONS)).length === 3)
    const dying = crashAfter(writes)
    const nowMs = () => clockMs
    const receivers = receiversFromEnv({ ASSAY_SLACK_WEBHOOK_URL: slack.url() }, { apiUrl: () => null, nowMs })
    if (!receivers.ok) throw new Error('configuration')
    await startAlertManager({ log: dying.log, receivers: receivers.receivers, nowMs, onPrint: () => {} })
    await Promise.race([dying.crashed, new Promise((resolve) => setTimeout(resolve, 500))])
    await slack.waitFor(3)
    const second = await manager()
    await until('the rest', async () => (await log.committed('alert-manager'))[0]?.offset === 3)
    // Three were sent and `writes` of them were noted: the others are sent again, none more often.
    expect(slack.messages.length).toBe(6 - writes)
    expect(second.stats()).toMatchObject({ printed: 0, deadLettered: 0 })
  })
})

describe('the manager', () => {
  const fire = async (): Promise<void> => {
    await evaluator()
    await results({ verdict: 'fail' })
  }

  test.each([
    ['a server error', [{ status: 500 }, { status: 503 }]],
    ['a broken connection', ['disconnect' as const]],
    ['a rate limit', [{ status: 429, retryAfterSeconds: 2 }]],
  ])('tries again after %s', async (_, faults) => {
    const sleeps: number[] = []
    await fire()
    slack.fail(...faults)
    await manager({
      sleep: async (delayMs) => {
        sleeps.push(delayMs)
      },
    })
    await slack.waitFor(1)
    expect(slack.messages).toHaveLength(1)
    expect(slack.requestCount()).toBe(faults.length + 1)
    expect(sleeps).toEqual(
      faults.some((fault) => typeof fault === 'object' && fault.status === 429)
        ? [2_000]
        : [1, 2].slice(0, faults.length),
    )
  })

  test('commits after delivery, so a stop between tries loses nothing', async () => {
    await fire()
    slack.fail({ status: 500 })
    const first = await manager({ retry: { firstMs: 3_600_000 } })
    await until('a try', async () => slack.requestCount() === 1)
    await stop(first)
    expect(slack.messages).toHaveLength(0)
    const second = await manager()
    await slack.waitFor(1)
    await until('the commit', async () => (await log.committed('alert-manager'))[0]?.offset === 1)
    await stop(second)
    await manager()
    expect(slack.messages).toHaveLength(1)
  })

  test('a notification that is written twice is delivered once, across restarts too', async () => {
    await fire()
    const first = await manager()
    await slack.waitFor(1)
    const [record] = await all(NOTIFICATIONS)
    await log.append(NOTIFICATIONS, [{ key: record!.key, value: record!.value, headers: record!.headers }])
    await until('the repetition', async () => first.stats().repeated === 1)
    await stop(first)
    await log.append(NOTIFICATIONS, [{ key: record!.key, value: record!.value, headers: record!.headers }])
    const second = await manager()
    await until('the repetition', async () => second.stats().repeated === 1)
    expect(slack.messages).toHaveLength(1)
  })

  test('a channel that is down holds up no other, and is not repeated to after a restart', async () => {
    plan = planOf(
      alertOf({
        notify: [
          { receiver: 'slack', target: '#down' },
          { receiver: 'slack', target: '#up' },
        ],
      }),
    )
    const down = await startSlackServer()
    const route = () => {
      const nowMs = () => clockMs
      const env = { ASSAY_SLACK_WEBHOOK_URL: slack.url(), ASSAY_SLACK_WEBHOOK_URL_DOWN: down.url() }
      const configured = receiversFromEnv(env, { apiUrl: () => null, nowMs })
      if (!configured.ok) throw new Error('configuration')
      return configured.receivers
    }
    down.fail({ status: 500 })
    await fire()
    const first = await manager({ receivers: route(), retry: { firstMs: 3_600_000 } })
    await slack.waitFor(1)
    await until('a try', async () => down.requestCount() === 1)
    await stop(first)
    await manager({ receivers: route() })
    await down.waitFor(1)
    expect(slack.messages).toHaveLength(1)
    await down.close()
  })

  test('a webhook that is gone sends the notification to dead-letters and to the terminal', async () => {
    await fire()
    slack.fail({ status: 404 })
    await manager()
    const [dead] = await until('a dead letter', async () => {
      const found = await all(DEAD_LETTERS)
      return found.length > 0 && found
    })
    expect(dead!.headers).toMatchObject({ code: 'refused', source: 'notifications/0/0' })
    expect(printed.join()).toContain('Firing: An answer leaks personal data')
    expect(problems.join()).not.toContain('secret')
  })

  test('gives up after its time', async () => {
    await fire()
    slack.fail({ status: 500 }, { status: 500 }, { status: 500 })
    await manager({
      sleep: async () => {
        clockMs += 2 * 24 * 3_600_000
      },
    })
    const [dead] = await until('a dead letter', async () => {
      const found = await all(DEAD_LETTERS)
      return found.length > 0 && found
    })
    expect(dead!.headers.code).toBe('undeliverable')
  })

  test('a malformed notification goes to dead-letters and stops nothing', async () => {
    const started = await manager()
    await log.append(NOTIFICATIONS, [{ key: null, value: Buffer.from('{"version":9}') }])
    await fire()
    await slack.waitFor(1)
    expect(started.stats().deadLettered).toBe(1)
  })

  test('prints what has no configured receiver, and says what to set', async () => {
    plan = planOf(
      alertOf({ notify: [{ receiver: 'pagerduty', target: 'shop' }] }),
      alertOf({ id: 'shop/none', notify: [] }),
    )
    await fire()
    await manager()
    await until('printing', async () => printed.length === 2)
    const text = printed.join('\n')
    expect(text).toContain('pagerduty("shop") is not configured')
    expect(text).toContain('a***@e***.com')
    expect(text).toContain('http://127.0.0.1:3000/v1/traces/')
    expect(slack.requestCount()).toBe(0)
  })
})

test('receivers are configured by the environment, and a wrong address is named without being shown', () => {
  const context = { apiUrl: () => null, nowMs: () => 0 }
  const outcome = receiversFromEnv({ ASSAY_SLACK_WEBHOOK_URL_OPS: 'hooks.slack.com/secret' }, context)
  expect(outcome).toEqual({ ok: false, problems: ['ASSAY_SLACK_WEBHOOK_URL_OPS must be an http or https address'] })
  const none = receiversFromEnv({}, context)
  expect(none.ok && none.receivers.find({ receiver: 'slack', target: '#x' })).toBeNull()
  expect(none.ok && none.receivers.hint({ receiver: 'slack', target: '#a-b' })).toBe(
    'set ASSAY_SLACK_WEBHOOK_URL or ASSAY_SLACK_WEBHOOK_URL_A_B',
  )
})
