/** `npm run check`: types, lint and format, import directions, the lock file, and the packs' own tests. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkImports } from './imports.ts'
import { nodeFlags } from './node-flags.mjs'

const root = dirname(import.meta.dirname)
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

interface Check {
  name: string
  run: () => { ok: boolean; detail: string }
}

function command(file: string, args: readonly string[]): { ok: boolean; detail: string } {
  const outcome = spawnSync(file, args, { cwd: root, encoding: 'utf8' })
  return { ok: outcome.status === 0, detail: `${outcome.stdout}${outcome.stderr}`.trim() }
}

const cli = (...args: string[]): { ok: boolean; detail: string } =>
  command(process.execPath, [...nodeFlags, join(root, 'cli', 'main.ts'), ...args])

const checks: readonly Check[] = [
  { name: 'types', run: () => command(bin('tsc'), ['--noEmit']) },
  { name: 'lint and format', run: () => command(bin('biome'), ['check', '--error-on-warnings', '.']) },
  {
    name: 'import directions and cycles',
    run: () => {
      const { problems, fileCount } = checkImports()
      return { ok: problems.length === 0 && fileCount > 0, detail: problems.join('\n') }
    },
  },
  {
    name: 'lock file holds no addresses',
    run: () => {
      const ok = !readFileSync(join(root, 'package-lock.json'), 'utf8').includes('"resolved"')
      return { ok, detail: ok ? '' : 'package-lock.json: remove the "resolved" entries' }
    },
  },
  {
    name: 'pages made from code',
    run: () => command(process.execPath, [...nodeFlags, join(root, 'scripts', 'docs.ts'), '--check']),
  },
  { name: 'packs and examples check', run: () => cli('check', 'evals', 'examples') },
  { name: 'packs and examples in the one style', run: () => cli('fmt', '--check', 'evals', 'examples') },
  { name: 'packs and examples test', run: () => cli('test', 'evals', 'examples') },
]

let failedCount = 0
for (const check of checks) {
  const { ok, detail } = check.run()
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${check.name}\n`)
  if (!ok) {
    failedCount++
    process.stdout.write(`${detail}\n`)
  }
}
process.stdout.write(`checks: ${checks.length - failedCount} passed, ${failedCount} failed\n`)
process.exitCode = failedCount === 0 ? 0 : 1
