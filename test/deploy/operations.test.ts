/** What docs/operations/ says that a machine can hold it to: commands exist, files are there, and the arithmetic is that of the script. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeFlags } from '../../scripts/node-flags.mjs'
import { renderedFile } from '../../scripts/render-kubernetes.ts'
import { costTable, SIZES, sizeOf, sizeTable } from '../../scripts/sizing.ts'
import { inspect, manifestsOf } from './manifests.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'docs', 'operations')
const pages = readdirSync(folder)
const textOf = (page: string): string => readFileSync(join(folder, page), 'utf8')

/** Lines of shell blocks, those that go on joined, without comments. */
const shellLines = pages.flatMap((page) =>
  [...textOf(page).matchAll(/^ *```sh\n(.*?)^ *```$/gms)]
    .flatMap((block) => (block[1] ?? '').replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => ({ page, line: line.replace(/\s+# .*$/, '').trim() }))
    .filter(({ line }) => line !== ''),
)

describe('commands of Assay', () => {
  const calls = shellLines.flatMap(({ page, line }) => {
    const call = /^(?:kubectl [^|]*-- |docker compose [^|]* exec api )?assay (.*)$/.exec(line)?.[1]
    return call === undefined ? [] : [{ page, call }]
  })
  const helps = new Map<string, string>()
  const helpOf = (command: string): string => {
    const known = helps.get(command)
    if (known !== undefined) return known
    const args = [...nodeFlags, join(root, 'cli', 'main.ts'), ...command.split(' '), '--help']
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`assay ${command} --help ended with ${status}`)
    helps.set(command, stdout)
    return stdout
  }

  test('are in the pages', () => {
    expect(calls.length).toBeGreaterThan(10)
  })

  test.each(calls)('$page: assay $call', ({ call }) => {
    const words = call.split(' ')
    const command = words[0] === 'dlq' ? words.slice(0, 2).join(' ') : (words[0] ?? '')
    const help = helpOf(command)
    expect(help).toContain(`Usage: assay ${command} `)
    for (const flag of words.filter((word) => word.startsWith('--')))
      expect(help).toMatch(new RegExp(`^ +${flag}[ =,]`, 'm'))
  })
})

test('commands of other tools name files, Deployments and groups that there are', () => {
  const { ofKind } = inspect(manifestsOf(readFileSync(renderedFile('small'), 'utf8')))
  const names = (['Deployment', 'HorizontalPodAutoscaler'] as const).flatMap((kind) =>
    ofKind(kind).map(({ metadata }) => metadata.name),
  )
  const unknown = shellLines.flatMap(({ page, line }) => {
    const files = [...line.matchAll(/(?:^| )(deploy\/[\w./-]+)/g)].map((match) => match[1]!)
    // `deploy/assay-api` is kubectl's short word for a Deployment.
    const objects = files.filter((file) => file.startsWith('deploy/assay-')).map((file) => file.slice('deploy/'.length))
    const named = [...line.matchAll(/(?:deployment[/ ]|hpa )(assay-[\w-]+)/g)].map((match) => match[1]!)
    const groups = [...line.matchAll(/--group ([\w-]+)/g)].map((match) => match[1]!)
    return [
      ...files.filter(
        (file) => !file.startsWith('deploy/assay-') && file !== 'deploy/.env' && !existsSync(join(root, file)),
      ),
      ...[...objects, ...named].filter((name) => !names.includes(name)),
      ...groups.filter((group) => !['trans-evaluate', 'trans-store', 'alerts', 'alert-manager'].includes(group)),
    ].map((what) => `${page}: ${what}`)
  })
  expect(unknown).toEqual([])
})

test('every runbook says the signal, what users see, where to look, what to do and what comes after', () => {
  const text = textOf('runbooks.md')
  const runbooks = text.split(/^## /m).slice(2)
  expect(runbooks.length).toBeGreaterThan(12)
  const parts = ['Signal', 'Users see', 'First look', 'Do', 'Afterwards']
  for (const runbook of runbooks) {
    const found = [...runbook.matchAll(/^\*\*(Signal|Users see|First look|Do|Afterwards)\b/gm)].map((match) => match[1])
    expect(found, runbook.split('\n')[0]).toEqual(parts)
  }
})

describe('sizing', () => {
  test('has the tables that the script prints', () => {
    expect(textOf('sizing.md'), 'put in what `node scripts/sizing.ts` prints').toContain(sizeTable(SIZES.map(sizeOf)))
    expect(textOf('sizing.md')).toContain(costTable())
  })

  test.each([
    ['small', 1e6],
    ['large', 10e6],
  ] as const)('the overlay %s has room for %d agents', (overlay, agents) => {
    const { one } = inspect(manifestsOf(readFileSync(renderedFile(overlay), 'utf8')))
    const { instances } = sizeOf(agents)
    for (const role of ['gateway', 'trans-evaluate', 'trans-store'] as const)
      expect(one('HorizontalPodAutoscaler', `assay-${role}`).spec.maxReplicas).toBeGreaterThanOrEqual(instances[role])
  })

  test('grows with the agents', () => {
    const [small, large] = [sizeOf(1e6), sizeOf(1e7)]
    expect(large.peakPerSecond / small.peakPerSecond).toBeCloseTo(10)
    expect(small).toMatchObject({ spansPerDay: 2e8, instances: { gateway: 2 }, partitions: 24, kafka: { brokers: 3 } })
  })
})
