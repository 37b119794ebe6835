/** What an investigation may find: what tests of its readers begin with. */
import type { AlertInvestigation, Finding } from './investigation.ts'

export const SAMPLE_FINDING: Finding = {
  label: 'tool',
  value: 'refund',
  isAbsent: false,
  failing: { count: 46, of: 50 },
  passing: { count: 12, of: 400 },
  lift: 29.6,
  interval: { low: 17.1, high: 51.2 },
  p: 1e-40,
  q: 1e-39,
  also: [{ label: 'model', value: 'gpt-5-mini' }],
}

export const SAMPLE_INVESTIGATION: AlertInvestigation = {
  atMs: 1,
  fromMs: 0,
  toMs: 1,
  outcome: 'found',
  failing: { traces: 50, compared: 50 },
  passing: { traces: 400, compared: 400 },
  tested: 12,
  findings: [SAMPLE_FINDING],
  judge: null,
  summary: null,
  summaryRefused: null,
}
