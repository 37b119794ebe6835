import { describe, expect, test } from 'vitest'
import { detectCi, filesOf, isNew } from './plan-init.ts'

const nothing = { hasGithubFolder: false, hasGitlabPipeline: false, remotes: [] }

describe('where CI runs', () => {
  test.each([
    [{}, null],
    [{ hasGithubFolder: true }, 'github'],
    [{ hasGitlabPipeline: true }, 'gitlab'],
    [{ hasGithubFolder: true, hasGitlabPipeline: true }, null],
    [{ remotes: ['git@github.com:acme/shop.git'] }, 'github'],
    [{ remotes: ['https://github.acme.example/shop'] }, 'github'],
    [{ remotes: ['ssh://git@gitlab.com:22/acme/shop.git'] }, 'gitlab'],
    [{ remotes: ['https://user:secret@gitlab.acme.example/shop.git'] }, 'gitlab'],
    [{ remotes: ['https://codeberg.org/github.com/shop'] }, null],
    [{ remotes: ['/srv/gitlab/shop.git'] }, null],
  ] as const)('%j: %s', (signs, expected) => {
    expect(detectCi({ ...nothing, ...signs })).toBe(expected)
  })
})

test('a repository without any sign is new, and one on another host is not', () => {
  expect(isNew(nothing)).toBe(true)
  expect(isNew({ ...nothing, remotes: ['https://codeberg.org/acme/shop'] })).toBe(false)
  expect(isNew({ ...nothing, hasGitlabPipeline: true })).toBe(false)
})

test('workflows stand at the root, whatever the folder', () => {
  expect(filesOf('agents/support', 'github', false).map(({ path }) => path)).toEqual([
    'agents/support/evals/agent.eval',
    'agents/support/evals/README.md',
    '.github/workflows/evals.yml',
  ])
})

test('a pipeline that exists is left alone', () => {
  const pathsWith = (hasPipeline: boolean): string[] => filesOf('', 'gitlab', hasPipeline).map(({ path }) => path)
  expect(pathsWith(false)).toContain('.gitlab-ci.yml')
  expect(pathsWith(true)).not.toContain('.gitlab-ci.yml')
})
