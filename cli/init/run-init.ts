/** `assay init`: writes the starter files that are not there yet, and says what comes next. */
import { existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { messageOf } from '../../engine/message-of.ts'
import { exitCodes } from '../exit-codes.ts'
import { findRepository, git } from '../git/git.ts'
import { detectCi, filesOf, isNew } from './plan-init.ts'
import type { CiSystem } from './workflows.ts'

export interface InitOptions {
  /** Absent: what the repository looks like. */
  readonly ci?: CiSystem | 'none'
  readonly json?: boolean
}

interface Outcome {
  /** As seen from where the command runs. */
  readonly path: string
  readonly kind: 'written' | 'kept'
}

/** Writes below `folder`, which need not exist, and returns the exit code. */
export function runInit(folder: string, options: InitOptions): number {
  const stats = statSync(folder, { throwIfNoEntry: false })
  if (stats !== undefined && !stats.isDirectory()) return refuse(`${folder} is not a folder`)
  try {
    mkdirSync(folder, { recursive: true })
    const home = realpathSync(folder)
    const repository = findRepository(home)
    const root = repository.ok ? repository.value.root : home
    const hasGitlabPipeline = existsSync(join(root, '.gitlab-ci.yml'))
    const signs = {
      hasGithubFolder: existsSync(join(root, '.github')),
      hasGitlabPipeline,
      remotes: repository.ok ? remotesOf(root) : [],
    }
    const isGuess = options.ci === undefined && repository.ok && isNew(signs)
    const asked = options.ci ?? (isGuess ? 'github' : detectCi(signs))
    const ci = asked === 'none' ? null : asked
    const below = relative(root, home).split(sep).join('/')
    const outcomes = filesOf(below, ci, hasGitlabPipeline).map(
      ({ path, text }): Outcome => ({ path: shown(join(root, path)), kind: writeNew(join(root, path), text) }),
    )
    const evals = shown(join(home, 'evals'))
    if (options.json) process.stdout.write(`${JSON.stringify({ ci, evals, files: outcomes }, null, 2)}\n`)
    else process.stdout.write(report(outcomes, { evals, ci, asked: options.ci, isGuess, hasGitlabPipeline }))
    return exitCodes.ok
  } catch (error) {
    return refuse(messageOf(error))
  }
}

function refuse(message: string): number {
  process.stderr.write(`assay init: ${message}\n`)
  return exitCodes.usage
}

function remotesOf(root: string): string[] {
  const found = git(['config', '--get-regexp', '^remote\\..*\\.url$'], { cwd: root })
  if (!found.ok) return []
  const lines = found.value.toString().split('\n')
  return lines.filter((line) => line !== '').map((line) => line.slice(line.indexOf(' ') + 1))
}

/** Whoever wrote a file of that name first keeps it. */
function writeNew(path: string, text: string): Outcome['kind'] {
  mkdirSync(dirname(path), { recursive: true })
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return 'written'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'kept'
    throw error
  }
}

function shown(path: string): string {
  return relative(realpathSync('.'), resolve(path)) || '.'
}

interface Told {
  readonly evals: string
  readonly ci: CiSystem | null
  readonly asked: InitOptions['ci']
  /** Nothing tells where the repository is going to be. */
  readonly isGuess: boolean
  readonly hasGitlabPipeline: boolean
}

function report(outcomes: readonly Outcome[], { evals, ci, asked, isGuess, hasGitlabPipeline }: Told): string {
  const lines = outcomes.map(({ kind, path }) =>
    kind === 'written' ? `written  ${path}` : `kept     ${path} (it was there already)`,
  )
  const notes: string[] = []
  if (ci === null && asked === undefined)
    notes.push('No CI workflow: nothing tells where yours runs. `--ci github` or `--ci gitlab` writes one.')
  if (isGuess)
    notes.push('The workflow is for GitHub: nothing tells where your CI runs. On GitLab, `--ci gitlab` writes another.')
  if (ci === 'gitlab' && hasGitlabPipeline)
    notes.push('Your pipeline needs one line more, in .gitlab-ci.yml:  include: [{ local: .gitlab/evals.yml }]')
  if (outcomes.some(({ path, kind }) => kind === 'written' && path.endsWith('.yml')))
    notes.push(
      'The workflow installs what ASSAY_PACKAGE in it names: a version in your registry, or a package file (`npm pack`).',
    )
  const steps = [
    [`assay check ${evals}`, 'parse and type-check'],
    [`assay test ${evals}`, 'run the tests in them, offline'],
    [`assay up --evals ${evals}`, 'judge live traces: OTLP/HTTP is taken on port 4318'],
  ] as const
  const width = Math.max(...steps.map(([command]) => command.length))
  const next = steps.map(([command, about]) => `  ${command.padEnd(width)}  ${about}`)
  return `${[...lines, '', ...notes.flatMap((note) => [note, '']), 'Next:', ...next].join('\n')}\n`
}
