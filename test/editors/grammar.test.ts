/** Highlighting: what each token is coloured as, and that no word of the language is forgotten. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { IGrammar } from 'vscode-textmate'
import { clauseDoc } from '../../dsl/clause-docs.ts'
import { CLAUSES } from '../../dsl/clauses.ts'
import { CONST_TYPES } from '../../dsl/elaborate/declarations.ts'
import { FUNCTION_DOCS } from '../../dsl/functions.ts'
import { FIELDS, SUBJECTS } from '../../dsl/schema.ts'
import { Source } from '../../dsl/source.ts'
import { lex } from '../../dsl/syntax/lexer.ts'
import { WORDS } from '../../dsl/syntax/tokens.ts'
import { loadGrammar, tokenise } from './tokenise.ts'

const root = dirname(dirname(import.meta.dirname))
let grammar: IGrammar

beforeAll(async () => {
  grammar = await loadGrammar()
})

/** The narrowest scope of the first token that is `word`. */
function scopeOf(line: string, word: string): string {
  const token = tokenise(grammar, line)
    .flat()
    .find(({ text }) => text.trim() === word)
  return token?.scopes.at(-1) ?? ''
}

function evalFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.eval'))
    .map((name) => join(folder, name))
}

test('every token of a file of many forms has the colour that it had', async () => {
  const golden = join(import.meta.dirname, 'golden', 'forms')
  const text = readFileSync(`${golden}.eval`, 'utf8')
  const lines = tokenise(grammar, text).flatMap((tokens, index) =>
    tokens.map(({ text: token, scopes }) => `${index + 1}\t${token.trim()}\t${scopes.join(' ')}`),
  )
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`${golden}.tokens.txt`)
})

describe('files of the language', () => {
  const files = [...evalFiles('evals'), ...evalFiles('examples'), 'dsl/golden/language.eval']

  test.each(files)('%s has nothing that is coloured as wrong, and each of its tokens as what it is', (file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const lines = tokenise(grammar, text)
    expect(lines.flat().filter(({ scopes }) => scopes.some((scope) => scope.startsWith('invalid')))).toEqual([])
    const source = new Source(file, text)
    for (const token of lex(text)) {
      const wanted = FAMILY[token.tokenType.name]
      if (wanted === undefined) continue
      const { line, column } = source.position(token.startOffset)
      const shown = lines[line - 1]?.findLast(({ start }) => start < column)
      expect(shown?.scopes[0], `${token.image} on line ${line}`).toContain(wanted)
    }
  })
})

/** By the lexer's kind of token, what its first scope has in it. */
const FAMILY: Record<string, string> = {
  Text: 'string.quoted.double',
  TextBlock: 'string.quoted.triple',
  Regex: 'string.regexp',
  Money: 'constant.numeric.money',
  Duration: 'constant.numeric.duration',
  Percent: 'constant.numeric.ratio',
  Points: 'constant.numeric.points',
  Int: 'constant.numeric',
  Decimal: 'constant.numeric',
  TimeOfDay: 'constant.numeric.time',
}

describe('no word is forgotten', () => {
  test.each([...WORDS.keys()])('`%s` is a keyword, an operator or a subject', (word) => {
    const [, scope] = [word, scopeOf(`  a ${word}`, word)]
    // Some have a colour only where they mean something.
    const scopes = [
      scope,
      scopeOf(`pass: a ${word} b`, word),
      scopeOf(`pass: a is ${word}`, word),
      scopeOf(`matches ${word} [a]`, `matches ${word}`),
    ]
    expect(scopes.join(' ')).toMatch(/keyword|storage|constant\.language|support\.class/)
  })

  test.each(SUBJECTS.map((subject) => subject.name))('the subject `%s`', (name) => {
    expect(scopeOf(`  on: ${name} where a`, name)).toBe('support.class.subject.eval')
    expect(scopeOf(`  pass: sum(${name}.cost)`, name)).toBe('support.class.subject.eval')
  })

  test.each([...new Set(Object.values(CLAUSES).flatMap(({ required, optional }) => [...required, ...optional]))])(
    'the clause `%s:`',
    (key) => {
      expect(scopeOf(`  ${key}:  a`, key)).toBe('support.type.property-name.eval')
    },
  )

  test.each(FIELDS.map((field) => field.path))('the field `%s`, as a key and in a rule', (path) => {
    expect(scopeOf(`    ${path}: "x"`, path)).toBe('support.type.property-name.eval')
    expect(scopeOf(`  pass: ${path} == "x"`, path)).toMatch(/^variable|^constant\.language/)
  })

  test.each(Object.keys(FUNCTION_DOCS))('the function `%s`', (name) => {
    expect(scopeOf(`  pass: ${name}(a) > 1`, name)).toBe('support.function.eval')
  })

  test.each(Object.keys(CONST_TYPES))('the type `%s` of a constant', (type) => {
    expect(scopeOf(`const a: ${type} = 1`, type)).toBe('storage.type.eval')
  })

  test.each(
    ['mode', 'severity', 'missing', 'no_data'].flatMap((key) =>
      (clauseDoc('alert', key)?.words ?? []).map((word) => [key, word.split(' ')[0]!] as const),
    ),
  )('the value in `%s: %s`', (key, word) => {
    expect(scopeOf(`  ${key}: ${word}`, word)).toMatch(/constant\.language|keyword\.other/)
  })
})
