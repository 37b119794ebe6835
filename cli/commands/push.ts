/** `assay push`: checked definitions, with their git revision, to every role of a running Assay. */

import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { pushResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { CHANGES, commitOfDefinitions } from '../git/definitions-commit.ts'
import { findRepository, git, resolveRevision } from '../git/git.ts'
import { loadPlan } from '../loaded-plan.ts'
import { askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'

interface PushFlags {
  server?: string
  rollback?: string
  json?: boolean
}

export function registerPush(program: Command): void {
  program
    .command('push')
    .description('put checked definitions in force for every role of a running Assay')
    .argument('[paths...]', 'files, or folders with all .eval files below them', ['.'])
    .option('--server <url>', `the API to push to (ASSAY_URL, or ${DEFAULT_SERVER})`)
    .option('--rollback <package>', 'put the release before the current one of a package in force again')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Packages are published whole: what a package declared before and does not now is gone. Other packages stay as they are.
From another machine it takes a key of role deploy, editor or admin in ASSAY_KEY.

Examples:
  assay push evals
  assay push evals --server http://127.0.0.1:3000
  assay push --rollback support

Exit codes: 0 in force, 1 the files do not check, 2 usage, or the API refused.`,
    )
    .action(async (paths: string[], flags: PushFlags) => {
      process.exitCode = await push(paths, flags)
    })
}

async function push(paths: readonly string[], flags: PushFlags): Promise<number> {
  const server = serverOf(flags.server)
  const request = flags.rollback === undefined ? bodyOf(paths) : { ok: true as const, body: {} }
  if (!request.ok) return request.exitCode
  const path =
    flags.rollback === undefined ? 'v1/definitions' : `v1/definitions/${encodeURIComponent(flags.rollback)}/rollback`
  const answer = await askApi(server, path, {}, pushResponseSchema, request.body)
  if (!answer.ok) {
    process.stderr.write(`assay push: ${answer.message}\n`)
    return exitCodes.usage
  }
  const { packages } = answer.value
  if (flags.json) process.stdout.write(`${JSON.stringify({ packages })}\n`)
  else {
    for (const { name, revision, changed } of packages) {
      const at = revision === null ? '' : ` at ${revision.slice(0, 12)}${revision.endsWith(CHANGES) ? CHANGES : ''}`
      process.stdout.write(changed ? `${name}${at}: in force\n` : `${name}: as it was\n`)
    }
  }
  return exitCodes.ok
}

type Request = { ok: true; body: unknown } | { ok: false; exitCode: number }

function bodyOf(paths: readonly string[]): Request {
  const loaded = loadPlan(paths)
  if (!loaded.ok) return loaded
  const { plan } = loaded
  return { ok: true, body: { plan, revision: revisionOf(paths[0] ?? '.'), commit: commitOfDefinitions(paths) } }
}

/** The commit that the files come from; null outside a repository. */
function revisionOf(path: string): string | null {
  const full = resolve(path)
  const cwd = statSync(full).isDirectory() ? full : dirname(full)
  const repository = findRepository(cwd)
  if (!repository.ok) return null
  const head = resolveRevision(repository.value, 'HEAD')
  if (!head.ok) return null
  const edited = git(['status', '--porcelain', '--', full], { cwd })
  const isClean = edited.ok && edited.value.length === 0
  return isClean ? head.value.commit : `${head.value.commit}${CHANGES}`
}
