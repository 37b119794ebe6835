import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

test('shows what changed, with three lines around', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join('')
  const after = before.replace('line 5\n', 'line five\n').replace('line 20\n', 'line 20')
  expect(unifiedDiff('a.eval', before, after)).toBe(`--- a/a.eval
+++ b/a.eval
@@ -2,7 +2,7 @@
 line 2
 line 3
 line 4
-line 5
+line five
 line 6
 line 7
 line 8
@@ -17,4 +17,4 @@
 line 17
 line 18
 line 19
-line 20
+line 20
\\ No newline at end of file
`)
})

test('is empty for equal texts', () => {
  expect(unifiedDiff('a.eval', 'a\n', 'a\n')).toBe('')
})

test('git applies it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-diff-'))
  const text = fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 30 }), fc.boolean())
    .map(([lines, ended]) => lines.join('\n') + (ended ? '\n' : ''))
  try {
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after && before !== '' && after !== '')
        writeFileSync(join(folder, 'x'), before)
        const input = unifiedDiff('x', before, after)
        const { status, stderr } = spawnSync('git', ['apply', '--whitespace=nowarn', '-'], {
          cwd: folder,
          input,
          encoding: 'utf8',
        })
        expect(`${status} ${stderr}`).toBe('0 ')
        expect(readFileSync(join(folder, 'x'), 'utf8')).toBe(after)
      }),
      { numRuns: 60 },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
