/** Identity of what came after the first cut: named expressions, metrics, panels, labels, budgets. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planOf } from './testing.ts'

const DECLARATIONS = [
  'define slow = duration > limit',
  'const limit = 8s',
  'scope ours = trace where env == "prod"',
  'pattern key = /sk-[a-z]+/',
]
const ONLINE = ['on: ours', 'pass: not slow and not (output.text matches key)', 'missing: unknown']
const OFFLINE = [
  'every: hour in "UTC"',
  'sample: 10 of ours over 1h',
  'judge: "a/one", "b/two" take mean',
  'show: output.text',
  'scale: 1 to 5',
  'rubric: "5 good"',
  'pass: score >= 4',
  'missing: unknown',
]
const METRIC = [
  'every: hour in "UTC"',
  'sample: 10 of ours over 1h',
  'metric: context_relevance(query: input.text, documents: retrieval.documents, k: 5)',
  'pass: score >= 70%',
  'missing: unknown',
]

function text(
  [declarations, ...evals]: readonly (readonly string[])[] = [DECLARATIONS, ONLINE, OFFLINE, METRIC],
  blank = '\n  ',
): string {
  const kinds = ['online eval a', 'offline eval b', 'offline eval c']
  const blocks = evals.map((clauses, at) => `${kinds[at]} {${blank}${clauses.join(blank)}\n}`)
  return `package shop\n${[...(declarations ?? []), ...blocks].join('\n')}\n`
}

function hashes(source: string): Record<string, string> {
  return Object.fromEntries(
    planOf(source).evals.map(({ name, measureHash, verdictHash }) => [name, `${measureHash} ${verdictHash}`]),
  )
}
const base = hashes(text())

test('order, layout, comments and names are in no hash', () => {
  const shuffled = (lines: readonly string[]) => fc.shuffledSubarray([...lines], { minLength: lines.length })
  fc.assert(
    fc.property(
      fc.tuple(shuffled(DECLARATIONS), shuffled(ONLINE), shuffled(OFFLINE), shuffled(METRIC)),
      fc.constantFrom('\n  ', '\n', '\n\n\t', '\n# why: not\n  ', ' # so\n'),
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}_x$/), { minLength: 4, maxLength: 4 }),
      (parts, blank, names) => {
        const renamed = ['slow', 'limit', 'ours', 'key'].reduce(
          (source, name, at) => source.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), names[at] as string),
          text(parts, blank),
        )
        expect(hashes(renamed)).toEqual(base)
      },
    ),
    { numRuns: 50 },
  )
})

describe('what is outside', () => {
  test.each([
    ['a definition written out', 'not slow', 'not (duration > 8s)'],
    ['the order of a panel', '"a/one", "b/two"', '"b/two", "a/one"'],
    ['a stand-in', 'take mean', 'take mean or else "c/three"'],
    [
      'labels, budget, title, owner',
      'every: hour',
      'labels: "labels/it.jsonl"\n budget: 3 USD per run\n title: "t"\n owner: "o"\n every: hour',
    ],
    ['a former name', 'on: ours', 'was: old\n on: ours'],
    ['the size of the sample', '10 of', '20 of'],
    ['strata', 'over 1h', 'over 1h by env'],
    ['a default said', 'k: 5', 'k: 5, take: "precision"'],
    ['a default left out', ', k: 5', ''],
  ])('%s', (_name, from, to) => {
    expect(text()).toContain(from)
    expect(hashes(text().replaceAll(from, to))).toEqual(base)
  })
})

describe('what is measured', () => {
  test.each([
    ['a', '> limit', '>= limit'],
    ['b', 'take mean', 'take median'],
    ['b', '"b/two"', '"b/three"'],
    ['c', 'k: 5', 'k: 6'],
    ['c', 'k: 5', 'k: 5, take: "ndcg"'],
    ['c', 'query: input.text', 'query: output.text'],
    ['c', 'score >= 70%', 'score >= 80%'],
  ])('of %s: %s to %s', (name, from, to) => {
    expect(hashes(text().replaceAll(from, to))[name]).not.toBe(base[name])
  })
})
