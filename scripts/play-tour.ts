/**
 * The tour of the language as a reader would go it: each file is put where the text above it says (`tour/fast.eval`), each command is
 * run, and what it prints is written into the block below.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { nodeFlags } from './node-flags.mjs'

const COMMAND = 'npm run --silent assay -- '
const main = join(dirname(import.meta.dirname), 'cli', 'main.ts')

export interface Played {
  /** The page with what the commands print now. */
  markdown: string
  fileCount: number
  commandCount: number
}

/** Throws on a command that is not `assay`'s, and on a file that the text gives no name. */
export function playTour(markdown: string): Played {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tour-'))
  mkdirSync(join(folder, 'tour'))
  try {
    return play(markdown, folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function play(markdown: string, folder: string): Played {
  const played = { fileCount: 0, commandCount: 0 }
  const written: string[] = []
  let path: string | null = null
  let printed = ''
  let open: { info: string; lines: string[] } | null = null
  for (const line of markdown.split('\n')) {
    const fence = /^```(.*)$/.exec(line)
    if (open !== null && fence === null) {
      open.lines.push(line)
      continue
    }
    if (open === null) {
      path = /`(tour\/[\w-]+\.eval)`/.exec(line)?.[1] ?? path
      if (fence !== null) open = { info: fence[1]!, lines: [] }
    } else {
      const { info, lines } = open
      if (info.startsWith('eval')) {
        if (path === null) throw new Error('a file without a name')
        writeFileSync(join(folder, path), lines.map((one) => `${one}\n`).join(''))
        played.fileCount++
      } else if (info === 'sh') {
        printed = lines.map((command) => run(command, folder)).join('')
        played.commandCount += lines.length
      }
      written.push(...(info === '' ? printed.trimEnd().split('\n') : lines))
      open = null
    }
    written.push(line)
  }
  return { markdown: written.join('\n'), ...played }
}

/** What it prints; how long the tests took is left open. */
function run(command: string, cwd: string): string {
  if (!command.startsWith(COMMAND)) throw new Error(`not a command of assay: ${command}`)
  const args = [...nodeFlags, main, ...command.slice(COMMAND.length).split(' ')]
  // A page is no terminal and no workflow, wherever it is written.
  const env = { ...process.env, NO_COLOR: '1', GITHUB_ACTIONS: '' }
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' })
  return `${stdout}${stderr}`.replace(/\(\d+ ms\)/, '(… ms)')
}
