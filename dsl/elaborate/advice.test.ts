/** What people write who know other languages, and what they are told. */
import { expect, test } from 'vitest'
import { compileText } from '../testing.ts'

function told(text: string): string[] {
  const { diagnostics } = compileText(`package shop\n${text}\n`)
  return diagnostics.flatMap(({ notes, fix }) => [...notes, ...(fix?.options.map((one) => one.text) ?? [])])
}
const trace = (pass: string): string => `online eval it {\n  on: trace\n  pass: ${pass}\n}`
const call = (pass: string): string => `online eval it {\n  on: llm_call\n  missing: unknown\n  pass: ${pass}\n}`

test.each([
  [trace('tool_call.count < 5'), 'put it in an aggregate, such as `count(tool_call)`'],
  [trace('llm_call.model == "x"'), 'put it in an aggregate, such as `any(llm_call.model == "…")`'],
  [trace('llm_call.tokens.total < 5'), 'put it in an aggregate, such as `sum(llm_call.tokens.total)`'],
  [call('output.text.length < 500'), 'length(output.text)'],
  [call('output.text ~ /x/'), 'a pattern is asked for by a word: `output.text matches /…/`'],
  [trace('status == ok'), 'values stand in quotes: `status == "ok"`'],
  [
    `${trace('duration < 5s')}\ntest "x" {\n  given trace { duration: 6 }\n  expect it: pass\n}`,
    'a duration has a unit: `6s` or `6ms`',
  ],
  [
    `${trace('duration < 5s')}\nalert a {\n  on: it\n  when: pass_rate < 95 over 1h\n  severity: page\n}`,
    'a ratio is a percentage: `95%`',
  ],
])('%s', (text, advice) => {
  expect(told(text)).toContain(advice)
})
