import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openDefinitions } from './definitions.ts'
import { describeReload } from './describe.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-definitions-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a folder that is emptied, as by a deploy that deletes before it copies, does not take the rules out of force', () => {
  const file = join(folder, 'shop.eval')
  const text = 'package shop\n\nonline eval quick {\n  on: llm_call\n  pass: duration < 5s\n}\n'
  writeFileSync(file, text)
  const opened = openDefinitions([folder], { nowMs: () => 1, onReload: () => {} })
  if (!opened.ok) throw new Error('the definitions do not check')
  const { definitions } = opened
  const before = definitions.current()

  rmSync(file)
  const emptied = definitions.reload()
  if (emptied.kind !== 'refused') throw new Error(`it was ${emptied.kind}`)
  expect(definitions.current()).toBe(before)
  expect(describeReload(emptied)).toMatch(/no \.eval files left here[\s\S]+the version before stays in force/)
  expect(definitions.reload()).toEqual({ kind: 'unchanged' })

  writeFileSync(file, text.replace('5s', '6s'))
  expect(definitions.reload()).toMatchObject({ kind: 'swapped' })
  expect(definitions.current().plan.hash).not.toBe(before.plan.hash)
  definitions.close()
})
