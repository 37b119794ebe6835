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

test('a file of labels is read, and read again when it changes', () => {
  const own = mkdtempSync(join(tmpdir(), 'assay-labels-'))
  const labels = join(own, 'helpful.jsonl')
  writeFileSync(
    join(own, 'shop.eval'),
    `package shop
offline eval helpful {
  every: hour in "UTC"
  sample: 5 of trace over 1h
  judge: "openai/gpt-5-mini"
  show: output.text
  scale: 1 to 5
  rubric: "5 solved, 1 not"
  labels: "helpful.jsonl"
  pass: score >= 4
  missing: unknown
}
`,
  )
  const open = () => openDefinitions([own], { nowMs: () => 1, onReload: () => {} })
  const missing = open()
  expect(missing.ok).toBe(false)
  expect(missing.loaded.diagnostics.map(({ code }) => code)).toEqual(['E0425'])
  const line = JSON.stringify({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', score: 2, by: 'ana' })
  writeFileSync(labels, `${line}\n`)
  const opened = open()
  if (!opened.ok) throw new Error('the definitions do not check')
  const { definitions } = opened
  const anchors = () => definitions.current().plan.evals.map((one) => one.kind === 'offline' && one.anchors?.length)
  expect(anchors()).toEqual([1])
  writeFileSync(labels, `${line}\n${line.replace('ana', 'ben')}\n`)
  expect(definitions.reload()).toMatchObject({ kind: 'swapped' })
  expect(anchors()).toEqual([2])
  definitions.close()
  rmSync(own, { recursive: true, force: true })
})
