import { expect, test } from 'vitest'
import { agreementText } from './agreement-text.ts'

const none = { judged: null, corrected: null }
const verdicts = { subjects: 0, agreed: null, kappa: null, alpha: null, ac1: null }
const agreement = { eval: 'shop/helpful', judged: 6, labelled: 0, people: [], verdicts, scores: null }

test('without labels it says so, and which command takes them', () => {
  const text = agreementText({ ...agreement, passRate: none, meanScore: none })
  expect(text).toContain('shop/helpful: 6 judged, none of them labelled\n')
  expect(text).toContain('assay label ask shop/helpful\n')
})

test('with labels it says whose', () => {
  const text = agreementText({ ...agreement, labelled: 2, people: ['ana', 'ben'], passRate: none, meanScore: none })
  expect(text).toContain('6 judged, 2 of them labelled by ana, ben\n')
})
