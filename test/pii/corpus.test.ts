import { describe, expect, test } from 'vitest'
import { compilePatterns } from '../../engine/regex/patterns.ts'
import { readCorpus } from './corpus.ts'
import { measure, scoreTable } from './measure.ts'
import { compilePack } from './pack.ts'

const { patterns } = compilePack()
const set = compilePatterns(patterns)
const all = set.group(patterns.map((_pattern, index) => index))

/** A phone number has neither a checksum nor one form; all others have one of the two. */
const REQUIRED = { phone: 0.95, other: 0.98 }

describe.each(['development', 'held-out'] as const)('%s half', (half) => {
  const cases = readCorpus(half)
  const scores = measure(cases, (text) => set.find(all, text))
  console.log(`${half}: ${cases.length} texts\n${scoreTable(scores)}`)

  test('has at least 1,000 texts, look-alikes and real lines among them', () => {
    expect(cases.length).toBeGreaterThan(1_000)
    expect(cases.filter((item) => item.kind === 'none').length).toBeGreaterThan(500)
    expect(cases.filter((item) => item.source === 'real').length).toBeGreaterThan(200)
  })

  test.each(scores.filter((score) => score.kind !== 'phone_bare'))('$kind', (score) => {
    const required = score.kind === 'phone' ? REQUIRED.phone : REQUIRED.other
    expect(score.values).toBeGreaterThanOrEqual(50)
    expect(score.precision).toBeGreaterThanOrEqual(required)
    expect(score.recall).toBeGreaterThanOrEqual(required)
  })
})
