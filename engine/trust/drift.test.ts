import { expect, test } from 'vitest'
import { type AnchorRound, driftBetween } from './drift.ts'

/** A letter an anchor: the judge's verdict, P or F, or - where it decided nothing. People said pass of each. */
function round(verdicts: string, over: Partial<AnchorRound> = {}): AnchorRound {
  const decided = [...verdicts].flatMap((one, i) =>
    one === '-' ? [] : [{ key: `${i}`, isPass: one === 'P', score: one === 'P' ? 5 : 1, labelledPass: true }],
  )
  return {
    runId: 'anchor@a/b@1',
    atMs: 1,
    measureHash: 'm',
    models: ['gpt-1'],
    verdicts: decided,
    undecided: verdicts.length - decided.length,
    ...over,
  }
}

test('a judge that says the same has not drifted, whatever it is called', () => {
  const drift = driftBetween(
    round('PPPF'),
    round('PPPF', { runId: 'anchor@a/b@2', models: ['gpt-2'], measureHash: 'n' }),
  )
  expect(drift).toMatchObject({ anchors: 4, lost: 0, gained: 0, p: 1, hasDrifted: false })
  expect(drift).toMatchObject({
    isOtherMeasure: true,
    isOtherModel: true,
    now: { agreed: 0.75, passed: 0.75, meanScore: 4 },
  })
})

test('agreements that are lost one way are drift, and those that go both ways are not', () => {
  const [before, now] = [round('P'.repeat(20)), round(`${'F'.repeat(8)}${'P'.repeat(12)}`)]
  expect(driftBetween(before, now)).toMatchObject({ lost: 8, gained: 0, hasDrifted: true })
  expect(driftBetween(before, now)?.p).toBeCloseTo(2 ** -7, 12)
  expect(driftBetween(before, now)).toMatchObject({ before: { passed: 1 }, now: { passed: 0.6 }, isOtherModel: false })
  const dithers = [round('PPPPPPFFFFFF'), round('FFFFFFPPPPPP')] as const
  expect(driftBetween(...dithers)).toMatchObject({ lost: 6, gained: 6, p: 1, hasDrifted: false })
})

test('what was not decided both times is left out, and what people say by now counts for both', () => {
  expect(driftBetween(round('P-PP'), round('PPP-'))).toMatchObject({ anchors: 2 })
  expect(driftBetween(round('P--'), round('-PP'))).toBeNull()
  const [one, other] = [round('PP'), round('PP')]
  const relabelled = { ...other, verdicts: other.verdicts.map((verdict) => ({ ...verdict, labelledPass: false })) }
  expect(driftBetween(one, relabelled)).toMatchObject({ lost: 0, gained: 0, before: { agreed: 0 }, now: { agreed: 0 } })
})
