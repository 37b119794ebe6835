import { describe, expect, test } from 'vitest'
import { compileProject } from './project.ts'
import { codesOf, evalNamed, FAST, OFFLINE, planOf } from './testing.ts'

describe('plans', () => {
  test('an offline eval', () => {
    expect(evalNamed(planOf(`package shop\n${OFFLINE}`), 'helpful')).toMatchObject({
      kind: 'offline',
      id: 'shop/helpful',
      schedule: { cron: '0 */6 * * *', timeZone: 'Europe/London' },
      sample: { size: 200, overNs: 6 * 3600e9, by: [], scope: { subject: 'trace' } },
      method: {
        kind: 'rubric',
        judge: { models: ['a/one', 'b/two'], fallbacks: ['c/three'], take: 'mean' },
        show: ['input.text', 'output.text', 'tool_call.name'],
        scale: { low: 1, high: 5 },
        rubric: '5  Solved.\n\n1  Not.',
      },
      missing: { kind: 'fail' },
      file: 'shop.eval',
      line: 2,
    })
  })

  test.each([
    ['hour in "UTC"', '0 * * * *'],
    ['day in "UTC"', '0 0 * * *'],
    ['day at 06:30 in "UTC"', '30 6 * * *'],
    ['monday at 09:00 in "UTC"', '0 9 * * 1'],
    ['sunday in "UTC"', '0 0 * * 0'],
    ['cron "*/5  1-3 * jan mon" in "UTC"', '*/5 1-3 * jan mon'],
  ])('every: %s is %s', (every, cron) => {
    const text = OFFLINE.replace(/every:.*/, `every: ${every}`)
    expect(evalNamed(planOf(`package shop\n${text}`), 'helpful')).toMatchObject({ schedule: { cron } })
  })

  test.each([
    ['cron "0 24 * * *" in "UTC"', 'E0405'],
    ['cron "0 1 * * * *" in "UTC"', 'E0405'],
    ['cron "5-1 1 * * *" in "UTC"', 'E0405'],
    ['cron "*/0 1 * * *" in "UTC"', 'E0405'],
    ['cron "@daily" in "UTC"', 'E0405'],
    ['cron in "UTC"', 'E0405'],
    ['hour at 06:00 in "UTC"', 'E0403'],
    ['day at 06:75 in "UTC"', 'E0403'],
    ['fortnight in "UTC"', 'E0112'],
    ['day in "Mars/Olympus"', 'E0404'],
    ['day', 'E0404'],
  ])('every: %s is refused by %s', (every, code) => {
    expect(codesOf(`package shop\n${OFFLINE.replace(/every:.*/, `every: ${every}`)}`)).toEqual([code])
  })

  test('an alert', () => {
    const plan = planOf(`package shop
${FAST}alert slow {
  title:    "Slow"
  on:       fast
  when:     rate(fail) > 5% over 1h
  for:      2h
  severity: ticket
  notify:   slack("#shop"), slack("#shop-leads")
  no_data:  fire after 30m
  mode:     shadow
}
`)
    expect(plan.alerts).toEqual([
      {
        kind: 'alert',
        id: 'shop/slow',
        name: 'slow',
        package: 'shop',
        title: 'Slow',
        owner: null,
        mode: 'shadow',
        was: [],
        on: { kind: 'eval', evalId: 'shop/fast' },
        by: [],
        when: {
          kind: 'threshold',
          measure: { kind: 'rate', verdict: 'fail', type: { kind: 'ratio' } },
          cmp: '>',
          value: 0.05,
          overNs: 3600e9,
        },
        falseAlarms: null,
        conditionHash: expect.stringMatching(/^[0-9a-f]{32}$/),
        forNs: 7200e9,
        severity: 'ticket',
        notify: [
          { receiver: 'slack', target: '#shop' },
          { receiver: 'slack', target: '#shop-leads' },
        ],
        noData: { kind: 'fire', afterNs: 1800e9 },
        file: 'shop.eval',
        line: 6,
      },
    ])
  })

  test('tests: fixtures, likeness, judges, streams', () => {
    const plan = planOf(`package shop
const limit = 8s
${FAST}${OFFLINE}
alert slow {
  on:       fast
  when:     count(fail) >= 1 over 10m
  severity: page
}
test "slow" {
  given trace {
    agent.name: "a"  duration: limit
    llm_call  { output.text: "one"  cost: 0.25 USD  tokens.total: 40 }
    llm_call  { output.text: "two" }
    tool_call { name: "x"  status: "error"  start: 2s }
    retrieval { documents: [{ id: "d" text: "t" score: 0.5 }, { id: "e" }] }
  }
  given helpful judge returns 3
  expect fast: fail
}
test "like it" {
  given like "slow" {
    duration: 1s
    llm_call { }
    llm_call { output.text: missing }
    tool_call { name: "y" }
    tool_call { name: "z" }
  }
  given helpful judge returns abstain
  expect fast: pass because "in time"
  expect helpful: unknown because output.text
}
test "stream" {
  given fast: pass x 9, fail each 1m
  expect slow: firing at 10m
  expect slow: pending
}
`)
    const [slow, like, stream] = plan.tests
    expect(slow?.given[0]).toEqual({
      kind: 'trace',
      trace: {
        fields: {
          'agent.name': { kind: 'value', type: { kind: 'string' }, value: 'a' },
          duration: { kind: 'value', type: { kind: 'duration' }, value: 8e9 },
        },
        spans: [
          {
            subject: 'llm_call',
            fields: {
              'output.text': { kind: 'value', type: { kind: 'string' }, value: 'one' },
              cost: { kind: 'value', type: { kind: 'money', currency: 'USD' }, value: 250_000 },
              'tokens.total': { kind: 'value', type: { kind: 'tokens' }, value: 40 },
            },
          },
          { subject: 'llm_call', fields: { 'output.text': { kind: 'value', type: { kind: 'string' }, value: 'two' } } },
          {
            subject: 'tool_call',
            fields: {
              name: { kind: 'value', type: { kind: 'string' }, value: 'x' },
              status: { kind: 'value', type: { kind: 'enum', values: ['unset', 'ok', 'error'] }, value: 'error' },
              start: { kind: 'value', type: { kind: 'duration' }, value: 2e9 },
            },
          },
          {
            subject: 'retrieval',
            fields: { documents: { kind: 'documents', items: [{ id: 'd', text: 't', score: 0.5 }, { id: 'e' }] } },
          },
        ],
      },
    })
    const merged = like?.given.find((given) => given.kind === 'trace')
    expect(merged?.trace.fields.duration).toMatchObject({ value: 1e9 })
    expect(merged?.trace.spans.map((span) => span.subject)).toEqual([
      'llm_call',
      'llm_call',
      'tool_call',
      'retrieval',
      'tool_call',
    ])
    expect(merged?.trace.spans[0]?.fields['output.text']).toMatchObject({ value: 'one' })
    expect(merged?.trace.spans[1]?.fields['output.text']).toEqual({ kind: 'missing' })
    expect(merged?.trace.spans[2]?.fields).toMatchObject({ name: { value: 'y' }, status: { value: 'error' } })
    expect(like?.given.filter((given) => given.kind === 'judge')).toEqual([
      { kind: 'judge', evalId: 'shop/helpful', returns: 'abstain' },
    ])
    expect(like?.expect).toMatchObject([
      { kind: 'verdict', evalId: 'shop/fast', verdict: 'pass', because: 'in time' },
      { kind: 'verdict', evalId: 'shop/helpful', verdict: 'unknown', because: 'output.text' },
    ])
    expect(stream?.given).toEqual([
      {
        kind: 'verdicts',
        evalId: 'shop/fast',
        verdicts: [
          { verdict: 'pass', times: 9 },
          { verdict: 'fail', times: 1 },
        ],
        eachNs: 60e9,
      },
    ])
    expect(stream?.expect).toMatchObject([
      { kind: 'alert', alertId: 'shop/slow', state: 'firing', atNs: 600e9 },
      { kind: 'alert', alertId: 'shop/slow', state: 'pending', atNs: null },
    ])
  })

  test('patterns stand once, and those of packs alone are taken for reviewed', () => {
    const plan = planOf(`package shop
import p from "assay:pii"
pattern key = /sk-[a-z]+/i
online eval a {
  on: llm_call
  pass: not (output.text matches any [p.card, key, /x-\\d/])
  missing: unknown
  redact: output.text, input.text
}
online eval b {
  on: llm_call
  pass: not (output.text matches key or input.text matches p.card)
  missing: pass because "seen elsewhere"
}
`)
    expect(plan.patterns).toEqual([
      { name: 'pii.card', source: '\\d{13,19}', caseInsensitive: false, check: 'luhn', builtin: 'pii.card' },
      { name: 'key', source: 'sk-[a-z]+', caseInsensitive: true, check: null, builtin: null },
      { name: '/x-\\d/', source: 'x-\\d', caseInsensitive: false, check: null, builtin: null },
    ])
    expect(evalNamed(plan, 'a')).toMatchObject({
      redact: { fields: ['output.text', 'input.text'], patterns: [0, 1, 2] },
    })
    expect(evalNamed(plan, 'b').missing).toEqual({ kind: 'pass', because: 'seen elsewhere' })
    expect(plan.files).toEqual(['assay:pii', 'shop.eval'])
  })

  test('scopes join their conditions', () => {
    const plan = planOf(`package shop
scope ours = trace where env == "prod"
scope slow = ours where duration > 1s
scope big = llm_call in slow where length(input.text) > 10
online eval it {
  on: big where duration > 2s
  pass: duration < 9s
}
`)
    const { scope } = evalNamed(plan, 'it') as Extract<(typeof plan.evals)[number], { kind: 'online' }>
    expect(scope.subject).toBe('llm_call')
    expect(scope.where).toMatchObject({ op: 'and', args: [{ op: 'compare' }, { op: 'compare' }] })
    expect(scope.traceWhere).toMatchObject({
      op: 'and',
      args: [{ left: { path: 'env' } }, { left: { path: 'duration' } }],
    })
  })

  test('a plan is JSON', () => {
    const plan = planOf(`package shop\n${FAST}${OFFLINE}`)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })
})

describe('files', () => {
  test('an import brings names, and the evals that are referred to', () => {
    const others = {
      'other.eval': `package other\nconst limit = 3s\nscope ours = trace where env == "x"\n${FAST}online eval unused {\n  on: trace\n  pass: duration < 1s\n}\n`,
    }
    const plan = planOf(
      `package shop
import other from "./other.eval"
online eval mine {
  on: other.ours
  pass: duration <= other.limit
}
alert slow {
  on: other.fast
  when: count(fail) >= 1 over 1h
  severity: info
}
`,
      others,
    )
    expect(plan.evals.map((found) => found.id).sort()).toEqual(['other/fast', 'shop/mine'])
    expect(plan.alerts[0]?.on).toEqual({ kind: 'eval', evalId: 'other/fast' })
  })

  test.each([
    [
      'nothing behind the name',
      'import pii from "assay:pii"\nonline eval it {\n  on: llm_call\n  pass: output.text matches pii.cart\n  missing: fail\n}',
      ['E0104'],
    ],
    [
      'an import that is not there says so once',
      'import pii from "assay:pee"\nonline eval it {\n  on: llm_call\n  pass: output.text matches pii.card\n  missing: fail\n}',
      ['E0105'],
    ],
    ['two imports of one name', `import a from "assay:pii"\nimport a from "assay:pii"\n${FAST}`, ['E0103']],
    [
      'an error behind an import is told',
      `import other from "./other.eval"\nonline eval it {\n  on: trace\n  pass: duration < other.limit\n}`,
      ['E0203'],
    ],
  ])('%s', (_name, body, codes) => {
    const others = {
      'other.eval':
        'package other\nconst limit = 3s\nonline eval broken {\n  on: trace\n  pass: durration < 3s\n}\nalert x {\n  on: broken\n  when: count(fail) > 1 over 1m\n  severity: info\n}\n',
    }
    const text = `package shop\n${body}\n`
    if (codes[0] !== 'E0203') expect(codesOf(text, others)).toEqual(codes)
    else
      expect(
        compileProject({
          files: [
            { path: 'a.eval', text },
            { path: 'other.eval', text: others['other.eval'] },
          ],
          readImport: () => ({ path: 'other.eval', text: others['other.eval'] }),
        }).diagnostics.map((found) => found.code),
      ).toEqual(codes)
  })

  test('the order of files changes nothing', () => {
    const a = { path: 'a.eval', text: `package a\n${FAST}` }
    const b = { path: 'b.eval', text: `package b\n${FAST}` }
    const readImport = (): null => null
    const one = compileProject({ files: [a, b], readImport })
    const two = compileProject({ files: [b, a], readImport })
    expect(two.plan).toEqual(one.plan)
    expect(one.plan?.evals.map((found) => found.id)).toEqual(['a/fast', 'b/fast'])
  })

  test('an empty set of files is an empty plan', () => {
    expect(compileProject({ files: [], readImport: () => null }).plan).toMatchObject({
      evals: [],
      alerts: [],
      tests: [],
    })
  })
})

describe('an eval that a file beside this one declares', () => {
  const messages = (text: string, sibling: string) => {
    const { diagnostics } = compileProject({
      files: [
        { path: 'evals/alerts.eval', text },
        { path: 'evals/support.eval', text: sibling },
      ],
      readImport: (_, path) => (path === './support.eval' ? { path: 'evals/support.eval', text: sibling } : null),
    })
    return diagnostics
      .filter(({ code }) => code === 'E0104')
      .map(({ message, notes, fix }) => ({ message, notes, hasFix: (fix ?? null) !== null }))
  }
  const HELPFUL = 'online eval helpful {\n  on:   trace\n  pass: duration <= 8s\n}\n'
  const alert = (on: string) =>
    `alert unhelpful {\n  on:       ${on}\n  when:     count(fail) >= 1 over 10m\n  severity: info\n}\n`

  test('is said to be there, with its import; the alert itself is not what was meant', () => {
    expect(messages(`package support\n${alert('helpful')}`, `package support\n${HELPFUL}`)).toEqual([
      {
        message: 'there is no eval or scope `helpful` in this file',
        notes: [
          '`helpful` is in support.eval: import it by `import support from "./support.eval"` and write `support.helpful`',
        ],
        hasFix: false,
      },
    ])
  })

  test('needs its alias where the file is imported', () => {
    const text = `package support\nimport s from "./support.eval"\n${alert('helpful')}`
    expect(messages(text, `package support\n${HELPFUL}`)[0]?.notes).toEqual([
      '`helpful` is in support.eval: write `s.helpful`',
    ])
  })

  test('of another package, or of no file, is unknown, and nothing that has no verdicts is proposed', () => {
    for (const sibling of [`package other\n${HELPFUL}`, `package support\n${HELPFUL.replace('helpful', 'fast')}`])
      expect(messages(`package support\n${alert('helpful')}`, sibling)[0]?.message).toBe(
        'there is no eval or scope `helpful`',
      )
  })

  test('is told of in a scorecard and in a verdict that is asked for', () => {
    const card =
      'scorecard weekly {\n  every: monday at 09:00 in "UTC"\n  over:  7d vs 7d\n  row:   pass_rate(helpful)\n}\n'
    const asks = 'online eval unhelpful {\n  on:   trace\n  pass: passes(helpful)\n  missing: unknown\n}\n'
    for (const text of [card, asks])
      expect(messages(`package support\n${text}`, `package support\n${HELPFUL}`)[0]?.message).toBe(
        'there is no eval `helpful` in this file',
      )
  })
})
