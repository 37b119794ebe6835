import { describe, expect, test } from 'vitest'
import { clauseDoc } from '../clause-docs.ts'
import { CLAUSES, type DeclKind } from '../clauses.ts'
import { FUNCTIONS } from '../elaborate/calls.ts'
import { FUNCTION_DOCS } from '../functions.ts'
import { fieldsOf } from '../schema.ts'
import { editorSnippet, plainSnippet } from './snippets.ts'
import { completions, labels } from './testing.ts'

const HEAD =
  'package shop\nimport pii from "assay:pii"\nconst limit = 8s\npattern key = /sk-\\d+/\nscope prod = trace where env == "prod"\nscope calls = llm_call in prod\n'
const OTHER =
  'online eval fast {\n  on: trace\n  pass: duration <= limit\n}\nalert slow {\n  on: fast\n  when: count(fail) >= 1 over 10m\n  severity: info\n}\n'
const online = (body: string): string => `${HEAD}${OTHER}online eval it {\n${body}\n}\n`

test('a clause is offered where it may stand and does not yet', () => {
  expect(labels(online('  on: trace\n  ‸\n  pass: true'))).toEqual(
    [...CLAUSES['online eval'].required, ...CLAUSES['online eval'].optional]
      .filter((key) => key !== 'on' && key !== 'pass')
      .map((key) => `${key}:`),
  )
  expect(labels(`${HEAD}alert a {\n  ‸`)[0]).toBe('on:')
})

test.each([
  ['  on: ‸', ['trace', 'llm_call', 'prod', 'calls'], ['limit', 'fast', 'duration']],
  ['  on: llm_call in ‸', ['prod'], ['calls', 'trace', 'limit']],
  ['  on: llm_call where ‸', ['output.text', 'cost', 'limit', 'count'], ['score', 'query.text']],
  ['  on: tool_call where status == ‸', ['"ok"', '"error"'], []],
  ['  on: trace\n  pass: ‸', ['duration', 'limit', 'sum', 'not', 'score'], ['cost', 'prod', 'key']],
  ['  on: calls\n  pass: out‸', ['output.text', 'trace.agent.name'], ['arguments.text']],
  ['  on: trace\n  pass: duration ‸', ['and', 'matches', 'is missing'], ['duration']],
  ['  on: trace\n  pass: sum(‸)', ['llm_call', 'llm_call.cost'], ['duration']],
  ['  on: trace\n  pass: sum(llm_call.‸) <= 1 USD', ['llm_call.cost', 'llm_call.tokens.input'], []],
  ['  on: trace\n  pass: count(tool_call where ‸) <= 1', ['name', 'arguments.text'], ['cost', 'count']],
  ['  on: trace\n  pass: count(tool_call ‸) <= 1', ['where'], []],
  ['  on: llm_call\n  pass: output.text matches ‸', ['any', 'key', 'pii.email'], ['limit']],
  ['  on: llm_call\n  pass: output.text matches any [key, ‸]', ['key', 'pii.card'], ['any', 'limit']],
  ['  on: trace\n  pass: fails(‸)', ['fast', 'it'], ['duration', 'limit']],
  ['  on: trace\n  pass: attr("acme.tier", ‸) == "gold"', ['string', 'int'], ['money']],
  ['  on: trace\n  mode: ‸', ['live', 'shadow'], ['duration']],
  ['  on: llm_call\n  missing: ‸', ['unknown', 'fail', 'pass because "…"'], ['duration']],
  ['  on: llm_call\n  redact: output.text, ‸', ['input.text'], ['count']],
  ['  on: trace\n  pass: duration <= 5‸', ['5ms', '5s', '5m'], ['5%', '5 USD']],
  ['  on: trace\n  pass: sum(llm_call.cost) <= 5‸', ['5 USD', '5%'], []],
])('inside an online eval: %s', (body, wanted, unwanted) => {
  const found = labels(online(body))
  for (const label of wanted) expect(found).toContain(label)
  for (const label of unwanted) expect(found).not.toContain(label)
})

test.each([
  [`${HEAD}‸`, ['online eval', 'offline eval', 'alert', 'test', 'const', 'scope'], ['package']],
  ['‸', ['package', 'import', 'online eval'], []],
  [`${HEAD}onl‸`, ['online eval'], []],
  ['package shop\nimport pii from "‸"', ['assay:pii', './other.eval'], []],
  ['package shop\nimport pii from "‸', ['assay:pii'], []],
  [`${HEAD}const more: ‸`, ['duration', 'money'], ['limit']],
  [`${HEAD}const more = ‸`, ['limit'], ['duration']],
  [`${HEAD}default ‸`, ['missing:'], []],
  [`${HEAD}default missing: ‸`, ['unknown', 'fail'], []],
  [`${HEAD}${OTHER}alert a {\n  on: ‸\n}`, ['fast', 'prod'], ['duration', 'limit']],
  [`${HEAD}${OTHER}alert a {\n  on: fast\n  severity: ‸\n}`, ['page', 'ticket', 'info'], []],
  [`${HEAD}${OTHER}alert a {\n  on: fast\n  when: count(‸) >= 1 over 10m\n}`, ['fail', 'unknown'], ['duration']],
  [`${HEAD}${OTHER}alert a {\n  on: fast\n  notify: ‸\n}`, ['slack'], []],
  [`${HEAD}${OTHER}alert a {\n  on: fast\n  when: ‸\n}`, ['count(…)', 'pass_rate', 'mean(score)'], ['duration']],
  [`${HEAD}${OTHER}alert a {\n  on: fast\n  when: mean(score) ‸\n}`, ['regresses by', 'over'], ['duration']],
  [`${HEAD}${OTHER}scorecard s {\n  row: ‸\n}`, ['pass_rate(…)', 'coverage(…)'], ['duration']],
  [`${HEAD}${OTHER}scorecard s {\n  row: pass_rate(‸)\n}`, ['fast'], ['duration', 'llm_call']],
  [`${HEAD}${OTHER}scorecard s {\n  row: mean(fast)\n  ‸\n}`, ['row:', 'every:'], []],
  [`${HEAD}define slow = ‸`, ['limit'], []],
  [`${HEAD}define slow = duration > limit\nonline eval it {\n  on: trace\n  pass: not ‸\n}`, ['slow', 'duration'], []],
  [`${HEAD}offline eval o {\n  sample: 20 of ‸ over 1h\n}`, ['trace', 'prod'], ['limit']],
  [`${HEAD}offline eval o {\n  sample: all of trace where ‸ over 1h\n}`, ['env', 'duration'], []],
  [`${HEAD}offline eval o {\n  sample: all of trace over 1h\n  show: ‸\n}`, ['input.text', 'tool_call.name'], []],
  [`${HEAD}offline eval o {\n  every: ‸\n}`, ['day', 'hour', 'monday'], []],
  [`${OTHER}test "a" {\n  ‸\n}`, ['given trace', 'expect'], []],
  [`${OTHER}test "a" {\n  given ‸\n}`, ['trace', 'like', 'fast'], []],
  [`${OTHER}test "a" {\n  given trace { ‸ }\n}`, ['duration:', 'env:', 'llm_call'], ['cost:']],
  [`${OTHER}test "a" {\n  given trace { env: "x"  ‸ }\n}`, ['duration:'], ['env:']],
  [`${OTHER}test "a" {\n  given trace { llm_call { ‸ } }\n}`, ['output.text:', 'cost:'], ['llm_call', 'query.text:']],
  [`${OTHER}test "a" {\n  given trace { status: ‸ }\n}`, ['"ok"', '"error"'], ['missing']],
  [`${OTHER}test "a" {\n  given trace { env: ‸ }\n}`, ['missing'], []],
  [`${OTHER}test "a" {\n  expect ‸\n}`, ['fast', 'slow'], ['trace']],
  [`${OTHER}test "a" {\n  expect fast: ‸\n}`, ['pass', 'fail', 'none'], ['firing']],
  [`${OTHER}test "a" {\n  expect slow: ‸\n}`, ['firing', 'resolved'], ['pass']],
  [`${OTHER}test "a" {\n  expect fast: fail because ‸\n}`, ['output.text', 'llm_call.output.text'], []],
  [`${OTHER}test "a" {\n}\ntest "b" {\n  given like "‸"\n}`, ['a', 'b'], []],
  [`${OTHER}test "a" {\n  given fast: ‸\n}`, ['pass', 'fail'], []],
])('elsewhere: %s', (text, wanted, unwanted) => {
  const found = labels(text)
  for (const label of wanted) expect(found).toContain(label)
  for (const label of unwanted) expect(found).not.toContain(label)
})

test.each([`${HEAD}# on: ‸`, online('  on: trace # ‸'), online('  title: "‸"'), 'package ‸'])(
  'nothing is offered in comments, free texts and new names: %s',
  (text) => {
    expect(labels(text)).toEqual([])
  },
)

test('what is offered replaces the word that is being written, its dots included', () => {
  const marked = online('  on: llm_call\n  pass: output.te‸xt contains "a"')
  const text = marked.replace('‸', '')
  const item = completions(marked).find(({ label }) => label === 'output.text')
  expect(text.slice(item?.span.start, item?.span.end)).toBe('output.text')
})

describe('the tables are whole', () => {
  test('every function is told of, and no other', () => {
    expect(Object.keys(FUNCTION_DOCS).sort()).toEqual([...FUNCTIONS].sort())
  })

  test.each(Object.keys(CLAUSES) as DeclKind[])('every clause of an %s is told of', (kind) => {
    const { required, optional } = CLAUSES[kind]
    for (const key of [...required, ...optional]) expect(clauseDoc(kind, key)?.doc, key).toBeTruthy()
  })

  test('every field of a subject is offered in its rules', () => {
    const found = labels(online('  on: retrieval\n  pass: ‸'))
    for (const { path } of fieldsOf('retrieval')) expect(found).toContain(path)
  })
})

test.each([
  ['a <b> c <d|e> <>', ['a $', '{1:b} c $', '{2|d,e|} $3'].join(''), 'a b c d '],
  ['count(x) <= 1 $ }', 'count(x) <= 1 \\$ \\}', 'count(x) <= 1 $ }'],
])('places to fill in: %s', (text, snippet, plain) => {
  expect(editorSnippet(text)).toBe(snippet)
  expect(plainSnippet(text)).toBe(plain)
})
