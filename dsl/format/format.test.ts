import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CODES } from '../diagnostics/codes.ts'
import { Reporter } from '../diagnostics/reporter.ts'
import { Source } from '../source.ts'
import type { FileNode } from '../syntax/ast.ts'
import { endOf } from '../syntax/grammar-base.ts'
import { lex } from '../syntax/lexer.ts'
import { parseFile } from '../syntax/parse.ts'
import { compileText } from '../testing.ts'
import { formatText } from './format.ts'
import { commentsOf, piecesOf } from './pieces.ts'
import { randomDeclaration } from './random-declaration.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const below = (folder: string): string[] =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.eval'))
    .map((name) => `${folder}/${name}`)

const FILES = new Map([
  ...['dsl/golden', 'evals', 'examples/support-agent/evals', 'engine/testing/semantics'].flatMap((folder) =>
    below(folder).map((path) => [path, read(path)] as const),
  ),
  ...Object.entries(CODES).flatMap(([code, { example }]) =>
    example !== '' && formatText(example).kind === 'formatted' ? [[code, example] as const] : [],
  ),
])

function format(text: string): string {
  const result = formatText(text)
  if (result.kind === 'refused')
    throw new Error(`${result.diagnostics.map(({ line, message }) => `${line}: ${message}`).join('\n')}\n${text}`)
  return result.text
}

function parse(text: string): FileNode {
  return parseFile(new Source('', text), new Reporter(new Source('', text)))
}

/** A tree without places; blanks inside of an amount mean nothing. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape)
  if (typeof value === 'string') return value.replace(/^(\d+(?:\.\d+)?)[ \t]*([A-Z]{3})$/, '$1$2')
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => key !== 'span' && key !== 'opSpan')
  return Object.fromEntries(entries.map(([key, part]) => [key, shape(part)]))
}

function comments(text: string): string[] {
  const { pieces, end } = piecesOf(text)
  return [...pieces.map(({ gap }) => gap), end].flatMap(commentsOf)
}

function blocks(text: string): string[] {
  return lex(text).flatMap(({ image }) => (image.startsWith('"""') ? [image] : []))
}

function expectKept(text: string): void {
  const formatted = format(text)
  expect(shape(parse(formatted))).toEqual(shape(parse(text)))
  expect(comments(formatted)).toEqual(comments(text))
  expect(blocks(formatted)).toEqual(blocks(text))
  expect(format(formatted)).toBe(formatted)
}

describe('every file that there is', () => {
  test.each([...FILES.keys()])('%s keeps its tree, comments and rubrics, and is formatted once', (name) => {
    expectKept(FILES.get(name) ?? '')
  })

  test('the example of the whole language is in the one style', () => {
    const example = FILES.get('dsl/golden/language.eval') ?? ''
    expect(format(example)).toBe(example)
  })

  test.each([...below('evals'), ...below('examples/support-agent/evals')])('%s is in the one style', (path) => {
    expect(format(read(path))).toBe(read(path))
  })
})

describe('the one style', () => {
  const cases: [name: string, before: string, after: string][] = [
    [
      'values of clauses stand in one column',
      'online eval a{on:trace pass  :  duration<=8s}',
      'online eval a {\n  on:       trace\n  pass:     duration <= 8s\n}\n',
    ],
    [
      'a longer key has its value behind it',
      'alert a { false_alarms: 5% per 30d }',
      'alert a {\n  false_alarms: 5% per 30d\n}\n',
    ],
    ['neighbours stand in columns', 'package a\nconst b=1', 'package  a\nconst    b = 1\n'],
    ['those of one kind need none', 'const a=1\nconst b : duration=2s', 'const a = 1\nconst b: duration = 2s\n'],
    ['nor do those apart', 'package a\n\n\n\nconst b=1', 'package a\n\nconst b = 1\n'],
    [
      'an empty line stands around blocks',
      'package a\nonline eval b { on: trace }\nonline eval c { on: trace }',
      'package a\n\nonline eval b {\n  on:       trace\n}\n\nonline eval c {\n  on:       trace\n}\n',
    ],
    [
      'empty lines of a block stay, one at a time',
      'online eval a {\n\n  on: trace\n\n\n  pass: true\n\n}',
      'online eval a {\n  on:       trace\n\n  pass:     true\n}\n',
    ],
    ['signs', 'const a = - 1-2\nconst b = c -1', 'const a = -1 - 2\nconst b = c - 1\n'],
    [
      'calls and brackets',
      'scope a = trace where not( count ( tool_call )>1 )and x in[ "a" ,"b" ]',
      'scope a = trace where not (count(tool_call) > 1) and x in ["a", "b"]\n',
    ],
    [
      'patterns',
      'scope a = trace where name matches any[/a b/,/c/i]',
      'scope a = trace where name matches any [/a b/, /c/i]\n',
    ],
    ['amounts', 'const a = 0.25   USD\nconst b = 1EUR', 'const a = 0.25 USD\nconst b = 1 EUR\n'],
    [
      'a chain on one line where the author left it so',
      'scope a = trace where x and y',
      'scope a = trace where x and y\n',
    ],
    [
      'a chain that the author broke',
      'online eval a {\n pass: x and\n y and z\n}',
      'online eval a {\n  pass:     x\n            and y\n            and z\n}\n',
    ],
    [
      'alternatives of conditions',
      'online eval a {\n pass: x and y\n or z\n}',
      'online eval a {\n  pass:     x and y\n            or z\n}\n',
    ],
    ['a scale', 'offline eval a { scale: - 1 to -5 }', 'offline eval a {\n  scale:    -1 to -5\n}\n'],
    ['an empty fixture', 'test "a" { given trace { llm_call { } } }', 'test "a" {\n  given trace { llm_call {} }\n}\n'],
    [
      'a fixture in lines',
      'test "a" { given trace {\n env: "x" duration: 1s\n llm_call { cost: 1 USD }\n tool_call {\n name: "b" } retrieval {documents:[{id:"a",text:"b"},{id:"c"}]} } expect a:fail because output.text }',
      'test "a" {\n  given trace {\n    env: "x"  duration: 1s\n    llm_call  { cost: 1 USD }\n    tool_call {\n      name: "b"\n    }\n    retrieval { documents: [{ id: "a", text: "b" }, { id: "c" }] }\n  }\n  expect a: fail because output.text\n}\n',
    ],
    [
      'verdicts',
      'test "a" { given b:pass x 9,fail x 1 each 1m expect c:firing at 10m }',
      'test "a" {\n  given b: pass x 9, fail x 1 each 1m\n  expect c: firing at 10m\n}\n',
    ],
    [
      'comments behind code',
      'package a # one\nonline eval b { # two\n on: trace # three\n} # four\n',
      `package a${' '.repeat(34)}# one\n\nonline eval b {${' '.repeat(28)}# two\n  on:       trace${' '.repeat(26)}# three\n}${' '.repeat(42)}# four\n`,
    ],
    [
      'comments on lines of their own',
      '# top\n\npackage a\n# about b\nonline eval b {\n# in\n\n\n# on\non: trace\n  # end\n}\n# last',
      '# top\n\npackage a\n\n# about b\nonline eval b {\n  # in\n\n  # on\n  on:       trace\n  # end\n}\n# last\n',
    ],
    [
      'comments inside of a condition',
      'online eval a {\n pass: x # why\n and y\n # because\n and z }',
      `online eval a {\n  pass:     x${' '.repeat(30)}# why\n            and y\n            # because\n            and z\n}\n`,
    ],
    [
      'comments inside of a list',
      'scope a = trace where x in [ # all\n "a", # one\n "b"\n # end\n ]',
      `scope a = trace where x in [${' '.repeat(15)}# all\n    "a",${' '.repeat(35)}# one\n    "b"\n    # end\n  ]\n`,
    ],
    ['an empty file', '', ''],
    ['a file of blanks', ' \n\t\n', ''],
    ['a file of comments', '\n\n# a\n\n\n# b', '# a\n\n# b\n'],
    ['a byte order mark', '\uFEFFpackage a', 'package a\n'],
    [
      'tabs',
      'online eval a {\n\ton:\ttrace\t# a\tb\n}',
      `online eval a {\n  on:       trace${' '.repeat(26)}# a\tb\n}\n`,
    ],
    [
      'line ends of Windows stay',
      'package a # b\r\nconst c = 1\r\n',
      `package  a${' '.repeat(33)}# b\r\nconst    c = 1\r\n`,
    ],
    [
      'a template and its use',
      'template online eval t ( limit:duration=2s ){ on:trace pass:duration<=limit }\nonline eval a=lib.t(on:checkout,limit:1500ms)',
      'template online eval t(limit: duration = 2s) {\n  on:       trace\n  pass:     duration <= limit\n}\n\nonline eval a = lib.t(on: checkout, limit: 1500ms)\n',
    ],
  ]

  test.each(cases)('%s', (_name, before, after) => {
    expect(format(before)).toBe(after)
    expectKept(before)
  })

  test('long lines are wrapped', () => {
    const names = Array.from({ length: 30 }, (_, index) => `"name_${index}"`).join(', ')
    const formatted = format(
      `online eval a {\n  on: trace where agent.name in [${names}] and env == "prod"\n  pass: not (output.text matches any [${names.replaceAll('"', '/')}]) and before(tool_call where name == "verify_the_identity", tool_call where name == "issue_a_refund")\n}`,
    )
    expect(formatted).toMatchInlineSnapshot(`
      "online eval a {
        on:       trace where agent.name in [
                    "name_0", "name_1", "name_2", "name_3", "name_4", "name_5", "name_6", "name_7", "name_8", "name_9",
                    "name_10", "name_11", "name_12", "name_13", "name_14", "name_15", "name_16", "name_17", "name_18",
                    "name_19", "name_20", "name_21", "name_22", "name_23", "name_24", "name_25", "name_26", "name_27",
                    "name_28", "name_29"
                  ]
                  and env == "prod"
        pass:     not (output.text matches any [
                      /name_0/, /name_1/, /name_2/, /name_3/, /name_4/, /name_5/, /name_6/, /name_7/, /name_8/, /name_9/,
                      /name_10/, /name_11/, /name_12/, /name_13/, /name_14/, /name_15/, /name_16/, /name_17/, /name_18/,
                      /name_19/, /name_20/, /name_21/, /name_22/, /name_23/, /name_24/, /name_25/, /name_26/, /name_27/,
                      /name_28/, /name_29/
                    ])
                  and before(tool_call where name == "verify_the_identity", tool_call where name == "issue_a_refund")
      }
      "
    `)
    for (const line of formatted.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
    expectKept(formatted)
  })

  test('a rubric stays to the byte', () => {
    const rubric = '"""  \n\t 5  Solved. \t\r\n\n\n  1  # Not a comment   \n   """'
    expect(format(`offline eval a {\nrubric:${rubric}   # why\n}`)).toContain(`  rubric:   ${rubric}  `)
  })
})

test('what an allowance speaks of stays on its line', () => {
  const long = 'length(output.text) < 100000 and input.text is present and env == "production" and model is present'
  const text = `package shop
online eval a { on: llm_call missing: unknown
  pass: output.text matches /[a-z]+/ and ${long} # assay-allow W0310: known
}
online eval b {
  on: llm_call
  # assay-allow W0310: known
  pass: output.text matches any [/[a-z]+/] and ${long}
    and duration < 1s
  missing: unknown
}
`
  expect(compileText(text).diagnostics).toEqual([])
  expect(compileText(format(text)).diagnostics).toEqual([])
  expect(compileText(format(text).replaceAll(/# assay-allow.*/g, '')).diagnostics).toHaveLength(2)
  expectKept(text)
})

test.each(['online eval a { on: trace', 'package a\nonline eval b { pass: duration <= }', 'const a = "b'])(
  'a file with errors of form is refused: %s',
  (text) => {
    const result = formatText(text, 'shop.eval')
    expect(result.kind).toBe('refused')
    expect(result.kind === 'refused' && result.diagnostics[0]?.file).toBe('shop.eval')
  },
)

test('errors of meaning are no reason to refuse', () => {
  expect(format('online eval a { pas: nowhere }')).toBe('online eval a {\n  pas:      nowhere\n}\n')
})

describe('files drawn from the grammar', () => {
  const between = fc.constantFrom(' ', ' ', ' ', ' ', '\n', '\n\n', '\t', ' # note\n', '\n# a\n\n\n# b\n')
  const numbers = fc.infiniteStream(fc.nat(1000))

  test('keep their trees, comments and blocks, and are formatted once', () => {
    let read = 0
    fc.assert(
      fc.property(numbers, fc.infiniteStream(between), (drawn, blanks) => {
        const draw = (limit: number): number => (drawn.next().value as number) % limit
        const declarations = [randomDeclaration(draw), randomDeclaration(draw)]
        const text = declarations
          .map((words) => words.map((word) => `${word}${blanks.next().value}`).join(''))
          .join('\n')
        // What stands in the grammar is not always a file: operators that do not chain, a word that opens a declaration.
        if (formatText(text).kind === 'refused') return
        read++
        expectKept(text)
      }),
      { numRuns: 300 },
    )
    expect(read).toBeGreaterThan(60)
  })
})

describe('blanks and comments of any kind', () => {
  const blank = fc.constantFrom(
    '',
    ' ',
    '  ',
    '\t',
    '\n',
    '\n\n\n',
    '\r\n',
    ' \n ',
    '\n# note\n',
    ' # note\n',
    '\n\n# one\n\n# two \t\n\n',
    '#\n',
  )
  const files = [...FILES.values()].filter((text) => text.length < 8000)

  test('between any two tokens', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.infiniteStream(blank), fc.nat(), (text, blanks, seed) => {
        const tokens = lex(text)
        let scattered = ''
        for (const [index, token] of tokens.entries()) {
          const before = text.slice(
            index === 0 ? 0 : endOf(tokens[index - 1] as (typeof tokens)[number]),
            token.startOffset,
          )
          // Most stay as they were: otherwise every group of every file would be broken by a comment.
          const drawn = (index * 7919 + seed) % 5 === 0 ? (blanks.next().value as string) : before
          scattered += `${drawn === '' ? before : drawn}${token.image}`
        }
        if (formatText(scattered).kind === 'refused') refused++
        else expectKept(scattered)
      }),
      { numRuns: 300 },
    )
    // Nearly all of them can be read: a blank too many hurts nothing but an amount or a key.
    expect(refused).toBeLessThan(30)
  })
})
