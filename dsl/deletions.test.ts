/**
 * Any one token taken out of any valid file costs one declaration at most: it still parses, or an error within two lines says
 * so, and all other declarations are read as if nothing had happened. Every token of every file, so that nothing hides.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Reporter } from './diagnostics/reporter.ts'
import { Source } from './source.ts'
import type { DeclNode } from './syntax/ast.ts'
import { endOf } from './syntax/grammar-base.ts'
import { lex } from './syntax/lexer.ts'
import { parseFile } from './syntax/parse.ts'

const root = new URL('..', import.meta.url).pathname

function below(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.eval'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Examples of the reference. */
function fencedIn(page: string): [string, string][] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/```eval\n([\s\S]*?)```/g)].map(({ 1: example = '' }, index) => [
    `${page} ${index}`,
    example,
  ])
}

const files: [string, string][] = [
  ...['evals', 'examples', 'docs', 'dsl/golden']
    .flatMap(below)
    .map((path): [string, string] => [path.slice(root.length), readFileSync(path, 'utf8')]),
  ...fencedIn('docs/language/README.md'),
]

function parse(text: string): { declarations: DeclNode[]; errorLines: number[] } {
  const reporter = new Reporter(new Source('shop.eval', text))
  const { declarations } = parseFile(reporter.source, reporter)
  return { declarations: [...declarations], errorLines: reporter.diagnostics.map((diagnostic) => diagnostic.line) }
}

/** What a declaration says, wherever it stands. */
function meaningOf(declaration: DeclNode): string {
  return JSON.stringify(declaration, (key, value) => (key === 'span' || key === 'opSpan' ? undefined : value))
}

function problemsWithout(
  text: string,
  start: number,
  end: number,
  declarations: readonly [DeclNode, string][],
): string[] {
  const cut = text.slice(0, start) + text.slice(end)
  const { line } = new Source('', cut).position(start)
  const after = parse(cut)
  const far = after.errorLines.filter((at) => Math.abs(at - line) > 2)
  const left = new Set(after.declarations.map(meaningOf))
  const lost = declarations.filter(
    ([{ span }, meaning]) => (start < span.start || start >= span.end) && !left.has(meaning),
  )
  return [
    ...far.map((at) => `an error on line ${at}`),
    ...(after.errorLines.length > 3 ? [`${after.errorLines.length} errors`] : []),
    ...lost.map(([{ kind }]) => `lost ${kind}`),
  ]
}

describe.each(files)('%s', (_name, text) => {
  test('parses', () => {
    expect(parse(text).errorLines).toEqual([])
  })

  test('loses one declaration at most when a token is deleted', { timeout: 120_000 }, () => {
    const declarations = parse(text).declarations.map((declaration): [DeclNode, string] => [
      declaration,
      meaningOf(declaration),
    ])
    const source = new Source('', text)
    const problems = lex(text).flatMap((token) =>
      problemsWithout(text, token.startOffset, endOf(token), declarations).map(
        (problem) =>
          `without \`${token.image.slice(0, 30)}\` on line ${source.position(token.startOffset).line}: ${problem}`,
      ),
    )
    expect(problems).toEqual([])
  })
})
