import { expect, test } from 'vitest'
import { loadEvals } from '../../cli/load-evals.ts'
import { compileProject } from '../../dsl/project.ts'
import { partsReadBy } from './reads.ts'

function partsOf(body: string): unknown {
  const text = `package t\nonline eval e {\n${body}\n}\n`
  const { plan, diagnostics } = compileProject({ files: [{ path: 't.eval', text }], readImport: () => null })
  if (plan === null) throw new Error(JSON.stringify(diagnostics))
  return partsReadBy(plan)
}

test.each([
  ['on: trace\npass: duration < 5s', { inputs: false, attributes: false }],
  ['on: llm_call\npass: output.text contains "x"\nmissing: unknown', { inputs: false, attributes: false }],
  ['on: llm_call\npass: input.text contains "x"\nmissing: unknown', { inputs: true, attributes: false }],
  ['on: llm_call\npass: input.text is missing', { inputs: true, attributes: false }],
  ['on: llm_call where input.text contains "x"\npass: duration < 5s', { inputs: true, attributes: false }],
  ['on: trace\npass: count(llm_call where length(input.text) > 9) < 5', { inputs: true, attributes: false }],
  ['on: trace\npass: repeats(tool_call) < 5\nmissing: unknown', { inputs: true, attributes: false }],
  ['on: llm_call\npass: attr("acme.tier", string) == "gold"\nmissing: unknown', { inputs: false, attributes: true }],
])('%s', (body, parts) => {
  expect(partsOf(body)).toEqual(parts)
})

test('the packs that are in force by default read answers alone', () => {
  const { plan } = loadEvals(['evals/latency.eval', 'evals/pii.eval'])
  expect(plan && partsReadBy(plan)).toEqual({ inputs: false, attributes: false })
})
