import { describe, expect, test } from 'vitest'
import { codesOf, codesOfPass, compileEval, passOf, show } from './testing.ts'

describe('precedence', () => {
  test.each([
    ['true or true and false', '(true or (true and false))'],
    ['not true and false', '((not true) and false)'],
    ['not status == "ok"', '(not (status == "ok"))'],
    ['not not true', '(not (not true))'],
    ['(true or false) and true', '((true or false) and true)'],
    ['true and true and true', '(true and true and true)'],
    ['count(tool_call) + count(llm_call) * 2 == 3', '((count(tool_call) + (count(llm_call) * 2)) == 3)'],
    ['count(tool_call) - 1 - 2 == 0', '(((count(tool_call) - 1) - 2) == 0)'],
    ['output.text ?? "" == "x"', '((output.text ?? "") == "x")'],
    [
      'sum(llm_call.cost) ?? 1 USD + 1 USD > 0 USD',
      '((sum(llm_call llm_call) ?? 2000000) > 0)'.replace('llm_call llm_call', 'llm_call cost'),
    ],
    ['name in ["a", "b"] or name contains "c"', '((name in "a","b") or (name contains "c"))'],
    ['duration is present', 'is_present(duration)'],
    ['env is not missing', 'is_present(env)'],
    ['env is missing', 'is_missing(env)'],
    ['output.text is json', 'is_json(output.text)'],
    ['output.text is not json', '(not is_json(output.text))'],
    ['name starts with "a"', '(name starts_with "a")'],
    ['count(tool_call) > -1', '(count(tool_call) > -1)'],
  ])('%s is %s', (text, expected) => {
    expect(show(passOf(text))).toBe(expected)
  })
})

describe('literals, in the units of the plan', () => {
  test.each([
    ['duration <= 500ms', 500e6],
    ['duration <= 9.2s', 9.2e9],
    ['duration <= 10m', 600e9],
    ['duration <= 24h', 86_400e9],
    ['duration <= 7d', 604_800e9],
    ['duration <= 1w', 604_800e9],
    ['duration <= 1s + 500ms', 1.5e9],
    ['duration <= 2 * 1s', 2e9],
    ['sum(llm_call.cost) <= 0.25 USD', 250_000],
    ['sum(llm_call.cost) <= 0.000001 USD', 1],
    ['name == "a\\n\\"b\\""', 'a\n"b"'],
  ])('%s', (text, expected) => {
    const pass = passOf(text)
    expect(pass).toMatchObject({ op: 'compare', right: { op: 'literal', value: expected } })
  })
})

describe('types', () => {
  test.each([
    // Fits.
    ['duration <= 8s', 'trace', []],
    ['count(tool_call) <= 12', 'trace', []],
    ['tokens.total <= 4000', 'llm_call', []],
    ['tokens.input + tokens.output <= 4000', 'llm_call', []],
    ['count(tool_call) <= 0.5 * count(llm_call)', 'trace', []],
    ['status == "error"', 'llm_call', []],
    ['status in ["ok", "unset"]', 'llm_call', []],
    ['error is missing', 'tool_call', []],
    ['mean(llm_call.duration) < 2s', 'trace', []],
    ['p95(llm_call.duration where model == "x") < 2s', 'trace', []],
    ['all(llm_call.finish_reason == "stop")', 'trace', []],
    ['any(tool_call where name == "x")', 'trace', []],
    ['repeats(tool_call) <= 3', 'trace', []],
    ['before(tool_call where name == "a", tool_call where name == "b")', 'trace', []],
    ['session.id is present', 'trace', []],
    ['session.id is present', 'llm_call', []],
    ['attr("acme.tier", string) == "gold"', 'trace', []],
    ['attr("acme.retries", int) <= 3', 'span', []],
    ['length(output.text) <= 2000', 'llm_call', []],
    ['length(documents) >= 1', 'retrieval', []],
    ['documents.text matches used', 'retrieval', []],
    ['any(retrieval.documents.text contains "x")', 'trace', []],
    ['output.text matches any [pii.card, used, /x-\\d/]', 'llm_call', []],
    ['output.text matches used', 'llm_call', []],
    ['count(tool_call where arguments.text matches used) == 0', 'trace', []],
    ['trace.agent.name == "x"', 'llm_call', []],
    ['count(tool_call where trace.env == "prod" and name == "x") == 0', 'trace', []],
    ['count(tool_call) < 3', 'llm_call', []],
    ['sum(llm_call.tokens.input + llm_call.tokens.output) < 9', 'trace', []],
    // Does not.
    ['duration <= 8', 'trace', ['E0201']],
    ['duration <= 0.5', 'trace', ['E0201']],
    ['duration <= 8 USD', 'trace', ['E0201']],
    ['name <= "b"', 'trace', ['E0201']],
    ['tokens.total <= count(tool_call)', 'llm_call', ['E0201']],
    ['tokens.total <= 0.5', 'llm_call', ['E0201']],
    ['duration * duration > 1s', 'trace', ['E0201']],
    ['duration + 1 > 1s', 'trace', ['E0201']],
    ['name + "x" == "y"', 'trace', ['E0201']],
    ['sum(llm_call.cost) <= 1 EUR', 'trace', ['E0209']],
    ['1 EUR + 1 USD == 2 USD', 'trace', ['E0209']],
    ['name', 'trace', ['E0202']],
    ['not duration', 'trace', ['E0202']],
    ['true and 3', 'trace', ['E0202']],
    ['status == "failed"', 'trace', ['E0214']],
    ['status in ["ok", "bad"]', 'trace', ['E0214']],
    ['name in [1]', 'trace', ['E0201']],
    ['name in "a"', 'trace', ['E0201']],
    ['duration contains "a"', 'trace', ['E0201']],
    ['name contains 3', 'trace', ['E0201']],
    ['duration matches used', 'trace', ['E0201']],
    ['documents matches used', 'retrieval', ['E0201']],
    ['documents == documents', 'retrieval', ['E0201']],
    ['output.text matches "a"', 'trace', ['E0309']],
    ['output.text matches nope', 'trace', ['E0104']],
    ['output.text matches [/aa/]', 'trace', ['E0309']],
    ['duration is json', 'trace', ['E0201']],
    ['duration is slow', 'trace', ['E0112']],
    ['length(duration) > 3', 'trace', ['E0201']],
    ['tool_call', 'trace', ['E0206']],
    ['count(tool_call) <= llm_call', 'trace', ['E0206']],
    ['llm_call.cost <= 1 USD', 'trace', ['E0212']],
    ['cost <= 1 USD', 'trace', ['E0204']],
    ['cost <= 1 USD', 'tool_call', ['E0204']],
    ['durration <= 1s', 'trace', ['E0203']],
    ['used', 'trace', ['E0206']],
    ['score <= 1s', 'trace', ['E0216']],
    ['sum(llm_call) > 1', 'trace', ['E0212']],
    ['sum(llm_call.model) > 1', 'trace', ['E0212']],
    ['all(tool_call where name == "x")', 'trace', ['E0212']],
    ['any(tool_call.name)', 'trace', ['E0212']],
    ['sum(duration) > 1s', 'trace', ['E0212']],
    ['sum(llm_call.duration + tool_call.duration) > 1s', 'trace', ['E0212']],
    ['sum(llm_call.duration + duration) > 1s', 'trace', ['E0203']],
    ['count(3) > 1', 'trace', ['E0211']],
    ['count() > 1', 'trace', ['E0211']],
    ['count(tool_call, llm_call) > 1', 'trace', ['E0211']],
    ['count(tool_call where count(llm_call) > 1) > 1', 'trace', ['E0213']],
    ['count(tool_call where 3) > 1', 'trace', ['E0202']],
    ['repeats(llm_call) < 3', 'trace', ['E0211']],
    ['before(tool_call)', 'trace', ['E0211']],
    ['before(tool_call, 3)', 'trace', ['E0212']],
    ['attr(tier, string) == "x"', 'trace', ['E0217']],
    ['attr("tier", text) == "x"', 'trace', ['E0217']],
    ['nope(3) == 1', 'trace', ['E0210']],
    ['fails(nope)', 'trace', ['E0104']],
    ['fails(it)', 'trace', ['E0114']],
    ['/a/ == "a"', 'trace', ['E0201']],
    ['["a"] == "a"', 'trace', ['E0201']],
    ['06:00 == "a"', 'trace', ['E0201']],
    ['1s < duration < 8s', 'trace', ['E0011']],
    ['true == not true', 'trace', ['E0012']],
    ['name not in ["a"]', 'trace', ['E0004']],
    ['999999999999w > duration', 'trace', ['E0007']],
    // One cause, one error: what is in error already is not told again.
    ['(durration + 1) * "x" <= 8 and nome == 3', 'trace', ['E0203', 'E0203']],
  ])('%s on %s: %j', (text, subject, expected) => {
    expect(codesOfPass(text, subject)).toEqual(expected)
  })
})

describe('what may be missing', () => {
  // The codes of an eval without a `missing:` clause: E0207 exactly when it can come out unknown.
  test.each([
    ['duration <= 8s', 'trace', false],
    ['name == "x" and status == "ok" and kind == "tool"', 'tool_call', false],
    ['output.text contains "x"', 'trace', true],
    ['not (output.text contains "x")', 'llm_call', true],
    ['output.text is missing', 'llm_call', false],
    ['output.text is present', 'llm_call', false],
    ['(output.text ?? "") contains "x"', 'llm_call', false],
    ['(output.text ?? input.text) contains "x"', 'llm_call', true],
    ['output.text is missing or output.text contains "x"', 'llm_call', false],
    ['output.text contains "x" or output.text is missing', 'llm_call', false],
    ['output.text is present and output.text contains "x"', 'llm_call', false],
    ['output.text is not missing and output.text contains "x"', 'llm_call', false],
    ['output.text is missing and output.text contains "x"', 'llm_call', true],
    ['output.text is present or output.text contains "x"', 'llm_call', true],
    ['output.text is missing or input.text contains "x"', 'llm_call', true],
    ['not (output.text is present) or output.text contains "x"', 'llm_call', false],
    ['count(llm_call where output.text contains "x") == 0', 'trace', false],
    ['any(llm_call where output.text contains "x")', 'trace', true],
    ['any(tool_call where name == "x")', 'trace', false],
    ['all(tool_call.status == "ok")', 'trace', false],
    ['sum(llm_call.duration) < 9s', 'trace', false],
    ['sum(llm_call.cost) < 1 USD', 'trace', true],
    ['sum(llm_call.cost where cost is present) < 1 USD', 'trace', false],
    ['sum(llm_call.duration where model == "x") < 9s', 'trace', true],
    ['mean(llm_call.duration) < 9s', 'trace', true],
    ['(mean(llm_call.duration) ?? 0s) < 9s', 'trace', false],
    ['before(tool_call where name == "a", tool_call where name == "b")', 'trace', false],
    ['repeats(tool_call) < 3', 'trace', true],
    ['repeats(tool_call where arguments.text is present) < 3', 'trace', false],
    ['attr("a.b", string) == "x"', 'trace', true],
    ['env == "prod"', 'trace', true],
    ['agent.name == "x"', 'trace where agent.name == "x" and duration > 1s', false],
    ['output.text contains "x"', 'llm_call where output.text is present', false],
    ['output.text contains "x"', 'llm_call where length(output.text) > 3', false],
    ['output.text contains "x"', 'llm_call where input.text is present', true],
    ['trace.agent.name == "x"', 'llm_call in ours', false],
    ['agent.name == "x"', 'llm_call in ours', true],
  ])('%s on %s: %s', (text, subject, expected) => {
    const source = `package shop\nscope ours = trace where agent.name == "a"\nonline eval it {\n  on: ${subject}\n  pass: ${text}\n}\n`
    expect(codesOf(source)).toEqual(expected ? ['E0207'] : [])
  })

  test('a dead clause is flagged, and leaves no policy behind', () => {
    const source = 'package shop\nonline eval it {\n  on: trace\n  pass: duration < 8s\n  missing: fail\n}\n'
    expect(codesOf(source)).toEqual(['W0208'])
    expect(compileEval('  on: trace\n  pass: duration < 8s\n  missing: fail').missing).toBeNull()
  })

  test('a file may say it once', () => {
    const body = '  on: llm_call\n  pass: output.text contains "x"'
    expect(compileEval(body, 'default missing: fail').missing).toEqual({ kind: 'fail' })
    expect(compileEval(`${body}\n  missing: unknown`, 'default missing: fail').missing).toEqual({ kind: 'unknown' })
    expect(compileEval('  on: trace\n  pass: duration < 8s', 'default missing: fail').missing).toBeNull()
  })

  test('a score that may be missing makes the verdict unknown only where it is read', () => {
    const score = '  on: trace\n  score: sum(llm_call.cost)\n'
    expect(codesOf(`package shop\nonline eval it {\n${score}  pass: score < 1 USD\n}\n`)).toEqual(['E0207'])
    expect(codesOf(`package shop\nonline eval it {\n${score}  pass: duration < 8s\n}\n`)).toEqual([])
  })
})

describe('when an eval is judged', () => {
  test.each([
    ['llm_call', 'duration < 8s', 'arrival'],
    ['llm_call in ours', 'duration < 8s', 'arrival'],
    ['llm_call in slow', 'duration < 8s', 'settle'],
    ['trace', 'duration < 8s', 'settle'],
    ['llm_call', 'trace.agent.name == "x"', 'settle'],
    ['llm_call', 'count(tool_call) < 3', 'settle'],
    ['llm_call', 'attr("a", string) == "x"', 'arrival'],
    ['llm_call', 'passes(quick)', 'arrival'],
    ['llm_call', 'passes(busy)', 'settle'],
  ])('%s, %s: %s', (on, pass, expected) => {
    const before = `scope ours = trace where agent.name == "a" and env == "prod"
scope slow = trace where duration > 1s
online eval quick {
  on: llm_call
  pass: duration < 1s
}
online eval busy {
  on: llm_call
  pass: count(llm_call) < 3
}`
    expect(compileEval(`  on: ${on}\n  pass: ${pass}\n  missing: unknown`, before).when).toBe(expected)
  })
})
