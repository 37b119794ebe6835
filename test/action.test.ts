/** The GitHub Action: its steps, run in turn as a runner does, against a stand-in of GitHub's API. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { VERSION } from '../cli/version.ts'
import { startAssay } from './support/assay-process.ts'
import { type GithubServer, startGithub } from './support/github-server.ts'
import { getTrace, send, traceIdOf, until } from './support/otlp.ts'

const root = join(import.meta.dirname, '..')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'assay-action-')))
afterAll(() => rmSync(folder, { recursive: true }))

interface Step {
  id?: string
  uses?: string
  if?: string
  run?: string
  shell?: string
  env?: Record<string, string>
}
interface Action {
  inputs: Record<string, { default: string }>
  outputs: Record<string, { value: string }>
  runs: { using: string; steps: Step[] }
}
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as Action

/** `a.b.c`, and conditions of `==`, `!=` and `&&` on them: what the action uses of GitHub's expressions. */
function evaluate(expression: string, context: ReadonlyMap<string, string>): string {
  if (!/[=!]=/.test(expression)) return context.get(expression.trim()) ?? ''
  const holds = expression.split('&&').every((part) => {
    const [, path, sign, text] = /^\s*([\w.-]+)\s*([=!]=)\s*'([^']*)'\s*$/.exec(part) ?? []
    if (path === undefined) throw new Error(`not understood: ${part}`)
    return ((context.get(path) ?? '') === text) === (sign === '==')
  })
  return String(holds)
}

const filled = (text: string, context: ReadonlyMap<string, string>): string =>
  text.replaceAll(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => evaluate(expression, context))

let repository = ''
let job = ''
let count = 0

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false']
  return execFileSync('git', ['-C', repository, ...identity, ...args], { encoding: 'utf8', stdio: 'pipe' })
}

const evalFile = (limit: string): string => `package shop

online eval quick {
  title:    "Answers arrive in time"
  owner:    "@shop"
  on:       trace
  score:    duration
  pass:     score <= ${limit}
}

alert slower {
  on:       quick
  when:     pass_rate regresses by 5pp vs 14d
  severity: ticket
}

test "a quick trace" {
  given trace { duration: 2s }
  expect quick: pass
}
`

/** A branch off `origin/main`; `npm` is a stand-in that links the command of this repository where the package would be. */
beforeEach(() => {
  job = join(folder, `job-${count++}`)
  repository = join(job, 'repository')
  mkdirSync(join(job, 'bin'), { recursive: true })
  const installed = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'cli', 'main.ts')}" "$@"\n`
  mkdirSync(join(job, 'package'))
  writeFileSync(join(job, 'package', 'assay'), installed, { mode: 0o755 })
  const npm = `#!/bin/sh\necho "$@" >> "${job}/npm.log"\nmkdir -p "$3/node_modules/.bin"\ncp "${job}/package/assay" "$3/node_modules/.bin/"\n`
  writeFileSync(join(job, 'bin', 'npm'), npm, { mode: 0o755 })
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', join(job, 'origin.git')])
  execFileSync('git', ['init', '-q', '-b', 'main', repository])
  git('remote', 'add', 'origin', join(job, 'origin.git'))
  mkdirSync(join(repository, 'evals'))
  commit('5s')
  git('push', '-q', 'origin', 'main')
  git('switch', '-qc', 'change')
})

function commit(limit: string): void {
  writeFileSync(join(repository, 'evals', 'shop.eval'), evalFile(limit))
  git('add', '-A')
  git('commit', '-qm', limit)
}

interface Run {
  code: number
  output: string
  context: ReadonlyMap<string, string>
}

/** The action's steps, in order, to the first that fails. */
async function runAction(github: GithubServer, inputs: Record<string, string> = {}, token = 'write'): Promise<Run> {
  const context = new Map<string, string>([
    ['github.token', token],
    ['github.event_name', 'pull_request'],
  ])
  for (const [name, input] of Object.entries(action.inputs))
    context.set(`inputs.${name}`, inputs[name] ?? filled(String(input.default), context))
  const event = join(job, 'event.json')
  writeFileSync(event, JSON.stringify({ pull_request: { number: 7 } }))
  let path = `${join(job, 'bin')}:${process.env.PATH}`
  let output = ''
  for (const step of action.runs.steps) {
    if (step.run === undefined || (step.if !== undefined && evaluate(step.if, context) !== 'true')) continue
    const files = { output: join(job, 'output'), path: join(job, 'path') }
    for (const file of Object.values(files)) writeFileSync(file, '')
    const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, filled(value, context)]))
    const ended = await shell(step.run, {
      PATH: path,
      HOME: job,
      RUNNER_TEMP: job,
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_PATH: root,
      GITHUB_API_URL: github.url,
      GITHUB_BASE_REF: 'main',
      GITHUB_EVENT_PATH: event,
      GITHUB_OUTPUT: files.output,
      GITHUB_PATH: files.path,
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_STEP_SUMMARY: join(job, 'summary.md'),
      ...env,
    })
    output += ended.output
    for (const line of readFileSync(files.output, 'utf8').split('\n').filter(Boolean))
      context.set(`steps.${step.id}.outputs.${line.slice(0, line.indexOf('='))}`, line.slice(line.indexOf('=') + 1))
    path = [...readFileSync(files.path, 'utf8').split('\n').filter(Boolean), path].join(':')
    if (ended.code !== 0) return { code: ended.code, output, context }
  }
  return { code: 0, output, context }
}

function shell(script: string, env: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn('bash', ['-eo', 'pipefail', '-c', script], { cwd: repository, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, output })))
}

const pull = { repository: 'acme/shop', pull: 7, token: 'write' }

describe('the action', () => {
  test('is a composite one whose outputs come from its steps', () => {
    expect(action.runs.using).toBe('composite')
    const ids = new Set(action.runs.steps.map(({ id }) => id))
    for (const { value } of Object.values(action.outputs))
      expect(ids).toContain(/steps\.([\w-]+)\.outputs/.exec(value)?.[1])
    for (const step of action.runs.steps) if (step.run !== undefined) expect(step.shell).toBe('bash')
    expect(action.inputs.version?.default).toBe(VERSION)
  })

  test('makes one comment, rewrites it, and leaves those of others alone', async () => {
    await using github = await startGithub({ ...pull, others: 130 })
    commit('6s')
    const first = await runAction(github)
    expect(first, first.output).toMatchObject({ code: 0 })
    expect(readFileSync(join(job, 'npm.log'), 'utf8')).toContain(`assay@${VERSION}`)
    expect(github.comments).toHaveLength(131)
    expect(github.comments.at(-1)?.body).toContain('+ pass: score <= 6s')
    expect(github.comments.at(-1)?.body).toContain('No traffic was given')
    expect(readFileSync(join(job, 'summary.md'), 'utf8')).toContain('shop/quick')

    commit('7s')
    const second = await runAction(github)
    expect(second, second.output).toMatchObject({ code: 0 })
    expect(github.comments).toHaveLength(131)
    expect(github.comments.at(-1)?.body).toContain('+ pass: score <= 7s')

    commit('5s')
    await runAction(github)
    expect(github.comments.at(-1)?.body).toContain('no change of meaning')
    expect(github.comments[0]?.body).toBe('no. 0')
  }, 60_000)

  test('says nothing where nothing changed, and warns where it may not write', async () => {
    await using github = await startGithub(pull)
    expect(await runAction(github)).toMatchObject({ code: 0 })
    expect(github.requests).toEqual(['GET /repos/acme/shop/issues/7/comments'])
    commit('6s')
    const fork = await runAction(github, {}, 'read')
    expect(fork).toMatchObject({ code: 0 })
    expect(fork.output).toContain('::warning::the comment could not be written')
    expect(github.comments).toEqual([])
  }, 60_000)

  test('tries the change on the traces of an instance', async () => {
    await using github = await startGithub(pull)
    const assay = await startAssay({ dataDir: ':memory:', evals: [join(repository, 'evals')], cwd: job })
    try {
      await send(assay, { traceId: traceIdOf(1), durationMs: 3_000 }, { traceId: traceIdOf(2), durationMs: 8_000 })
      for (const index of [1, 2]) await until('a stored trace', () => getTrace(assay, traceIdOf(index)))
      commit('9s')
      const run = await runAction(github, { 'backtest-server': assay.apiUrl, 'backtest-since': '1h' })
      expect(run, run.output).toMatchObject({ code: 0 })
      expect(github.comments[0]?.body).toMatch(/^<!-- assay diff -->[\s\S]*<!-- assay backtest -->[\s\S]*2 traces/)
      expect(github.comments[0]?.body).toContain('**Warning: blind: too little traffic')
    } finally {
      await assay.stop()
    }
    commit('10s')
    const away = await runAction(github, { 'backtest-server': assay.apiUrl })
    expect(away).toMatchObject({ code: 0 })
    expect(away.output).toContain('::warning::no backtest')
  }, 60_000)

  test('fails for a failing test, unless told only to report', async () => {
    await using github = await startGithub(pull)
    commit('1s')
    const failed = await runAction(github)
    expect(failed.code).toBe(1)
    expect(failed.output).toContain('::error::the evals do not pass')
    expect(existsSync(failed.context.get('steps.evals.outputs.junit') ?? '')).toBe(true)
    expect(github.comments).toHaveLength(1)
    expect(await runAction(github, { 'fail-on': 'never' })).toMatchObject({ code: 0 })
    expect(await runAction(github, { 'fail-on': 'sometimes' })).toMatchObject({ code: 2 })
  }, 60_000)

  test('can hold a change to its series, and shows errors at their lines', async () => {
    await using github = await startGithub(pull)
    const file = join(repository, 'evals', 'shop.eval')
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .replace('on:       trace', 'on:       trace where env == "prod"')
        .replace('duration: 2s', 'duration: 2s  env: "prod"'),
    )
    git('commit', '-qam', 'only production')
    expect(await runAction(github)).toMatchObject({ code: 0 })
    const held = await runAction(github, { 'fail-on': 'series', comment: 'false' })
    expect(held.code).toBe(1)
    expect(held.context.get('steps.evals.outputs.series-changed')).toBe('1')

    writeFileSync(file, 'package shop\nonline eval quick { on: trace pass: duratoin <= 5s }\n')
    const broken = await runAction(github)
    expect(broken.code).toBe(1)
    expect(broken.output).toContain('::error file=evals/shop.eval,line=2')
  }, 60_000)
})
