import { describe, expect, test } from 'vitest'
import { diffPlans, type EvalDiff, isEmptyDiff, pairEvals } from './diff-plans.ts'
import type { Plan } from './plan.ts'
import { OFFLINE, planOf } from './testing.ts'

const online = (body: string, name = 'it'): string => `online eval ${name} {\n${body}\n}\n`
const shop = (text: string): Plan =>
  planOf(
    `package shop\nimport pii from "assay:pii"\npattern all = /any@x/\n${online('  on: llm_call\n  pass: not (output.text matches any [pii.email, all])\n  missing: unknown', 'uses')}${text}`,
  )

function changesBetween(before: string, after: string): [string, string, string | null, string | null][] {
  return diffPlans(shop(before), shop(after)).evals.flatMap((diff) =>
    diff.change === 'changed'
      ? diff.changes.map((one): [string, string, string | null, string | null] => [
          one.clause,
          one.effect,
          one.before,
          one.after,
        ])
      : [],
  )
}

const FAST = '  on: trace where env == "prod"\n  score: duration\n  pass: score <= 8s'

describe('an online eval', () => {
  test('layout, names of constants and the order of clauses are no change', () => {
    const other = `const most: duration = 8s\n# A remark.\n${online('  pass: score <= most\n  score: duration\n  on: trace where env == "prod"')}`
    expect(isEmptyDiff(diffPlans(shop(online(FAST)), shop(other)))).toBe(true)
  })

  test.each([
    ['score <= 8s', 'score <= 5s', ['pass', 'verdicts', 'score <= 8s', 'score <= 5s']],
    ['"prod"', '"live"', ['on', 'series', 'trace where env == "prod"', 'trace where env == "live"']],
    [
      'score: duration',
      'score: max(llm_call.duration) ?? duration',
      ['score', 'series', 'duration', 'max(llm_call.duration) ?? duration'],
    ],
    ['on: trace', 'title: "Fast"\n  on: trace', ['title', 'metadata', null, 'Fast']],
    ['on: trace', 'mode: shadow\n  on: trace', ['mode', 'mode', 'live', 'shadow']],
  ])('%s → %s', (from, to, expected) => {
    expect(changesBetween(online(FAST), online(FAST.replace(from, to)))).toEqual([expected])
  })

  test('a rule that reads more than the score breaks the series by any change of `pass` or `missing`', () => {
    const body = '  on: llm_call\n  pass: not (output.text contains "x")\n  missing: unknown'
    expect(changesBetween(online(body), online(body.replace('missing: unknown', 'missing: fail')))).toEqual([
      ['missing', 'series', 'unknown', 'fail'],
    ])
  })

  test('redaction alone is told apart', () => {
    const body = '  on: llm_call\n  pass: not (output.text matches any [pii.email])\n  missing: unknown'
    const changed = changesBetween(online(body), online(`${body}\n  redact: output.text`))
    expect(changed).toEqual([['redact', 'redaction', null, 'output.text (pii.email)']])
  })

  test('a pattern that matches something else shows what it matches, though its name stays', () => {
    const body = online('  on: llm_call\n  pass: not (output.text matches any [pii.email, key])\n  missing: unknown')
    const added = body.replace('key]', 'key, all]')
    const [change] = changesBetween(`pattern key = /sk-aaa/\n${body}`, `pattern key = /sk-bbb/\n${added}`)
    expect(change).toEqual([
      'pass',
      'series',
      'not (output.text matches any [pii.email, /sk-aaa/])',
      'not (output.text matches any [pii.email, /sk-bbb/, all])',
    ])
    expect(
      changesBetween(`pattern key = /sk-aaa/\n${body}`, `pattern api = /sk-aaa/\n${body.replace('key', 'api')}`),
    ).toEqual([])
  })

  test('who asks for the verdict of a changed eval is changed with it', () => {
    const asks = online('  on: trace where fails(first)\n  pass: duration < 9s', 'second')
    const first = (limit: string): string => online(`  on: trace\n  score: duration\n  pass: score < ${limit}`, 'first')
    expect(changesBetween(first('3s') + asks, first('4s') + asks)).toEqual([
      ['pass', 'verdicts', 'score < 3s', 'score < 4s'],
      ['reads', 'series', null, 'asks for the verdict of shop/first, which has changed'],
    ])
  })
})

describe('an offline eval', () => {
  test.each([
    ['score >= 4', 'score >= 3', 'pass', 'verdicts'],
    ['missing: fail', 'missing: unknown', 'missing', 'verdicts'],
    ['200 of', '300 of', 'sample', 'metadata'],
    ['over 6h', 'over 7h', 'sample', 'series'],
    ['or else "c/three"', '', 'judge', 'metadata'],
    ['"b/two"', '"b/four"', 'judge', 'series'],
    ['5  Solved.', '5  Solved!', 'rubric', 'series'],
    ['*/6', '*/8', 'every', 'metadata'],
    ['input.text, ', '', 'show', 'series'],
    ['1 to 5', '1 to 6', 'scale', 'series'],
  ])('%s → %s', (from, to, clause, effect) => {
    const changed = changesBetween(OFFLINE, OFFLINE.replace(from, to))
    expect(changed.map(([name, what]) => [name, what])).toEqual([[clause, effect]])
  })
})

test('a sample of another size and population breaks the series and shows both', () => {
  const [change] = changesBetween(OFFLINE, OFFLINE.replace('200 of trace where count(retrieval) > 0', 'all of trace'))
  expect(change).toEqual([
    'sample',
    'series',
    '200 of trace where count(retrieval) > 0 over 6h',
    'all of trace over 6h',
  ])
})

describe('new, removed and renamed', () => {
  const find = (diffs: EvalDiff[], id: string): EvalDiff | undefined => diffs.find((diff) => diff.id === id)

  test('one that comes and one that goes with the same measure look like a rename', () => {
    const { evals } = diffPlans(
      shop(online(FAST, 'fast')),
      shop(online(FAST, 'quick') + online('  on: trace\n  pass: duration < 1h', 'other')),
    )
    expect(evals.map(({ id, change }) => [id, change])).toEqual([
      ['shop/fast', 'removed'],
      ['shop/other', 'new'],
      ['shop/quick', 'new'],
    ])
    expect(find(evals, 'shop/quick')).toMatchObject({ looksLike: 'shop/fast' })
    expect(find(evals, 'shop/fast')).toMatchObject({ looksLike: 'shop/quick' })
    expect(find(evals, 'shop/other')).toMatchObject({ looksLike: null })
  })

  test('`was:` makes it one eval under a new name, changed or not', () => {
    const named = (body: string): Plan => shop(online(`${body}\n  was: fast`, 'quick'))
    const renamed = { id: 'shop/quick', change: 'changed', from: 'shop/fast' }
    expect(diffPlans(shop(online(FAST, 'fast')), named(FAST)).evals).toMatchObject([
      { ...renamed, effects: [], changes: [] },
    ])
    const changed = diffPlans(shop(online(FAST, 'fast')), named(FAST.replace('8s', '5s'))).evals
    expect(changed).toMatchObject([{ ...renamed, effects: ['verdicts'], changes: [{ clause: 'pass' }] }])
    const asks = online('  on: trace where fails(fast)\n  pass: duration < 1h', 'asks')
    const both = diffPlans(
      shop(online(FAST, 'fast') + asks),
      shop(online(`${FAST}\n  was: fast`, 'quick') + asks.replace('fast)', 'quick)')),
    )
    expect(both.evals.map(({ id }) => id)).toEqual(['shop/quick'])
  })

  test('every eval of either side is in one pair', () => {
    const before = shop(online(FAST, 'fast') + online(FAST, 'gone'))
    const after = shop(online(FAST, 'fast') + online(FAST, 'here'))
    expect(pairEvals(before, after).map(({ from, to }) => [from?.name, to?.name])).toEqual([
      ['uses', 'uses'],
      ['fast', 'fast'],
      [undefined, 'here'],
      ['gone', undefined],
    ])
  })
})

describe('alerts and tests', () => {
  const alert = (more: string): string =>
    `${online(FAST)}alert slow {\n  on: it\n  when: count(fail) >= 3 over 10m\n  severity: ticket\n${more}}\n`

  test.each([
    ['', '  notify: slack("#a")\n', 'notify', 'routing', null, 'slack("#a")'],
    ['', '  for: 2h\n', 'for', 'rule', null, '2h'],
    ['', '  no_data: fire after 30m\n', 'no_data', 'rule', 'keep', 'fire after 30m'],
  ])('%s → %s', (from, to, clause, effect, before, after) => {
    const { rules, evals } = diffPlans(shop(alert(from)), shop(alert(to)))
    expect(evals).toEqual([])
    expect(rules).toMatchObject([
      { id: 'shop/slow', kind: 'alert', change: 'changed', effects: [effect], changes: [{ clause, before, after }] },
    ])
  })

  test('a threshold is shown as it is written', () => {
    const { rules } = diffPlans(shop(alert('')), shop(alert('').replace('count(fail) >= 3', 'rate(fail) > 5%')))
    expect(rules).toMatchObject([
      { changes: [{ before: 'count(fail) >= 3 over 10m', after: 'rate(fail) > 5% over 10m' }] },
    ])
    expect(diffPlans(shop(online(FAST)), shop(alert(''))).rules).toMatchObject([{ id: 'shop/slow', change: 'new' }])
  })

  test('an alert keeps its history by `was:`, and one on a renamed eval is the same', () => {
    const before = shop(alert(''))
    const renamed = alert('  was: slow\n').replace('alert slow', 'alert tardy')
    expect(diffPlans(before, shop(renamed)).rules).toMatchObject([
      { id: 'shop/tardy', change: 'changed', from: 'shop/slow', effects: [], changes: [] },
    ])
    const other = alert('').replace('eval it {', 'eval quick {\n  was: it').replace('on: it', 'on: quick')
    expect(diffPlans(before, shop(other)).rules).toEqual([])
  })

  test('a scorecard is compared by its clauses', () => {
    const card = (rows: string, channel: string): Plan =>
      shop(
        `${online(FAST)}scorecard weekly {\n  every: monday at 09:00 in "UTC"\n  over: 7d vs 7d\n  row: ${rows}\n  notify: slack("${channel}")\n}\n`,
      )
    const { rules } = diffPlans(card('pass_rate(it)', '#a'), card('pass_rate(it), coverage(it)', '#b'))
    expect(rules).toMatchObject([
      {
        ...{ id: 'shop/weekly', kind: 'scorecard', change: 'changed', effects: ['rule', 'routing'] },
        changes: [
          { clause: 'row', before: 'pass_rate(shop/it)', after: 'pass_rate(shop/it), coverage(shop/it)' },
          { clause: 'notify', before: 'slack("#a")', after: 'slack("#b")' },
        ],
      },
    ])
  })

  test('tests are compared by what they give and expect, wherever they stand', () => {
    const one = 'test "a" {\n  given trace { env: "prod" duration: 9s }\n  expect it: fail\n}\n'
    const two = 'test "b" {\n  given trace { env: "prod" duration: 1s }\n  expect it: pass\n}\n'
    const { tests } = diffPlans(
      shop(online(FAST) + one + two),
      shop(`${online(FAST)}# Moved.\n${two}${one.replace('9s', '8.5s')}${one.replace('"a"', '"c"')}`),
    )
    expect(tests.map(({ name, change }) => [name, change])).toEqual([
      ['a', 'changed'],
      ['c', 'new'],
    ])
  })
})
