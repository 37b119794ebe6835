import { expect, test } from 'vitest'
import { workspaceOf } from './testing.ts'

const evalOf = (name: string, rest = ''): string =>
  `package shop\nonline eval ${name} {\n${rest}  on:   trace\n  pass: duration <= 8s\n}\n`

function codes(workspace: ReturnType<typeof workspaceOf>, path: string): string[] {
  return workspace.diagnostics(path).map(({ code }) => code)
}

test('an edit concerns the file and those that import it, directly or not, and no other', () => {
  const workspace = workspaceOf({
    'a.eval': 'package a\nconst limit = 8s\n',
    'b.eval': 'package b\nimport a from "./a.eval"\nconst more = a.limit\n',
    'c.eval': 'package c\nimport b from "./b.eval"\nonline eval c {\n  on: trace\n  pass: duration <= b.more\n}\n',
    'd.eval': evalOf('d'),
  })
  for (const path of workspace.paths()) expect(codes(workspace, path)).toEqual([])
  expect(workspace.set('a.eval', 'package a\nconst limit = 8\n').sort()).toEqual(['a.eval', 'b.eval', 'c.eval'])
  expect(workspace.isChecked('d.eval')).toBe(true)
  expect(codes(workspace, 'c.eval')).toEqual(['E0201'])
  expect(workspace.set('a.eval', 'package a\nconst limit = 8\n')).toEqual([])
})

test('a file that comes to be mends an import, and one that goes breaks it', () => {
  const workspace = workspaceOf({ 'b.eval': 'package b\nimport a from "./a.eval"\nconst more = a.limit\n' })
  expect(codes(workspace, 'b.eval')).toEqual(['E0105'])
  expect(workspace.set('a.eval', 'package a\nconst limit = 8s\n')).toEqual(['b.eval', 'a.eval'])
  expect(codes(workspace, 'b.eval')).toEqual([])
  expect(workspace.remove('a.eval')).toEqual(['b.eval'])
  expect(codes(workspace, 'b.eval')).toEqual(['E0105'])
})

test('an id in two files is told in the later one, until one has another', () => {
  const workspace = workspaceOf({ 'a.eval': evalOf('fast'), 'b.eval': evalOf('fast') })
  for (const path of workspace.paths()) workspace.check(path)
  expect([codes(workspace, 'a.eval'), codes(workspace, 'b.eval')]).toEqual([[], ['E0119']])
  expect(workspace.set('a.eval', evalOf('quick')).sort()).toEqual(['a.eval', 'b.eval'])
  expect(workspace.check('a.eval')).toEqual([])
  expect(codes(workspace, 'b.eval')).toEqual([])
})

test('a former name belongs to one eval of all files', () => {
  const workspace = workspaceOf({ 'a.eval': evalOf('fast', '  was:  quick\n'), 'b.eval': evalOf('other') })
  for (const path of workspace.paths()) workspace.check(path)
  expect(codes(workspace, 'a.eval')).toEqual([])
  workspace.set('b.eval', evalOf('quick'))
  expect(workspace.check('b.eval')).toEqual(['a.eval'])
  expect(codes(workspace, 'a.eval')).toEqual(['E0121'])
  workspace.set('b.eval', evalOf('other', '  was:  quick\n'))
  workspace.check('b.eval')
  expect([codes(workspace, 'a.eval'), codes(workspace, 'b.eval')]).toEqual([[], ['E0121']])
})

test('the check of a file is that of the whole project, circles and all, however often it is made', () => {
  const text = 'package a\nscope x = y\nscope y = x\nonline eval it {\n  on: x\n  pass: true\n}\n'
  const workspace = workspaceOf({ 'a.eval': text })
  const first = codes(workspace, 'a.eval')
  expect(first).toContain('E0114')
  // The tree is the same one when the text is.
  workspace.set('a.eval', `${text}\n`)
  workspace.set('a.eval', text)
  expect(codes(workspace, 'a.eval')).toEqual(first)
})
