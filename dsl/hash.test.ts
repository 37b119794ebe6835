import { describe, expect, test, vi } from 'vitest'
import { evalNamed, planOf } from './testing.ts'

const BASE = `package shop
import pii from "assay:pii"
const limit: duration = 8s
pattern key = /sk-[a-z]{20}/
scope ours = trace where agent.name == "a" and env == "prod"
online eval fast {
  title: "Fast"
  on:    ours
  score: duration
  pass:  score <= limit
}
online eval clean {
  on:      llm_call in ours
  pass:    not (output.text matches any [pii.card, key])
  missing: unknown
}
offline eval helpful {
  every:   day at 06:00 in "UTC"
  sample:  200 of ours over 24h
  judge:   "a/one" or else "b/two"
  show:    input.text, output.text
  scale:   1 to 5
  rubric:  """
    5  Solved.
    1  Not.
    """
  pass:    score >= 4
  missing: unknown
}
online eval flagged {
  on:   trace where fails(fast)
  pass: count(tool_call) <= 3
}
`

function hashes(text: string, compile = planOf): Record<string, { measure: string; verdict: string }> {
  const plan = compile(text)
  return Object.fromEntries(
    plan.evals.map(({ name, measureHash, verdictHash }) => [name, { measure: measureHash, verdict: verdictHash }]),
  )
}

const base = hashes(BASE)

function edited(from: string, to: string): string {
  expect(BASE).toContain(from)
  return BASE.replaceAll(from, to)
}

describe('what means the same has the same hashes', () => {
  test.each([
    ['blanks and comments', `# why\n${BASE.replaceAll('\n  ', '\n      ').replaceAll(' <= ', '  <=  # so\n')}`],
    ['another line ending', BASE.replaceAll('\n', '\r\n')],
    ['a constant renamed', BASE.replaceAll('limit', 'threshold')],
    ['a constant written out', BASE.replace('score <= limit', 'score <= 8s')],
    ['another unit', BASE.replace('= 8s', '= 8000ms')],
    ['arithmetic of constants', BASE.replace('= 8s', '= 2 * 3s + 2s')],
    ['a pattern renamed', BASE.replaceAll('key', 'secret')],
    ['a pattern written out', BASE.replace('pii.card, key', 'pii.card, /sk-[a-z]{20}/')],
    ['a scope renamed', BASE.replaceAll('ours', 'everything')],
    [
      'a scope in brackets',
      BASE.replace('agent.name == "a" and env == "prod"', '(agent.name == "a" and (env == "prod"))'),
    ],
    ['another title and owner', BASE.replace('title: "Fast"', 'owner: "@me"')],
    ['shadow mode', BASE.replace('title: "Fast"', 'mode: shadow')],
    [
      'clauses in another order',
      BASE.replace('  score: duration\n  pass:  score <= limit\n', '  pass:  score <= limit\n  score: duration\n'),
    ],
    [
      'declarations in another order',
      `${BASE.replace('const limit: duration = 8s\n', '')}const limit: duration = 8s\n`,
    ],
    ['another sample size', BASE.replace('200 of', '50 of')],
    ['another fallback judge', BASE.replace(' or else "b/two"', '')],
    ['another schedule', BASE.replace('day at 06:00', 'monday at 07:00')],
    [
      'a redaction',
      BASE.replace('  missing: unknown\n}\noffline', '  missing: unknown\n  redact: output.text\n}\noffline'),
    ],
    ['an indented rubric', BASE.replace('    5  Solved.\n    1  Not.\n', '      5  Solved.\n      1  Not.\n')],
    ['another import alias', BASE.replace('import pii', 'import p').replace('pii.card', 'p.card')],
  ])('%s', (_name, text) => {
    expect(text).not.toBe(BASE)
    expect(hashes(text)).toEqual(base)
  })
})

describe('a change of what is measured starts a new series', () => {
  test.each([
    ['fast', edited('score: duration', 'score: duration * 2')],
    ['fast', edited('env == "prod"', 'env == "test"')],
    ['clean', edited('sk-[a-z]{20}', 'sk-[a-z]{21}')],
    ['clean', edited('/sk-[a-z]{20}/', '/sk-[a-z]{20}/i')],
    ['clean', edited('output.text matches any', 'input.text matches any')],
    ['clean', edited('[pii.card, key]', '[pii.card]')],
    ['clean', BASE.replace('key])\n  missing: unknown', 'key])\n  missing: fail')],
    ['helpful', edited('5  Solved.', '5  Solved and verified.')],
    ['helpful', edited('1 to 5', '1 to 7')],
    ['helpful', edited('"a/one"', '"a/three"')],
    ['helpful', edited('show:    input.text, output.text', 'show:    output.text')],
    ['helpful', edited('over 24h', 'over 48h')],
    ['flagged', edited('count(tool_call) <= 3', 'count(tool_call) <= 4')],
    ['flagged', edited('fails(fast)', 'passes(fast)')],
    ['flagged', edited('= 8s', '= 9s')],
  ])('of %s', (name, text) => {
    expect(hashes(text)[name]?.measure).not.toBe(base[name]?.measure)
  })
})

describe('a change of the threshold re-derives verdicts', () => {
  test.each([
    ['fast', edited('= 8s', '= 9s')],
    ['helpful', edited('score >= 4', 'score >= 3')],
    ['helpful', BASE.replace('score >= 4\n  missing: unknown', 'score >= 4\n  missing: fail')],
  ])('of %s', (name, text) => {
    expect(hashes(text)[name]?.measure).toBe(base[name]?.measure)
    expect(hashes(text)[name]?.verdict).not.toBe(base[name]?.verdict)
  })

  test('and touches nothing else', () => {
    const after = hashes(edited('score >= 4', 'score >= 3'))
    for (const name of ['fast', 'clean', 'flagged']) expect(after[name]).toEqual(base[name])
  })
})

test.each([
  ['the prompt', { JUDGE_TEMPLATE_VERSION: 'judge-next' }],
  ['how long texts are cut', { JUDGE_WINDOW_VERSION: 'window-next' }],
])('another version of %s starts a new series of what judges say, and of nothing else', async (_, next) => {
  vi.resetModules()
  vi.doMock('./judge-template.ts', async (original) => ({ ...(await original<object>()), ...next }))
  const fresh = await import('./testing.ts')
  const { helpful, ...others } = hashes(BASE, fresh.planOf)
  expect(helpful?.measure).not.toBe(base.helpful?.measure)
  expect({ ...others, helpful: { ...base.helpful, verdict: helpful?.verdict } }).toEqual(base)
  vi.doUnmock('./judge-template.ts')
})

test('hashes are the same tomorrow', () => {
  // A change of these breaks every series that is charted: change `FIELDS[…].revision` or `JUDGE_TEMPLATE_VERSION`
  // with reason, or nothing.
  const plan = planOf(BASE)
  expect(evalNamed(plan, 'fast').measureHash).toMatchInlineSnapshot(`"28c75129022267461a69933aad29f0d5"`)
  expect(evalNamed(plan, 'clean').measureHash).toMatchInlineSnapshot(`"3b9cb6bb61c714d9b553726b4877fa30"`)
  expect(evalNamed(plan, 'helpful').measureHash).toMatchInlineSnapshot(`"978f4e2e836e0af9af325e68ca15d4d9"`)
})

test('the hash of the plan covers everything in force', () => {
  const { hash } = planOf(BASE)
  expect(hash).toMatch(/^[0-9a-f]{64}$/)
  expect(planOf(BASE).hash).toBe(hash)
  expect(planOf(BASE.replace('title: "Fast"', 'title: "Faster"')).hash).not.toBe(hash)
})
