import { expect, test } from 'vitest'
import type { LiveAgentJson } from '../../server/schemas.ts'
import { agentsTable } from './agents-table.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const agent: LiveAgentJson = {
  agent: 'support',
  env: 'prod',
  lastSeen: '2026-11-21T11:59:57Z',
  inFlightTraces: 3,
  runs: 60,
  errorRate: 0.01667,
  p95DurationMs: 2_345.6,
  spans: 400,
  failedSpans: 2,
  runsPerMinute: 12,
  spansPerMinute: 80,
  tokensPerMinute: 12_345.6,
  costUsdPerMinute: 0.01234,
  verdicts: {
    'shop/a': { pass: 10, fail: 1, unknown: 2, error: 1 },
    'shop/b': { pass: 5, fail: 0, unknown: 0, error: 0 },
  },
  versions: ['1.4.0', '1.3.0'],
  models: ['gpt-5-mini', 'gpt-5'],
}
const silent: LiveAgentJson = {
  ...agent,
  agent: 'ni\u001bght',
  lastSeen: '2026-11-21T11:52:00Z',
  inFlightTraces: 0,
  errorRate: null,
  p95DurationMs: null,
  runsPerMinute: 0,
  tokensPerMinute: 0,
  costUsdPerMinute: 0,
  verdicts: {},
  versions: [],
  models: [],
}

test('the table has what is to be seen at a glance, and nothing that a terminal would obey', () => {
  expect(agentsTable([agent, silent], nowMs, Number.POSITIVE_INFINITY)).toBe(
    [
      'AGENT    ENV    SEEN  OPEN  RUNS/MIN  ERRORS     P95   P/F/?  TOKENS/MIN  USD/MIN  VERSION  MODELS',
      'support  prod    3 s     3        12   1.67%  2.35 s  15/1/3       12346   0.0123  1.4.0    gpt-5-mini, gpt-5',
      'ni·ght   prod  8 min     0         0                                   0        0',
    ].join('\n'),
  )
})

test('what there is no room for is left out', () => {
  const lines = agentsTable([agent], nowMs, 80).split('\n')
  expect(lines[0]).toBe('AGENT    ENV   SEEN  OPEN  RUNS/MIN  ERRORS     P95   P/F/?  TOKENS/MIN  USD/MIN')
})
