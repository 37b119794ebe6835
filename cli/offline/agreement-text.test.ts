import { expect, test } from 'vitest'
import { agreementText, trustLine } from './agreement-text.ts'

const none = { judged: null, corrected: null }
const intervals = { kappa: null, alpha: null, ac1: null }
const verdicts = { subjects: 0, agreed: null, kappa: null, alpha: null, ac1: null, intervals }
const anchors = { rounds: 0, lastAt: null, drift: null, sinceFirst: null }
const measureHash = 'm'
const agreement = {
  eval: 'shop/helpful',
  measureHash,
  judged: 6,
  labelled: 0,
  people: [],
  verdicts,
  scores: null,
  anchors,
}

test('without labels it says so, and which command takes them', () => {
  const text = agreementText({ ...agreement, passRate: none, meanScore: none })
  expect(text).toContain('shop/helpful: 6 judged, none of them labelled\n')
  expect(text).toContain('assay label ask shop/helpful\n')
})

test('with labels it says whose', () => {
  const text = agreementText({ ...agreement, labelled: 2, people: ['ana', 'ben'], passRate: none, meanScore: none })
  expect(text).toContain('6 judged, 2 of them labelled by ana, ben\n')
})

test('of anchors it says when they were judged, and whether the judge drifted', () => {
  const round = { runId: 'r', at: '', measureHash, models: ['gpt-1'], agreed: 0.95, passed: 0.9, meanScore: null }
  const drift = {
    before: round,
    now: { ...round, models: ['gpt-2'], agreed: 0.5 },
    anchors: 20,
    lost: 9,
    gained: 0,
    p: 0.0039,
    hasDrifted: true,
    isOtherMeasure: false,
    isOtherModel: true,
  }
  const told = (rounds: number, one: typeof drift | null) =>
    agreementText({
      ...agreement,
      passRate: none,
      meanScore: none,
      anchors: { rounds, lastAt: '2026-11-04T03:00:00.000Z', drift: one, sinceFirst: one },
    })
  expect(agreementText({ ...agreement, passRate: none, meanScore: none })).toContain('anchors: not judged again yet')
  expect(told(1, null)).toContain(
    'anchors: 1 round, the last at 2026-11-04T03:00:00.000Z; drift is told from the second',
  )
  expect(told(2, drift)).toContain(
    'against the round before: the judge has drifted (p 0.0039; 9 lost, 0 gained); agrees with people on 50.0% of 20, 95.0% then; gpt-1 then, gpt-2 now\n',
  )
  expect(told(2, drift)).not.toContain('the first round')
  expect(told(3, { ...drift, hasDrifted: false })).toContain('against the first round: no drift')
})

test('the status says in a line how far a judge can be trusted', () => {
  const series = { ...agreement, passRate: none, meanScore: none }
  expect(trustLine('shop/helpful', null)).toBe('  no labels yet: assay label ask shop/helpful')
  expect(trustLine('shop/helpful', series)).toBe(
    '  no labels yet of what the judge in force judged: assay label ask shop/helpful',
  )
  const within = { lower: 0.514, upper: 0.91 }
  const told = {
    ...verdicts,
    subjects: 40,
    agreed: 0.9,
    kappa: 0.712,
    alpha: 0.7,
    ac1: null,
    intervals: { kappa: within, alpha: null, ac1: null },
  }
  expect(trustLine('shop/helpful', { ...series, judged: 200, labelled: 40, people: ['ana'], verdicts: told })).toBe(
    '  40 of 200 judged labelled by ana; verdicts: kappa 0.712 (0.514 to 0.910), alpha 0.700, AC1 –',
  )
  expect(trustLine('shop/helpful', { ...series, judged: 200, labelled: 4, people: ['ana'], verdicts: told })).toContain(
    '; fewer than 30 labels say little',
  )
})
