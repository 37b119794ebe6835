import { describe, expect, test } from 'vitest'
import { codesOf, compileText, FAST, OFFLINE } from './testing.ts'

describe('errors of declarations', () => {
  test.each([
    ['sessions online', 'online eval it {\n  on: session\n  pass: duration < 3s\n}', ['E0205']],
    ['a scope of itself', 'scope a = b where env == "x"\nscope b = a where env == "y"', ['E0114']],
    [
      'in a scope of spans',
      'scope calls = llm_call where duration > 1s\nonline eval it {\n  on: tool_call in calls\n  pass: duration < 3s\n}',
      ['E0205'],
    ],
    [
      'traces in a scope',
      `scope a = trace where env == "x"\nonline eval it {\n  on: trace in a\n  pass: duration < 3s\n}`,
      ['E0205'],
    ],
    [
      'an alert on an alert',
      `${FAST}alert a {\n  on: fast\n  when: count(fail) >= 1 over 1m\n  severity: page\n}\nalert b {\n  on: a\n  when: count(fail) >= 1 over 1m\n  severity: page\n}`,
      ['E0409'],
    ],
    [
      'an alert without a window',
      `${FAST}alert a {\n  on: fast\n  when: count(fail) >= 1\n  severity: page\n}`,
      ['E0401'],
    ],
    [
      'an alert on equality',
      `${FAST}alert a {\n  on: fast\n  when: count(fail) == 1 over 1m\n  severity: page\n}`,
      ['E0401'],
    ],
    [
      'a mean of an eval without scores',
      `${FAST}alert a {\n  on: fast\n  when: mean(score) < 3 over 1m\n  severity: page\n}`,
      ['E0216'],
    ],
    [
      'a receiver without a name',
      `${FAST}alert a {\n  on: fast\n  when: count(fail) >= 1 over 1m\n  severity: page\n  notify: slack()\n}`,
      ['E0402'],
    ],
    ['a panel that does not say how it agrees', OFFLINE.replace(' take mean', ''), ['E0407']],
    ['an offline eval that reads a field', OFFLINE.replace('score >= 4', 'duration < 3s'), ['E0113']],
    ['a field that cannot be shown', OFFLINE.replace('tool_call.name', 'tool_call.nome'), ['E0203']],
    ['todo', `${FAST}test "t" {\n  given trace { duration: 1s }\n  expect fast: todo because name\n}`, ['E0415']],
    [
      'two tests of a name',
      `${FAST}test "t" {\n  given trace { duration: 1s }\n  expect fast: pass\n}\ntest "t" {\n  given trace { duration: 1s }\n  expect fast: pass\n}`,
      ['E0103'],
    ],
    [
      'a span in a span',
      `${FAST}test "t" {\n  given trace { llm_call { tool_call { } } }\n  expect fast: pass\n}`,
      ['E0413'],
    ],
    [
      'missing what is always there',
      `${FAST}test "t" {\n  given trace { duration: missing }\n  expect fast: pass\n}`,
      ['E0413'],
    ],
    [
      'a verdict that is none',
      `${FAST}test "t" {\n  given trace { duration: 1s }\n  expect fast: passes\n}`,
      ['E0112'],
    ],
    [
      'the verdict of an offline eval',
      `${OFFLINE}online eval it {\n  on: trace where fails(helpful)\n  pass: duration < 3s\n}`,
      ['E0211'],
    ],
    [
      'the verdict on another kind of span',
      'online eval a {\n  on: tool_call\n  pass: duration < 3s\n}\nonline eval b {\n  on: llm_call where fails(a)\n  pass: duration < 3s\n}',
      ['E0211'],
    ],
    ['shadowing a field', 'const env = "x"', ['E0117']],
    ['a constant of another type', 'const limit: duration = 8', ['E0201']],
    [
      'missing: pass without a reason',
      'online eval it {\n  on: llm_call\n  pass: output.text contains "x"\n  missing: pass\n}',
      ['E0112'],
    ],
    [
      'redaction of a trace',
      'online eval it {\n  on: trace\n  pass: output.text matches /x-/\n  missing: fail\n  redact: output.text\n}',
      ['E0311'],
    ],
    [
      'a clause given several values',
      'online eval it {\n  on: trace\n  pass: duration < 3s, duration > 1s\n}',
      ['E0004'],
    ],
  ])('%s', (_name, body, codes) => {
    expect(codesOf(`package shop\n${body}\n`)).toEqual(codes)
  })

  test('strata compile', () => {
    const { plan, diagnostics } = compileText(
      `package shop\n${OFFLINE.replace('over 6h', 'over 6h by agent.version, env')}\n`,
    )
    expect(diagnostics).toEqual([])
    expect(plan?.evals[0]).toMatchObject({ sample: { by: ['agent.version', 'env'] } })
  })

  test('a stratum by no field is told as that alone', () => {
    expect(codesOf(`package shop\n${OFFLINE.replace('over 6h', 'over 6h by agent.versoin')}`)).toEqual(['E0203'])
  })

  test('place, label and fix', () => {
    const [found] = compileText(
      'package shop\nonline eval it {\n  onwer: "@x"\n  on: trace\n  pass: duration < 3s\n}\n',
    ).diagnostics
    expect(found).toMatchObject({
      code: 'E0108',
      severity: 'error',
      file: 'shop.eval',
      line: 3,
      column: 3,
      endLine: 3,
      endColumn: 8,
      fix: { applicability: 'machine', options: [{ text: 'owner:' }] },
    })
  })
})
