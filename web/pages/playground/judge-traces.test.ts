import { expect, test } from 'vitest'
import { compileProject } from '../../../dsl/project.ts'
import { judgeTraces } from './judge-traces.ts'

const SOURCE = `package shop

online eval polite {
  on: llm_call
  pass: output.text contains "please"
  missing: unknown
}
`
const span = (spanId: string, text: string, input = 'Hello.') => ({
  traceId: 'a'.repeat(32),
  spanId,
  kind: 'llm',
  name: 'chat',
  startTime: '2026-11-22T06:00:00.000000Z',
  endTime: '2026-11-22T06:00:01.000000Z',
  durationMs: 1_000,
  status: 'ok',
  convention: 'otel_genai',
  input: { text: input },
  output: { text },
  results: [],
})

test('what is masked in the store is called so, and is no verdict', () => {
  const { plan } = compileProject({ files: [{ path: 'shop.eval', text: SOURCE }], readImport: () => null })
  const spans = [span('1'.repeat(16), 'Write to ********, please.'), span('2'.repeat(16), 'Wait, please.')]
  const { judged } = judgeTraces(plan!, [{ traceId: 'a'.repeat(32), spans, results: [] }])
  expect(judged.map(({ verdict, why }) => [verdict, why])).toEqual([
    ['unknown', 'masked: output.text'],
    ['pass', ''],
  ])
})

test('where another text of the span is masked, what is too long is said to be that; and the one that is masked is named', () => {
  const source = `${SOURCE}
online eval both {
  on: llm_call
  pass: input.text contains "Hello" and output.text contains "please"
  missing: unknown
}
`
  const { plan } = compileProject({ files: [{ path: 'shop.eval', text: source }], readImport: () => null })
  const long = span('1'.repeat(16), 'x'.repeat(2_000_000), 'Hello ********.')
  const masked = span('2'.repeat(16), 'Write to ********, please.')
  const { judged } = judgeTraces(plan!, [{ traceId: 'a'.repeat(32), spans: [long, masked], results: [] }])
  expect(judged.map(({ evalId, spanId, why }) => `${spanId[0]} ${evalId.split('/')[1]}: ${why}`)).toEqual([
    '1 polite: truncated: output.text',
    '1 both: masked: input.text',
    '2 polite: masked: output.text',
    '2 both: masked: output.text',
  ])
})

test('a score is told with its unit, where it has one', () => {
  const source = `package shop

online eval quick {
  on: llm_call
  score: duration
  pass: score <= 500ms
}

online eval short {
  on: llm_call
  score: length(output.text)
  pass: score <= 50
  missing: unknown
}
`
  const { plan } = compileProject({ files: [{ path: 'shop.eval', text: source }], readImport: () => null })
  const spans = [span('1'.repeat(16), 'Wait.')]
  const { judged } = judgeTraces(plan!, [{ traceId: 'a'.repeat(32), spans, results: [] }])
  expect(judged.map(({ verdict, score, scoreUnit }) => [verdict, score, scoreUnit])).toEqual([
    ['fail', 1_000, 'ms'],
    ['pass', 5, undefined],
  ])
})
