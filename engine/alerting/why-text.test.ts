/** What a message says of why: of each way in which an alert decides. */
import { expect, test } from 'vitest'
import { type AlertWhy, alertWhySchema, type Detection } from './why.ts'
import { whyLines } from './why-text.ts'

const AT_MS = Date.UTC(2026, 10, 20, 10, 43)
const plain: AlertWhy = {
  rule: 'fail_rate > 20% over 1h',
  baseline: null,
  now: { value: 0.3, interval: { low: 0.2, high: 0.42 }, n: 60 },
  detection: { kind: 'threshold', cmp: '>', value: 0.3, limit: 0.2 },
  change: null,
  strata: [],
  judge: null,
  deploy: null,
  definitions: [],
}
const esr: Detection = {
  kind: 'e-sr',
  statistic: 9.21,
  alarmFrom: 8.5,
  sinceMs: AT_MS - 3_600_000,
  falseAlarms: { ratio: 0.05, perMs: 30 * 24 * 3_600_000 },
}

const lines = (over: Partial<AlertWhy>): string => {
  const why = { ...plain, ...over }
  // As it stands in the log, and is read again.
  expect(alertWhySchema.parse(JSON.parse(JSON.stringify(why)))).toEqual(why)
  return whyLines(why, { kind: 'ratio' }).join('\n')
}

test('a limit', () => {
  expect(lines({})).toMatchInlineSnapshot(`
    "now 30% [20% to 42%] of 60
    rule: fail_rate > 20% over 1h"
  `)
})

test('a change, with all there is to say', () => {
  const estimate = { value: 0.9, interval: { low: 0.88, high: 0.92 }, n: 4000 }
  const stratum = { shareBefore: 0.5, shareNow: 0.5, before: 0.9, now: 0.6, rateEffect: -0.15, mixEffect: 0 }
  const change = { delta: -0.16, rateEffect: -0.15, mixEffect: -0.01 }
  const strata = [
    { name: 'agent.name=support', ...stratum },
    { name: 'everything else', ...stratum, now: 0.9, rateEffect: 0, mixEffect: -0.001 },
  ]
  const judge = { model: 'a/b', drifted: true, p: 0.001234, lost: 9, gained: 1, checkedAtMs: AT_MS }
  const deploy = {
    label: 'agent.version' as const,
    value: '2.1',
    firstSeenMs: AT_MS - 7_200_000,
    before: estimate,
    with: { ...estimate, value: 0.6 },
    p: 1e-6,
  }
  expect(
    lines({ rule: 'pass_rate falls by 5pp vs 2w', baseline: estimate, detection: esr, change, strata, judge, deploy }),
  ).toMatchInlineSnapshot(`
    "now 30% [20% to 42%] of 60, before 90% [88% to 92%] of 4000
    rule: pass_rate falls by 5pp vs 2w; evidence 9.2, an alarm from 8.5 (false alarms 5% per 30d); since about 2026-11-20 09:43
    change -16pp: -15pp the same traffic did worse, -1pp other traffic came
    agent.name=support: 90% to 60%, 50% to 50% of the traffic; explains -15pp
    the judge a/b drifted: 9 anchors lost, 1 gained, p 0.0012
    first bad agent.version 2.1 (since 2026-11-20 08:43): 60% [88% to 92%] of 4000, before it 90% [88% to 92%] of 4000, p 0.0000010"
  `)
})

test('the first bad version of an alert with a limit: shares of what is bad', () => {
  const deploy = {
    label: 'agent.version' as const,
    value: '2.1',
    firstSeenMs: AT_MS,
    before: { value: 0.03, interval: { low: 0.01, high: 0.08 }, n: 100 },
    with: { value: 0.75, interval: { low: 0.6, high: 0.86 }, n: 40 },
    shareOf: 'above 2s',
    p: 1e-6,
  }
  const why = { ...plain, now: { value: 3e9, interval: null, n: 140 }, deploy }
  expect(whyLines(why, { kind: 'duration' }).join('\n')).toMatchInlineSnapshot(`
    "now 3s of 140
    rule: fail_rate > 20% over 1h
    first bad agent.version 2.1 (since 2026-11-20 10:43): 75% [60% to 86%] of 40 above 2s, before it 3% [1% to 8%] of 100, p 0.0000010"
  `)
  expect(lines({ deploy })).toContain('of 40 above 2s')
})

test.each([
  ['nothing_before', ['change not split by parts of the traffic: too little is known of the time before']],
  ['nothing_now', ['change not split by parts of the traffic: nothing is known of the time since']],
  // No news, or said by the message itself.
  ['total', []],
  ['silence', []],
  ['over', []],
] as const)('why nothing is split: %s', (notSplit, said) => {
  expect(lines({ notSplit }).split('\n').slice(2)).toEqual(said)
})

test('a judge that is steady is said to be', () => {
  const judge = { model: 'a/b', drifted: false, p: 1, lost: 1, gained: 1, checkedAtMs: AT_MS }
  expect(lines({ judge })).toMatchInlineSnapshot(`
    "now 30% [20% to 42%] of 60
    rule: fail_rate > 20% over 1h
    the judge a/b is steady: 1 anchors lost, 1 gained, p 1.0"
  `)
})

test('an anomaly, and silence', () => {
  const usual = { low: 0.01, high: 0.1 }
  expect(lines({ detection: { kind: 'anomaly', distance: 7.31, alarmFrom: 4.9, usual } })).toMatchInlineSnapshot(`
    "now 30% [20% to 42%] of 60
    rule: fail_rate > 20% over 1h; usual at this hour 1% to 10%, 7.3 deviations off, an alarm from 4.9"
  `)
  expect(lines({ now: null, detection: { kind: 'silence', silentForMs: 3_600_000 } })).toMatchInlineSnapshot(
    `"rule: fail_rate > 20% over 1h; nothing for 1h"`,
  )
})

test('what changed in the definitions: by whom and what for, as far as git knows', () => {
  const revision = '1a2b3c4d5e6f'.padEnd(40, '0')
  const change = { atMs: AT_MS, what: 'the rule of shop/slow changed' }
  const definitions = [
    { ...change, revision, author: 'Ana', subject: 'Ask for less' },
    { ...change, revision: `${revision}+changes`, author: null, subject: null },
    { ...change, revision: null, author: null, subject: null },
  ]
  expect(lines({ definitions })).toMatchInlineSnapshot(`
    "now 30% [20% to 42%] of 60
    rule: fail_rate > 20% over 1h
    definitions: the rule of shop/slow changed, 2026-11-20 10:43 (1a2b3c4d5e by Ana: Ask for less)
    definitions: the rule of shop/slow changed, 2026-11-20 10:43 (1a2b3c4d5e and edits since)
    definitions: the rule of shop/slow changed, 2026-11-20 10:43"
  `)
})
