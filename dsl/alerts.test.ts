/** Alerts and scorecards: every form, what it becomes in the plan, and what is refused. */
import { describe, expect, test } from 'vitest'
import type { AlertPlan } from './plan.ts'
import { codesOf, compileText, OFFLINE, planOf } from './testing.ts'

const EVALS = `package shop
const limit = 8s
scope checkout = trace where agent.name == "checkout"
online eval fast {
  on:    checkout
  score: duration
  pass:  score <= limit
}
online eval polite {
  on:      llm_call
  pass:    not (output.text contains "damn")
  missing: unknown
}
online eval cheap {
  on:      trace
  score:   sum(llm_call.cost)
  pass:    score <= 0.25 USD
  missing: unknown
}
online eval grounded {
  on:      trace
  score:   attr("acme.grounded", ratio)
  pass:    not (score < 90%)
  missing: unknown
}
online eval odd {
  on:      trace
  score:   attr("acme.level", number)
  pass:    score > 1 and score < 3
  missing: unknown
}
${OFFLINE}`

const text = (on: string, when: string, more = ''): string =>
  `${EVALS}alert a {\n  on:       ${on}\n  when:     ${when}\n  severity: page\n${more}}\n`

function alertOf(on: string, when: string, more = ''): AlertPlan {
  const { plan, diagnostics } = compileText(text(on, when, more))
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  expect(errors).toEqual([])
  const alert = plan?.alerts[0]
  if (alert === undefined) throw new Error('no alert came out')
  return alert
}

const errorsOf = (on: string, when: string, more = ''): string[] =>
  codesOf(text(on, when, more)).filter((code) => code.startsWith('E'))
const warningsOf = (on: string, when: string, more = ''): string[] =>
  codesOf(text(on, when, more)).filter((code) => code.startsWith('W'))

const HOUR = 3600e9
const DAY = 24 * HOUR

describe('thresholds', () => {
  test.each([
    ['fast', 'count(fail) >= 1 over 10m', { kind: 'count', verdict: 'fail', type: { kind: 'int' } }, 1],
    ['fast', 'rate(unknown) > 20% over 1h', { kind: 'rate', verdict: 'unknown', type: { kind: 'ratio' } }, 0.2],
    ['fast', 'pass_rate < 95% over 1h', { kind: 'rate', verdict: 'pass', type: { kind: 'ratio' } }, 0.95],
    ['fast', 'fail_rate > 5% over 1h', { kind: 'rate', verdict: 'fail', type: { kind: 'ratio' } }, 0.05],
    ['fast', 'coverage < 80% over 1h', { kind: 'coverage', type: { kind: 'ratio' } }, 0.8],
    ['fast', 'mean(score) > 9.5s over 1h', { kind: 'score', fn: 'mean', type: { kind: 'duration' } }, 9.5e9],
    ['fast', 'p95(score) > limit over 1h', { kind: 'score', fn: 'p95', type: { kind: 'duration' } }, 8e9],
    ['helpful', 'mean(score) < 3.5 over 24h', { kind: 'score', fn: 'mean', type: { kind: 'number' } }, 3.5],
    [
      'cheap',
      'sum(score) > 50 USD over 1d',
      { kind: 'score', fn: 'sum', type: { kind: 'money', currency: 'USD' } },
      50e6,
    ],
    ['grounded', 'p50(score) < 70% over 1d', { kind: 'score', fn: 'p50', type: { kind: 'ratio' } }, 0.7],
    ['checkout', 'count(checkout) < 10 over 1h', { kind: 'subjects', where: null, type: { kind: 'int' } }, 10],
    ['trace', 'p95(duration) > 8s over 15m', { kind: 'value', fn: 'p95', type: { kind: 'duration' } }, 8e9],
    [
      'llm_call in checkout',
      'mean(tokens.total) > 4000 over 1h',
      { kind: 'value', fn: 'mean', type: { kind: 'tokens' } },
      4000,
    ],
    ['trace', 'sum(llm_call.cost) > 50 USD over 1d', { kind: 'value', fn: 'sum', type: { kind: 'money' } }, 50e6],
    ['tool_call', 'rate(status == "error") > 5% over 1h', { kind: 'share', type: { kind: 'ratio' } }, 0.05],
    ['tool_call where name == "x"', 'error_rate > 5% over 1h', { kind: 'share', type: { kind: 'ratio' } }, 0.05],
    ['trace', 'count(trace where duration > 1s) > 5 over 1h', { kind: 'subjects', where: { op: 'compare' } }, 5],
  ])('on %s: %s', (on, when, measure, value) => {
    expect(alertOf(on, when).when).toMatchObject({ kind: 'threshold', measure, value })
  })

  test('a scope goes in with its conditions', () => {
    expect(alertOf('llm_call in checkout where model == "x"', 'count(llm_call) > 5 over 1h').on).toMatchObject({
      kind: 'scope',
      scope: { subject: 'llm_call', where: { op: 'compare' }, traceWhere: { op: 'compare' } },
    })
  })

  test.each([
    ['a duration against a number', 'fast', 'mean(score) > 8 over 1h', ['E0201']],
    ['a rate against a number', 'fast', 'rate(fail) > 5 over 1h', ['E0201']],
    ['a count against a percentage', 'fast', 'count(fail) > 5% over 1h', ['E0201']],
    ['half a subject', 'fast', 'count(fail) > 0.5 over 1h', ['E0201']],
    ['another currency', 'cheap', 'mean(score) > 1 EUR over 1h', ['E0209']],
    ['a constant of another type', 'fast', 'count(fail) > limit over 1h', ['E0201']],
    ['a rate beyond 100%', 'fast', 'rate(fail) > 100% over 1h', ['E0218']],
    ['a rate below nothing', 'fast', 'rate(fail) < 0% over 1h', ['E0218']],
    ['what always holds', 'fast', 'count(fail) >= 0 over 1h', ['E0218']],
    ['what always holds of a share', 'fast', 'coverage <= 100% over 1h', ['E0218']],
    ['a mean outside of the scale', 'helpful', 'mean(score) < 1 over 1h', ['E0218']],
    ['a scale never left', 'helpful', 'p50(score) <= 5 over 1h', ['E0218']],
    ['less than no time', 'trace', 'p95(duration) < 0s over 1h', ['E0218']],
    ['no window', 'fast', 'count(fail) > 1', ['E0401']],
    ['two windows', 'fast', 'count(fail) > 1 over 1h over 2h', ['E0401']],
    ['a window without end', 'fast', 'count(fail) > 1 over 8w', ['E0502']],
    ['no window to speak of', 'fast', 'count(fail) > 1 over 1ms', ['E0502']],
    ['a threshold against the past', 'fast', 'count(fail) > 1 over 1h vs 14d', ['E0504']],
    ['the wrong way round', 'fast', '5% < rate(fail) over 1h', ['E0401']],
    ['two conditions', 'fast', 'rate(fail) > 5% and count(fail) > 3 over 1h', ['E0401']],
    ['no verdict', 'fast', 'count(fails) > 3 over 1h', ['E0401']],
    ['a function that is none', 'fast', 'avg(score) > 3s over 1h', ['E0210']],
    ['a score that is none', 'polite', 'mean(score) > 3 over 1h', ['E0216']],
    ['a field of an eval', 'fast', 'p95(duration) > 3s over 1h', ['E0401']],
    ['a verdict of a scope', 'checkout', 'rate(fail) > 3% over 1h', ['E0401']],
    ['coverage of a scope', 'checkout', 'coverage < 3% over 1h', ['E0401']],
    ['a field that is none', 'checkout', 'p95(durration) > 3s over 1h', ['E0203']],
    ['a text', 'checkout', 'p95(name) > 3s over 1h', ['E0401']],
    ['a bare number', 'fast', 'score > 3s over 1h', ['E0401']],
    ['a session', 'session', 'count(session) > 3 over 1h', ['E0409']],
    ['a part of an eval', 'fast where env == "x"', 'count(fail) > 3 over 1h', ['E0409']],
    ['for in the condition', 'fast', 'count(fail) > 3 over 1h for 5m', ['E0401']],
  ])('%s is refused', (_name, on, when, codes) => {
    expect(errorsOf(on, when)).toEqual(codes)
  })
})

describe('changes and anomalies', () => {
  test.each([
    ['helpful', 'mean(score) regresses by 0.3 vs 14d', 'lower', { kind: 'absolute', value: 0.3 }],
    ['grounded', 'mean(score) regresses by 2pp vs 14d', 'lower', { kind: 'absolute', value: 0.02 }],
    ['fast', 'p95(score) regresses by 500ms vs 14d', 'higher', { kind: 'absolute', value: 500e6 }],
    ['fast', 'p95(score) regresses by 20% vs 14d', 'higher', { kind: 'relative', ratio: 0.2 }],
    ['fast', 'pass_rate regresses by 2pp vs 14d', 'lower', { kind: 'absolute', value: 0.02 }],
    ['fast', 'rate(fail) regresses by 2pp vs 14d', 'higher', { kind: 'absolute', value: 0.02 }],
    ['fast', 'coverage regresses by 2pp vs 14d', 'lower', { kind: 'absolute', value: 0.02 }],
    ['fast', 'rate(fail) falls by 2pp vs 14d', 'lower', { kind: 'absolute', value: 0.02 }],
    ['odd', 'p50(score) rises by 1 vs 14d', 'higher', { kind: 'absolute', value: 1 }],
    ['trace', 'p95(duration) regresses by 2s vs 7d', 'higher', { kind: 'absolute', value: 2e9 }],
    ['trace', 'error_rate regresses by 1pp vs 7d', 'higher', { kind: 'absolute', value: 0.01 }],
    ['trace', 'rate(env == "x") rises by 1pp vs 7d', 'higher', { kind: 'absolute', value: 0.01 }],
  ])('on %s: %s', (on, when, worse, by) => {
    const alert = alertOf(on, when)
    expect(alert.when).toMatchObject({ kind: 'regression', worse, by })
    expect(alert.falseAlarms).toEqual({ ratio: 0.05, perNs: 30 * DAY, shared: false })
    expect(warningsOf(on, when)).toEqual([])
  })

  test.each([
    ['helpful', 'mean(score) is anomalous vs 4w', HOUR, 28 * DAY],
    ['trace', 'count(trace) is anomalous over 15m vs 8w', 0.25 * HOUR, 56 * DAY],
  ])('on %s: %s', (on, when, overNs, referenceNs) => {
    expect(alertOf(on, when).when).toMatchObject({ kind: 'anomaly', overNs, referenceNs })
  })

  test.each([
    ['a share by a part', 'fast', 'rate(fail) regresses by 2% vs 14d', ['E0504']],
    ['no amount', 'fast', 'rate(fail) regresses vs 14d', ['E0504']],
    ['no reference', 'fast', 'rate(fail) regresses by 2pp', ['E0504']],
    ['a reference of an hour', 'fast', 'rate(fail) regresses by 2pp vs 1h', ['E0502']],
    ['a window', 'fast', 'rate(fail) regresses by 2pp over 1h vs 14d', ['E0504']],
    ['which way is not known', 'odd', 'p50(score) regresses by 1 vs 14d', ['E0504']],
    ['which way is not known of a share', 'trace', 'rate(env == "x") regresses by 1pp vs 14d', ['E0504']],
    ['a count', 'fast', 'count(fail) regresses by 2 vs 14d', ['E0504']],
    ['a mean without bounds', 'fast', 'mean(score) regresses by 2s vs 14d', ['E0504']],
    ['another unit', 'fast', 'p95(score) regresses by 2 vs 14d', ['E0504']],
    ['nothing', 'fast', 'rate(fail) regresses by 0pp vs 14d', ['E0218']],
    ['more than there is', 'helpful', 'mean(score) regresses by 4 vs 14d', ['E0218']],
    ['a fall by all of it', 'fast', 'p95(score) falls by 100% vs 14d', ['E0218']],
    ['an anomaly against nothing', 'fast', 'rate(fail) is anomalous', ['E0504']],
    ['an anomaly against days', 'fast', 'rate(fail) is anomalous vs 3d', ['E0502']],
    ['no anomaly', 'fast', 'rate(fail) is not anomalous vs 4w', ['E0504']],
    ['without is', 'fast', 'rate(fail) anomalous vs 4w', ['E0401']],
  ])('%s is refused', (_name, on, when, codes) => {
    expect(errorsOf(on, when)).toEqual(codes)
  })

  test('the budget of false alarms is its own, the default shared, or the usual', () => {
    const when = 'rate(fail) regresses by 2pp vs 14d'
    const budget = (more: string, file = ''): unknown =>
      planOf(`${text('fast', when, more)}${file}`).alerts[0]?.falseAlarms
    expect(budget('  false_alarms: 1% per 7d\n')).toEqual({ ratio: 0.01, perNs: 7 * DAY, shared: false })
    expect(budget('', 'default false_alarms: 2% per 60d\n')).toEqual({ ratio: 0.02, perNs: 60 * DAY, shared: true })
    expect(budget('  false_alarms: 1% per 7d\n', 'default false_alarms: 2% per 60d\n')).toMatchObject({ shared: false })
  })

  test.each([
    ['on a threshold', 'count(fail) > 1 over 1h', '  false_alarms: 5% per 30d\n', '', ['E0503']],
    ['of half and more', 'rate(fail) rises by 2pp vs 14d', '  false_alarms: 60% per 30d\n', '', ['E0503']],
    ['in points', 'rate(fail) rises by 2pp vs 14d', '  false_alarms: 5pp per 30d\n', '', ['E0503']],
    ['for a year', 'rate(fail) rises by 2pp vs 14d', '  false_alarms: 5% per 52w\n', '', ['E0502']],
    [
      'by default, though nothing lives by it',
      'count(fail) > 1 over 1h',
      '',
      'default false_alarms: 0% per 30d\n',
      ['E0503'],
    ],
    ['twice by default', 'count(fail) > 1 over 1h', '', 'default false_alarms: 1% per 30d\n'.repeat(2), ['E0109']],
    ['as a word', 'count(fail) > 1 over 1h', '', 'default false_alarms: unknown\n', ['E0112']],
    ['for missing', 'count(fail) > 1 over 1h', '', 'default missing: 5% per 30d\n', ['E0112']],
    ['for something else', 'count(fail) > 1 over 1h', '', 'default severity: 5% per 30d\n', ['E0108']],
  ])('a budget %s is refused', (_name, when, more, file, codes) => {
    expect(codesOf(`${text('fast', when, more)}${file}`).filter((code) => code.startsWith('E'))).toEqual(codes)
  })
})

describe('groups, receivers, identity', () => {
  const COUNT = 'count(fail) >= 1 over 10m'

  test('groups are fields of few values, and attributes', () => {
    expect(alertOf('polite by agent.version, model, attr("acme.tier", string)', COUNT).by).toEqual([
      { kind: 'field', path: 'agent.version' },
      { kind: 'field', path: 'model' },
      { kind: 'attr', name: 'acme.tier', type: { kind: 'string' } },
    ])
  })

  test.each([
    ['a field that is none', 'fast by agent.versoin', ['E0203']],
    ['a field of another subject', 'fast by model', ['E0203']],
    ['an id', 'fast by session.id', ['E0505']],
    ['a text', 'polite by output.text', ['E0505']],
    ['a number', 'fast by duration', ['E0505']],
    ['an attribute that is a number', 'fast by attr("x", number)', ['E0505']],
    ['an attribute of no type', 'fast by attr("x")', ['E0211']],
    ['one twice', 'fast by env, env', ['E0505']],
  ])('%s is refused', (_name, on, codes) => {
    expect(errorsOf(on, COUNT)).toEqual(codes)
  })

  test('receivers are a typed list', () => {
    const notify =
      '  notify: slack("#a"), pagerduty("shop"), webhook("https://example.com/x"), teams("shop"), email("a@b.example"), alertmanager("main")\n'
    expect(alertOf('fast', COUNT, notify).notify).toEqual([
      { receiver: 'slack', target: '#a' },
      { receiver: 'pagerduty', target: 'shop' },
      { receiver: 'webhook', target: 'https://example.com/x' },
      { receiver: 'teams', target: 'shop' },
      { receiver: 'email', target: 'a@b.example' },
      { receiver: 'alertmanager', target: 'main' },
    ])
    expect(warningsOf('fast', COUNT, notify)).toEqual([])
  })

  test.each([
    'slack("general")',
    'slack("")',
    'slack(" ")',
    'slack("#a", "#b")',
    'slack(channel)',
    'email("nobody")',
    'webhook("ftp://x.example")',
    'webhook("my hook")',
    'pagerduty(" shop")',
    'pager("shop")',
    '"#a"',
    'slack("#a"), slack("#a")',
  ])('%s is no receiver', (receivers) => {
    expect(errorsOf('fast', COUNT, `  notify: ${receivers}\n`)).toEqual(['E0402'])
  })

  test('a rename is told, and a name that is in use is none', () => {
    expect(alertOf('fast', COUNT, '  was: slow\n').was).toEqual(['shop/slow'])
    expect(errorsOf('fast', COUNT, '  was: fast\n')).toEqual(['E0121'])
  })

  test('the condition hash is of when it fires, not of who hears of it', () => {
    const hash = (on = 'fast', when = COUNT, more = ''): string => alertOf(on, when, more).conditionHash
    const before = hash()
    for (const more of [
      'title: "x"',
      'owner: "@x"',
      'notify: slack("#x")',
      'mode: shadow',
      'was: slow',
      'no_data: keep',
    ])
      expect(hash('fast', COUNT, `  ${more}\n`)).toBe(before)
    expect(hash('fast', 'count(fail)>=1 over 600s # sic')).toBe(before)
    const others = [
      hash('polite'),
      hash('fast by env'),
      hash('trace', 'count(trace) >= 1 over 10m'),
      hash('trace where env == "x"', 'count(trace) >= 1 over 10m'),
      hash('fast', 'count(fail) > 1 over 10m'),
      hash('fast', 'count(fail) >= 2 over 10m'),
      hash('fast', 'count(fail) >= 1 over 11m'),
      hash('fast', 'rate(fail) rises by 1pp vs 7d'),
      hash('fast', 'rate(fail) rises by 1pp vs 7d', '  false_alarms: 1% per 30d\n'),
      hash('fast', COUNT, '  for: 5m\n'),
      hash('fast', COUNT, '  no_data: ok\n'),
    ]
    expect(new Set([before, ...others]).size).toBe(others.length + 1)
  })

  test.each([
    ['fast', 'mean(score) > 9s over 1h', []],
    ['fast', 'coverage < 50% over 1h', []],
    ['fast', 'p95(score) > 9s over 1h', []],
    ['trace', 'p95(duration) > 9s over 1h', []],
  ])('on %s: %s is warned of by %j', (on, when, codes) => {
    expect(warningsOf(on, when)).toEqual(codes)
  })

  test('an eval and a scope of one name', () => {
    expect(codesOf(`${text('fast', COUNT)}scope fast = trace where env == "x"\n`)).toEqual(['E0501'])
  })
})

describe('scorecards', () => {
  const card = (clauses: string): string =>
    `${EVALS}scorecard weekly {\n  every: monday at 09:00 in "UTC"\n${clauses}}\n`

  test('a whole one', () => {
    const { plan, diagnostics } = compileText(
      card(`  title: "The week"
  over:  7d vs 28d
  row:   pass_rate(fast), coverage(polite), count(fast), spend(helpful)
  row:   mean(helpful), p95(fast) by agent.version, env
  notify: slack("#shop")
`),
    )
    expect(diagnostics).toEqual([])
    expect(plan?.scorecards).toEqual([
      {
        kind: 'scorecard',
        id: 'shop/weekly',
        name: 'weekly',
        package: 'shop',
        title: 'The week',
        owner: null,
        mode: 'live',
        schedule: { cron: '0 9 * * 1', timeZone: 'UTC' },
        overNs: 7 * DAY,
        versusNs: 28 * DAY,
        rows: [
          {
            cells: [
              { fn: 'pass_rate', evalId: 'shop/fast', type: { kind: 'ratio' } },
              { fn: 'coverage', evalId: 'shop/polite', type: { kind: 'ratio' } },
              { fn: 'count', evalId: 'shop/fast', type: { kind: 'int' } },
              { fn: 'spend', evalId: 'shop/helpful', type: { kind: 'money', currency: 'USD' } },
            ],
            by: [],
          },
          {
            cells: [
              { fn: 'mean', evalId: 'shop/helpful', type: { kind: 'number' } },
              { fn: 'p95', evalId: 'shop/fast', type: { kind: 'duration' } },
            ],
            by: [
              { kind: 'field', path: 'agent.version' },
              { kind: 'field', path: 'env' },
            ],
          },
        ],
        notify: [{ receiver: 'slack', target: '#shop' }],
        file: 'shop.eval',
        line: EVALS.split('\n').length,
      },
    ])
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  test.each([
    ['no rows', '  over: 7d\n', ['E0110']],
    ['no period', '  row: pass_rate(fast)\n', ['E0110']],
    ['two periods', '  over: 7d\n  over: 7d\n  row: pass_rate(fast)\n', ['E0109']],
    ['a year', '  over: 52w\n  row: pass_rate(fast)\n', ['E0502']],
    ['an eval that is none', '  over: 7d\n  row: pass_rate(fats)\n', ['E0104']],
    ['a function that is none', '  over: 7d\n  row: median(fast)\n', ['E0506']],
    ['a mean of no scores', '  over: 7d\n  row: mean(polite)\n', ['E0506']],
    ['spending without a judge', '  over: 7d\n  row: spend(fast)\n', ['E0506']],
    ['itself', '  over: 7d\n  row: pass_rate(weekly)\n', ['E0506']],
    ['a bare name', '  over: 7d\n  row: fast\n', ['E0506']],
    ['two evals in one', '  over: 7d\n  row: pass_rate(fast, polite)\n', ['E0506']],
    ['a divided row of two subjects', '  over: 7d\n  row: pass_rate(fast), pass_rate(polite) by env\n', ['E0506']],
    ['a group of many values', '  over: 7d\n  row: pass_rate(fast) by user.id\n', ['E0505']],
    ['a clause of an alert', '  over: 7d\n  row: pass_rate(fast)\n  severity: page\n', ['E0111']],
  ])('%s: refused', (_name, clauses, codes) => {
    expect(codesOf(card(clauses)).filter((code) => code.startsWith('E'))).toEqual(codes)
  })

  test('it shares its name space with evals and alerts', () => {
    const twice = card('  over: 7d\n  row: pass_rate(fast)\n').replace('scorecard weekly', 'scorecard fast')
    expect(codesOf(twice)).toContain('E0103')
    expect(
      codesOf(
        `${card('  over: 7d\n  row: pass_rate(fast)\n')}test "t" {\n  given trace { env: "x" }\n  expect weekly: pass\n}\n`,
      ),
    ).toContain('E0414')
  })
})

describe('streams of scores', () => {
  const codes = (given: string): string[] =>
    codesOf(`${text('helpful', 'mean(score) < 3 over 1h')}test "t" {\n  given ${given}\n  expect a: firing\n}\n`)

  test('in the unit of the score', () => {
    const stream = `${text('fast', 'mean(score) > 9s over 1h')}test "t" {\n  given fast: score 9.5s x 3, fail each 1m\n  expect a: firing\n}\n`
    expect(planOf(stream).tests[0]?.given).toEqual([
      {
        kind: 'verdicts',
        evalId: 'shop/fast',
        verdicts: [
          { score: 9.5e9, times: 3 },
          { verdict: 'fail', times: 1 },
        ],
        eachNs: 60e9,
      },
    ])
  })

  test.each([
    ['helpful: score 4 x 20, score 2 x 5 each 1m', []],
    ['helpful: score 6 each 1m', ['E0415']],
    ['helpful: score -1 each 1m', ['E0415']],
    ['helpful: score 4s each 1m', ['E0415']],
    ['helpful: score x 4 each 1m', ['E0415']],
    ['helpful: fail 4 each 1m', ['E0415']],
    ['polite: score 4 each 1m', ['E0415']],
  ])('given %s', (given, expected) => {
    expect(codes(given)).toEqual(expected)
  })
})

describe('groups in tests', () => {
  const on = (by: string, given: string, expected: string): string =>
    `${text(`fast${by}`, 'count(fail) >= 1 over 10m')}test "t" {\n  given fast: fail each 1m${given}\n  expect a: firing${expected}\n}\n`
  const VERSION = ' with { agent.version: "2" }'

  test('stand in the plan', () => {
    const [found] = planOf(
      on(
        ' by agent.version, attr("acme.tier", string)',
        ' with { agent.version: "2" attr("acme.tier"): "x" }',
        ' at 1m with { agent.version: "2" attr("acme.tier"): "x" }',
      ),
    ).tests
    const labels = { 'agent.version': '2', 'attr("acme.tier")': 'x' }
    expect(found).toMatchObject({ given: [{ labels }], expect: [{ group: labels }] })
  })

  test.each([
    ['of an alert without groups', '', VERSION, VERSION, ['E0415']],
    ['of another label', ' by env', '', VERSION, ['E0415']],
    ['with a label left out', ' by env, agent.version', '', VERSION, ['E0415']],
    ['by a number', ' by agent.version', ' with { agent.version: 2 }', '', ['E0415']],
    ['by an id', ' by agent.version', ' with { user.id: "2" }', '', ['E0505']],
    ['by a field that is none', ' by agent.version', ' with { agent.versoin: "2" }', '', ['E0203']],
    ['by one twice', ' by agent.version', ' with { agent.version: "2" agent.version: "3" }', '', ['E0109']],
  ])('%s: refused', (_name, by, given, expected, codes) => {
    expect(codesOf(on(by, given, expected)).filter((code) => code.startsWith('E'))).toEqual(codes)
  })
})
