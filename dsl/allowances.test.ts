import { describe, expect, test } from 'vitest'
import { formatText } from './format/format.ts'
import { compileText } from './testing.ts'

const SLOW = 'pattern number = /\\d{6,}/'

function found(text: string): string[] {
  return compileText(`package shop\n${text}\n`).diagnostics.map(
    ({ code, line, message }) => `${code} ${line}: ${message}`,
  )
}

describe('an allowance', () => {
  test.each([
    ['at the end of the line', `${SLOW}  # assay-allow W0310: digits are all there is`],
    ['on the line above', `# assay-allow W0310: digits are all there is\n${SLOW}`],
    ['above other comments', `# assay-allow W0310: digits are all there is\n\n# The number of an order.\n${SLOW}`],
    [
      'with other codes',
      `# assay-allow W0310, E0214: neither matters\nonline eval it { on: llm_call where status != "bad"  pass: model matches /[a-z]+/  missing: fail }`,
    ],
    [
      'of one of two on the line',
      `# assay-allow W0310: one\n# assay-allow E0214: two\nonline eval it { on: llm_call where status != "bad"  pass: model matches /[a-z]+/  missing: fail }`,
    ],
  ])('%s', (_name, text) => {
    expect(found(text)).toEqual([])
    expect(compileText(`package shop\n${text}\n`).plan).not.toBeNull()
  })

  test.each([
    ['without a reason', `${SLOW} # assay-allow W0310:`, ['W0310 2', 'E0018 2: this allowance gives no reason']],
    ['without a colon', `${SLOW} # assay-allow W0310 fine`, ['W0310 2', 'E0018 2: this allowance names no code']],
    ['of no code', `${SLOW} # assay-allow: fine`, ['W0310 2', 'E0018 2: this allowance names no code']],
    ['of an unknown code', `${SLOW} # assay-allow E0310: fine`, ['W0310 2', 'E0018 2: there is no diagnostic E0310']],
    [
      'of a type error',
      'const a: int = "x" # assay-allow E0201: fine',
      ['E0201 2', 'E0018 2: E0201 cannot be allowed'],
    ],
    ['of nothing', '# assay-allow W0310: fine\nconst a = 1', ['E0019 2: there is no W0310 here to allow']],
    ['at the end of the file', `${SLOW}\n# assay-allow W0310: fine`, ['W0310 2', 'E0019 3']],
    ['two lines above', `# assay-allow W0310: fine\nconst a = 1\n${SLOW}`, ['E0019 2', 'W0310 4']],
    ['in a text', `${SLOW}\nconst a = "# assay-allow W0310: fine"`, ['W0310 2']],
    ['in prose', `# Write assay-allow W0310 beside it.\n${SLOW}`, ['W0310 3']],
    ['of nothing, while the file is in error', '# assay-allow W0310: fine\nconst a = b', ['E0104 3']],
  ])('%s is none', (_name, text, expected) => {
    const told = found(text)
    expect(told).toHaveLength(expected.length)
    for (const [index, start] of expected.entries()) expect(told[index]).toContain(start)
  })
})

const LOOSE = 'output.text matches /[a-z]+/'
test.each([
  [
    'behind an eval on one line',
    `online eval it { on: llm_call  pass: ${LOOSE}  missing: fail }  # assay-allow W0310: so it is`,
  ],
  [
    'above an eval on one line',
    `# assay-allow W0310: so it is\nonline eval it { on: llm_call  pass: ${LOOSE}  missing: fail }`,
  ],
  [
    'behind a clause',
    `online eval it {\n  on: llm_call\n  pass: ${LOOSE}\n    and name == "x"  # assay-allow W0310: so it is\n  missing: fail\n}`,
  ],
  [
    'above a clause',
    `online eval it {\n  on: llm_call\n  # assay-allow W0310: so it is\n  pass: name == "x"\n    and ${LOOSE}\n  missing: fail\n}`,
  ],
])('an allowance %s says the same of the formatted file', (_name, text) => {
  expect(found(text)).toEqual([])
  const formatted = formatText(`package shop\n${text}\n`)
  if (formatted.kind !== 'formatted') throw new Error('a valid file is not formatted')
  expect(compileText(formatted.text).diagnostics).toEqual([])
})

test('an allowance behind one clause says nothing of the next', () => {
  const text = `online eval it {\n  on: llm_call # assay-allow W0310: no\n  pass: ${LOOSE}\n  missing: fail\n}`
  expect(found(text).map((one) => one.slice(0, 5))).toEqual(['E0019', 'W0310'])
})
