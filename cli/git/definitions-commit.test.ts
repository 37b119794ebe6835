/** Which commit definitions come from, of a real repository. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commitOfDefinitions } from './definitions-commit.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-commit-'))
afterAll(() => rmSync(folder, { recursive: true }))

function commit(file: string, text: string, author: string, subject: string): void {
  writeFileSync(join(folder, file), text)
  for (const args of [
    ['add', '-A'],
    [
      '-c',
      'user.name=c',
      '-c',
      'user.email=c@example.org',
      'commit',
      '-qm',
      subject,
      `--author=${author} <a@example.org>`,
    ],
  ]) {
    const { status, stderr } = spawnSync('git', args, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
}

test('the last commit that touched the files, with its author and subject; of edited files nobody; outside of git nothing', () => {
  const evals = join(folder, 'evals')
  mkdirSync(evals)
  writeFileSync(join(evals, 'a.eval'), 'package a')
  expect(commitOfDefinitions([evals])).toBeNull()
  spawnSync('git', ['init', '-q', '-b', 'main'], { cwd: folder })
  expect(commitOfDefinitions([evals])).toBeNull()
  commit('evals/a.eval', 'package a', 'Ana', 'Ask for less')
  commit('other.txt', 'x', 'Ben', 'Something else')
  const found = commitOfDefinitions([evals])
  expect(found).toEqual({ revision: expect.stringMatching(/^[0-9a-f]{40}$/), author: 'Ana', subject: 'Ask for less' })
  expect(commitOfDefinitions([join(evals, 'a.eval')])).toEqual(found)
  writeFileSync(join(evals, 'a.eval'), 'package b')
  expect(commitOfDefinitions([evals])).toEqual({ revision: `${found?.revision}+changes`, author: null, subject: null })
  expect(commitOfDefinitions([join(folder, 'gone')])).toBeNull()
})
