import { describe, expect, test } from 'vitest'
import { when } from '../engine/alerting/alert-fixture.ts'
import { encodeResults } from '../engine/codec/results.ts'
import { makeResult } from '../engine/model/make-result.ts'
import { ALERT_STATE, ALERTS, EVAL_RESULTS, NOTIFICATIONS } from '../storage/log/topics.ts'
import {
  alertOf,
  all,
  bench,
  consumedAll,
  evaluator,
  leak,
  manager,
  minute,
  ns,
  planOf,
  results,
  stop,
  traceId,
  transitions,
  until,
  useAlertBench,
} from '../test/support/alert-bench.ts'
import { textOf } from '../test/support/slack-server.ts'

useAlertBench()

describe('from a result to Slack', () => {
  test('a failing result arrives in under a second, with masked evidence, trace and link', async () => {
    await evaluator()
    await manager()
    await results({ verdict: 'pass' }, { verdict: 'fail', traceId: traceId(0xabc), agentName: 'shop' })
    const startMs = performance.now()
    const [message] = await bench.slack.waitFor(1)
    expect(message!.atMs - startMs).toBeLessThan(1_000)
    const text = textOf(message!)
    expect(text).toContain('Firing: An answer leaks personal data')
    expect(text).toContain('1 fail of 2 results; rule: count(fail) &gt;= 1 over 10m')
    expect(text).toContain('output.text: a***@e***.com (pii.email)')
    expect(text).toContain(`<http://127.0.0.1:3000/traces/${traceId(0xabc)}?span=00000000000000aa|${traceId(0xabc)}>`)
    expect(text).toContain('@shop')
    expect(bench.printed).toEqual([])
  })

  test('more fails of the same incident say nothing new; its end is told', async () => {
    await evaluator()
    await manager()
    await results({ verdict: 'fail' })
    await bench.slack.waitFor(1)
    bench.clockMs += minute
    await results({ verdict: 'fail' }, { verdict: 'fail' })
    bench.clockMs += 5 * minute
    await results({ verdict: 'pass' })
    bench.clockMs += 6 * minute
    const messages = await bench.slack.waitFor(2)
    expect(textOf(messages[1]!)).toContain('Resolved: An answer leaks personal data')
    expect(await transitions()).toEqual(['shop/leak firing', 'shop/leak resolved'])
  })

  test('a trace can neither mention nor link nor break a message', async () => {
    await evaluator()
    await manager()
    const evidence = [{ ...leak, masked: `\`<!channel> & <http://evil.example|here>\n${'x'.repeat(5_000)}` }]
    await results({ verdict: 'fail', evidence, agentName: '<!here>' })
    const [message] = await bench.slack.waitFor(1)
    expect(textOf(message!)).not.toMatch(/<!|<http:\/\/evil/)
    expect(textOf(message!)).toContain("'&lt;!channel&gt; &amp; &lt;http://evil.example|here&gt; ")
  })
})

describe('the evaluator', () => {
  test('reads no record that no alert watches', async () => {
    const started = await evaluator()
    await bench.log.append(EVAL_RESULTS, [
      { key: 'default/shop/other', value: new Uint8Array([1]), headers: { tenant: 'default', eval: 'shop/other' } },
    ])
    await results({ verdict: 'pass' })
    await until('reading', async () => started.stats().records === 2)
    expect(started.stats()).toMatchObject({ skipped: 1, observations: 1, unreadable: 0 })
  })

  test('leaves an unreadable record out and says so', async () => {
    await evaluator()
    await bench.log.append(EVAL_RESULTS, [
      { key: 'default/shop/no_pii', value: new Uint8Array([1]), headers: { tenant: 'default', eval: 'shop/no_pii' } },
    ])
    await results({ verdict: 'fail' })
    await until('firing', async () => (await transitions()).length === 1)
    expect(bench.problems.join()).toContain("can't be read")
  })

  test('another tenant fires nothing here', async () => {
    const started = await evaluator()
    await bench.log.append(EVAL_RESULTS, [
      {
        key: 'acme/shop/no_pii',
        value: encodeResults([makeResult({ tenant: 'acme', evalId: 'shop/no_pii', verdict: 'fail' })]),
        headers: { tenant: 'acme', eval: 'shop/no_pii' },
      },
    ])
    await until('reading', async () => started.stats().records === 1)
    expect(await transitions()).toEqual([])
  })

  test("a long subject, or one of a client whose clock is behind, pages: only the log's time counts", async () => {
    const started = await evaluator()
    const longAgo = { subjectTimeUs: (bench.clockMs - 20 * minute) * 1000, subjectArrivedAtMs: bench.clockMs }
    await results({ verdict: 'fail', subjectKind: 'tool_call', ...longAgo })
    await until('firing', async () => (await transitions()).length === 1)
    expect(started.stats()).toMatchObject({ stale: 0, observations: 1 })
  })

  test('results on spans that came long before page nobody and say so, unless asked; judged ones do', async () => {
    const old = { verdict: 'fail', subjectArrivedAtMs: bench.clockMs - 16 * minute } as const
    const first = await evaluator()
    await results(old, old)
    await until('reading', async () => first.stats().stale === 2)
    await results(old)
    await until('reading', async () => first.stats().stale === 3)
    expect(await transitions()).toEqual([])
    const told = 'alerts left out 2 results on spans that had come more than 15 min before they were judged'
    expect(bench.problems).toEqual([told])
    bench.clockMs += minute
    await until('the next notice', async () => bench.problems.length === 2)
    expect(bench.problems[1]).toContain('left out 1 result on')
    await stop(first)
    bench.plan = planOf(
      alertOf({ id: 'shop/asked' }),
      alertOf({ id: 'shop/judged', on: { kind: 'eval', evalId: 'shop/helpful' } }),
    )
    await evaluator({ countStale: true })
    await results(old)
    await results({ verdict: 'fail', subjectTimeUs: 0, evalId: 'shop/helpful', runId: 'shop/helpful@1' })
    await until('firing', async () => (await transitions()).includes('shop/asked firing'))
    await until('firing', async () => (await transitions()).includes('shop/judged firing'))
  })

  test('a subject that a later run judges again counts again, one that a run delivers twice does not', async () => {
    bench.plan = planOf(
      alertOf({
        on: { kind: 'eval', evalId: 'shop/helpful' },
        when: when('count', 'fail', '>=', 2),
      }),
    )
    const started = await evaluator()
    const judged = { verdict: 'fail', evalId: 'shop/helpful', traceId: traceId(7), runId: 'shop/helpful@1' } as const
    await results(judged)
    await results(judged)
    await until('reading', async () => started.stats().observations === 2)
    expect(await transitions()).toEqual([])
    await results({ ...judged, runId: 'shop/helpful@2' })
    await until('firing', async () => (await transitions()).length === 1)
  })

  test('shadow alerts, and alerts on shadow evals, are written and tell nobody', async () => {
    bench.plan = planOf(alertOf({ id: 'shop/quiet', mode: 'shadow' }))
    await evaluator()
    await results({ verdict: 'fail' })
    const [record] = await until('firing', async () => {
      const found = await all(ALERTS)
      return found.length > 0 && found
    })
    expect(JSON.parse(Buffer.from(record!.value).toString())).toMatchObject({ to: 'firing', mode: 'shadow' })
    expect(await all(NOTIFICATIONS)).toEqual([])
  })

  test('the version of the agent that stands out is named, of an alert with a limit', async () => {
    bench.plan = planOf(alertOf({ when: when('rate', 'fail', '>', 0.3) }))
    await evaluator()
    await manager()
    const some = (agentVersion: string, verdict: 'pass' | 'fail') =>
      Array.from({ length: 20 }, () => ({ verdict, agentVersion }))
    await results(...some('1.9', 'pass'))
    await until('reading', consumedAll)
    bench.clockMs += minute
    await results(...some('2.0', 'fail'))
    const [message] = await bench.slack.waitFor(1)
    expect(textOf(message!)).toMatch(
      /first bad agent.version 2.0 \(since [^)]*\): 100% \[.*\] of 20 fail, before it 0% /,
    )
  })

  test('silence fires, without any record', async () => {
    bench.plan = planOf(alertOf({ noData: { kind: 'fire', afterNs: ns(30 * minute) } }))
    await evaluator()
    await manager()
    await until('start', async () => (await all(ALERT_STATE)).length > 0)
    bench.clockMs += 31 * minute
    const [message] = await bench.slack.waitFor(1)
    expect(textOf(message!)).toContain('No results arrived')
  })

  test('a new definition takes effect without a restart, and one that is gone resolves its incident', async () => {
    bench.plan = planOf()
    await evaluator()
    await manager()
    await results({ verdict: 'fail' })
    await until('reading', consumedAll)
    bench.plan = planOf(alertOf())
    // The manager keeps notes of its own there.
    await until('adoption', async () => (await all(ALERT_STATE)).some(({ key }) => key === 'default/shop/leak'))
    await results({ verdict: 'fail' })
    await bench.slack.waitFor(1)
    bench.plan = planOf()
    await until('the end', async () => (await transitions()).length === 2)
    // News of a group that was told of waits for company.
    bench.clockMs += 10 * minute
    const messages = await bench.slack.waitFor(2)
    expect(textOf(messages[1]!)).toContain('The alert was removed')
  })
})
