import { expect, test } from 'vitest'
import type { ResultJson } from '../../server/schemas.ts'
import { resultTable, scoreText } from './results-table.ts'

const result = (over: Partial<ResultJson> = {}): ResultJson => ({
  eval: 'shop/no_pii',
  traceId: 'ab'.repeat(16),
  spanId: '53995c3f42cd8ad8',
  subject: 'llm_call',
  subjectTime: '2026-11-21T12:00:00.000000Z',
  verdict: 'pass',
  evidence: [],
  revision: 1,
  evaluatedAt: '2026-11-21T12:00:00.000Z',
  mode: 'live',
  measureHash: '',
  verdictHash: '',
  agent: { name: 'support' },
  ...over,
})

test.each([
  [{ score: 1234.567, scoreUnit: 'ms' }, '1235 ms'],
  [{ score: 0.1234567, scoreUnit: 'USD' }, '0.1235 USD'],
  [{ score: 0.935, scoreUnit: 'ratio' }, '93.5%'],
  [{ score: 4 }, '4'],
  [{}, ''],
])('%j is shown as %s', (score, text) => {
  expect(scoreText(score)).toBe(text)
})

test.each([
  [200, 'AGENT TRACE SPAN DETAILS'],
  [133, 'AGENT TRACE DETAILS'],
  [80, 'TRACE DETAILS'],
])('in %d columns the heading ends in %s', (widthChars, ending) => {
  const [heading = ''] = resultTable([result()], widthChars).split('\n')
  expect(heading.split(/ +/).join(' ')).toBe(`TIME (UTC) EVAL VERDICT SCORE ${ending}`)
})

test('a column that nothing is in is left out', () => {
  const { agent, spanId, ...ofTrace } = result()
  expect(resultTable([ofTrace], 500)).not.toMatch(/AGENT|SPAN/)
})
