/** What `--fix` makes of mistakes: the edits are safe, and there are no others. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { applyFixes, withEdits } from './apply-fixes.ts'
import { CODES, type Code, OTHER_EXAMPLE } from './diagnostics/codes.ts'
import { STANDARD_PACKS } from './standard-packs.ts'
import { compileText } from './testing.ts'

function fixed(text: string): string {
  const outcome = applyFixes(new Map([['shop.eval', text]]), (texts) => {
    const now = texts.get('shop.eval') ?? ''
    return compileText(now, { 'other.eval': OTHER_EXAMPLE }).diagnostics
  })
  return outcome.texts.get('shop.eval') ?? text
}

const CALL = 'package shop\nonline eval it {\n  on: llm_call\n  missing: unknown\n  pass: '
const TRACE = 'package shop\nonline eval it {\n  on: trace\n  pass: '
const FAST = 'online eval fast {\n  on: trace\n  pass: duration <= 5s\n}\n'

describe('in an expression', () => {
  test.each([
    ['durration <= 5s', 'duration <= 5s', TRACE],
    ['latency <= 5s', 'duration <= 5s', TRACE],
    ['duration <= 5 seconds', 'duration <= 5s', TRACE],
    ['duration <= 5sec', 'duration <= 5s', TRACE],
    ['1s <= duration <= 5s', '1s <= duration and duration <= 5s', TRACE],
    ['duration <= 5s && count(tool_calls) < 3', 'duration <= 5s and count(tool_call) < 3', TRACE],
    ['!(duration <= 5s)&&count(tool_call) < 3', 'not (duration <= 5s) and count(tool_call) < 3', TRACE],
    ['name == "x" || !(name in ["y"])', 'name == "x" or not (name in ["y"])', TRACE],
    ['avg(llm_call.duration) ?? 1s <= 5s', 'mean(llm_call.duration) ?? 1s <= 5s', TRACE],
    ["env == 'prod'", 'env == "prod"', `${TRACE.replace('  pass', '  missing: fail\n  pass')}`],
    ['env == “prod”', 'env == "prod"', `${TRACE.replace('  pass', '  missing: fail\n  pass')}`],
    ['duration <= 5s;', 'duration <= 5s', TRACE],
    ['duration\u00a0<= 5s', 'duration <= 5s', TRACE],
    ['duration <= 5s // why', 'duration <= 5s # why', TRACE],
    ['model != null', 'model is present', CALL.replace('  missing: unknown\n', '')],
    ['model is null', 'model is missing', CALL.replace('  missing: unknown\n', '')],
    ['len(output.text) < 4000', 'length(output.text) < 4000', CALL],
    ['cost < $0.25', 'cost < 0.25 USD', CALL],
    ['cost < 0.25', 'cost < 0.25 USD', CALL],
    ['attr("x", ratio) < 0.95', 'attr("x", ratio) < 95%', CALL],
    ['attr("x", ratio) < 95 %', 'attr("x", ratio) < 95%', CALL],
    ['attr("x", text) == "a"', 'attr("x", string) == "a"', CALL],
    ['status == "eror"', 'status == "error"', CALL.replace('  missing: unknown\n', '')],
    ['output.text matches /ab.c/gs', 'output.text matches /(?s)ab.c/', CALL],
    ['output.text matches [/ab/]', 'output.text matches any [/ab/]', CALL],
    ['output.text contains "a\\/b"', 'output.text contains "a/b"', CALL],
  ])('%s', (wrong, right, before) => {
    expect(fixed(`${before}${wrong}\n}\n`)).toBe(`${before}${right}\n}\n`)
    expect(compileText(`${before}${right}\n}\n`).diagnostics).toEqual([])
  })

  // `not` does not stand there either.
  test.each(['name !contains "x"', 'name !in ["x"]', '(name) !matches /x/'])('%s is left to its author', (wrong) => {
    const text = `${TRACE}${wrong}\n}\n`
    expect(fixed(text)).toBe(text)
    expect(compileText(text).diagnostics[0]).toMatchObject({
      code: 'E0009',
      notes: [expect.stringContaining('in front of the whole')],
    })
  })
})

test('an allowance that only shows as unused when nothing else is wrong keeps no fix from being made', () => {
  const unused = '# assay-allow W0310: it once was slow\nconst limit = 1s\n'
  const misspelt = FAST.replace('duration', 'durration')
  expect(fixed(`package shop\n${unused}${misspelt}`)).toContain('pass: duration <= 5s')
})

describe('in a file', () => {
  test.each([
    ['a missing package', FAST, `package shop\n${FAST}`],
    [
      'a key',
      `package shop\n${FAST.replace('on:', 'onwer: "@x"\n  on:')}`,
      `package shop\n${FAST.replace('on:', 'owner: "@x"\n  on:')}`,
    ],
    ['a clause without its colon', `package shop\n${FAST.replace('pass:', 'pass')}`, `package shop\n${FAST}`],
    ['a clause as an assignment', `package shop\n${FAST.replace('on:', 'on =')}`, `package shop\n${FAST}`],
    ['a subject', `package shop\n${FAST.replace('trace', 'traces')}`, `package shop\n${FAST}`],
    ['a declaration', `package shop\n${FAST.replace('online', 'onlin')}`, `package shop\n${FAST}`],
    ['a pack', `import p from "assay:pi"\npackage shop\n`, 'package shop\n'],
    ['a dead clause', `package shop\n${FAST.replace('}', '  missing: fail  # never\n}')}`, `package shop\n${FAST}`],
    [
      'a dead clause on a line with others',
      'package shop\nonline eval it { on: trace  missing: fail  pass: duration < 5s }\n',
      'package shop\nonline eval it { on: trace  pass: duration < 5s }\n',
    ],
    ['an unused import', `package shop\nimport other from "./other.eval" # why\n${FAST}`, `package shop\n${FAST}`],
    ['a typed constant', 'package shop\nconst x: ratio = 0.95\n', 'package shop\nconst x: ratio = 95%\n'],
    ['a default', 'package shop\ndefault mising: unknown\n', 'package shop\ndefault missing: unknown\n'],
    [
      'a test',
      `package shop\n${FAST}test "a" {\n  given trace { latency: 9s }\n  expect fats: fial\n}\n`,
      `package shop\n${FAST}test "a" {\n  given trace { duration: 9s }\n  expect fast: fail\n}\n`,
    ],
    [
      'line ends of Windows',
      `package shop\r\n${FAST.replaceAll('\n', '\r\n').replace('trace', 'traces')}`,
      `package shop\r\n${FAST.replaceAll('\n', '\r\n')}`,
    ],
  ])('%s', (_name, wrong, right) => {
    expect(fixed(wrong)).toBe(right)
    expect(compileText(right).diagnostics).toEqual([])
  })

  test('what only the author can know is left alone', () => {
    for (const text of [
      `${TRACE}duration <= 5\n}\n`,
      `${TRACE}cost <= 5 USD\n}\n`,
      `${CALL.replace('  missing: unknown\n', '')}output.text contains "a"\n}\n`,
      `${TRACE}(duration <= 5s\n}\n`,
      `package shop\nconst ab = 1\nconst ac = 2\nconst x = ad\n`,
      `${CALL}attr("x", ratio) < 5\n}\n`,
    ])
      expect(fixed(text)).toBe(text)
  })

  test('an import is not taken out while what uses it cannot be read', () => {
    const text = `package shop\nimport other from "./other.eval"\nonline eval it {\n  on: tracer where\n  pass: passes(other.fast)\n}\n`
    expect(fixed(text)).toContain('import other')
  })
})

test('an edit that would break a file is not made', () => {
  const check = (texts: ReadonlyMap<string, string>) => {
    const text = texts.get('shop.eval') ?? ''
    // A check that proposes to tear the file apart, beside its own fixes.
    return compileText(text).diagnostics.map((found) =>
      found.fix?.edit === undefined
        ? found
        : { ...found, fix: { ...found.fix, edit: { ...found.fix.edit, text: '{{' } } },
    )
  }
  const text = `${TRACE}durration <= 5s\n}\n`
  expect(applyFixes(new Map([['shop.eval', text]]), check).applied).toEqual([])
})

test('edits are made at once, whatever their order', () => {
  const edits = [
    { start: 4, end: 5, text: '' },
    { start: 0, end: 1, text: 'xx' },
    { start: 2, end: 2, text: '-' },
  ]
  expect(withEdits('abcdef', edits)).toBe('xxb-cdf')
})

test('every example of a code that has a machine fix is rid of the code by it', () => {
  let count = 0
  for (const code of Object.keys(CODES) as Code[]) {
    const { example } = CODES[code]
    const { diagnostics } = compileText(example, { 'other.eval': OTHER_EXAMPLE })
    if (!diagnostics.some(({ fix }) => fix?.applicability === 'machine')) continue
    count++
    const after = compileText(fixed(example), { 'other.eval': OTHER_EXAMPLE }).diagnostics
    expect(
      after.map((diagnostic) => diagnostic.code),
      code,
    ).not.toContain(code)
  }
  expect(count).toBeGreaterThan(18)
})

test('the standard packs are the files of the packs', () => {
  const files = readdirSync(new URL('../evals', import.meta.url)).filter((name) => name.endsWith('.eval'))
  expect(files.map((name) => `assay:${name.replace('.eval', '')}`).sort()).toEqual([...STANDARD_PACKS])
})
