import { describe, expect, test } from 'vitest'
import { compileText } from '../../dsl/testing.ts'
import { githubReport } from './github.ts'
import { reportOf } from './report.ts'

function annotations(text: string, path: string, root: string): string[] {
  const { diagnostics } = compileText(text)
  const named = diagnostics.map((diagnostic) => ({ ...diagnostic, file: path }))
  const report = reportOf({
    counts: null,
    costs: [],
    diagnostics: named,
    files: [path],
    sources: new Map(),
    shownAs: new Map(),
  })
  return githubReport(report, root).trimEnd().split('\n')
}

describe('annotations of GitHub Actions', () => {
  test('say where, what and how to fix it, errors first', () => {
    const text =
      'package shop\nonline eval it {\n  on: trace\n  pass: duration <= 8s\n  missing: fail\n  onwer: "@x"\n}\n'
    expect(annotations(text, 'evals/shop.eval', process.cwd())).toEqual([
      '::error file=evals/shop.eval,line=6,endLine=6,col=3,endColumn=8,title=E0108%3A an online eval has no `onwer%3A`%2C did you mean `owner`?' +
        '::an online eval has no `onwer:`, did you mean `owner`? (unknown clause)%0Afix: write owner:',
      expect.stringMatching(/^::warning file=evals\/shop\.eval,line=5,.*title=W0208/),
    ])
  })

  test('paths are those of the repository, wherever the command runs', () => {
    const [line] = annotations('', `${process.cwd()}/a,b/100%.eval`, process.cwd())
    expect(line).toMatch(/^::error file=a%2Cb\/100%25\.eval,line=1,/)
  })

  test('columns are given of one line only', () => {
    const [line] = annotations('package shop\nonline eval it {\n on: trace\n pass: """\n a\n """\n}\n', 'a.eval', '/')
    expect(line).toContain('line=4,endLine=6,title=')
  })
})
