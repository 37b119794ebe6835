/** The tour as a reader would go it: each file is put where its text says, each command is run, and prints what stands below. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeFlags } from '../scripts/node-flags.mjs'

const root = dirname(import.meta.dirname)
const COMMAND = 'npm run --silent assay -- '

type Step =
  | { kind: 'file'; line: number; path: string; text: string }
  | { kind: 'commands'; line: number; commands: string[] }
  | { kind: 'output'; line: number; text: string }

function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  let path = ''
  let open: { line: number; info: string; lines: string[] } | null = null
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null && open === null) path = /`(tour\/[\w-]+\.eval)`/.exec(line)?.[1] ?? path
    else if (fence === null) open!.lines.push(line)
    else if (open === null) open = { line: index + 1, info: fence[1]!, lines: [] }
    else {
      const text = open.lines.map((one) => `${one}\n`).join('')
      if (open.info.startsWith('eval')) steps.push({ kind: 'file', line: open.line, path, text })
      else if (open.info === 'sh') steps.push({ kind: 'commands', line: open.line, commands: open.lines })
      else steps.push({ kind: 'output', line: open.line, text })
      open = null
    }
  }
  return steps
}

const steps = stepsOf(readFileSync(join(root, 'docs', 'language', 'tour.md'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'assay-tour-'))
beforeAll(() => mkdirSync(join(folder, 'tour')))
afterAll(() => rmSync(folder, { recursive: true }))

function run(command: string): string {
  const args = command.slice(COMMAND.length).split(' ')
  const { stdout, stderr } = spawnSync(process.execPath, [...nodeFlags, join(root, 'cli', 'main.ts'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return `${stdout}${stderr}`.replace(/\(\d+ ms\)/, '(… ms)')
}

test('the tour has files, commands and what these print', () => {
  const counts = Object.groupBy(steps, ({ kind }) => kind)
  expect(counts.file?.length).toBeGreaterThan(8)
  expect(counts.output?.length).toBe(counts.commands?.length)
})

test('every step does what the page shows', { timeout: 60_000 }, () => {
  let printed = ''
  for (const step of steps) {
    if (step.kind === 'file') writeFileSync(join(folder, step.path), step.text)
    else if (step.kind === 'commands') {
      expect(step.commands.filter((command) => !command.startsWith(COMMAND))).toEqual([])
      printed = step.commands.map(run).join('')
    } else expect(`line ${step.line}\n${printed}`).toBe(`line ${step.line}\n${step.text}`)
  }
})
