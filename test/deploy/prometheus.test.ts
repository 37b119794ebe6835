/** The rules of deploy/prometheus by Prometheus' own tool; what they and the dashboard ask for is there. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { metricRows } from '../../cli/metrics/page.ts'

const folder = join(import.meta.dirname, '..', '..', 'deploy')
const promtool = process.env.PROMTOOL ?? 'promtool'
const isMissing = spawnSync(promtool, ['--version']).status !== 0

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[]
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

const rules = (parse(readFileSync(join(folder, 'prometheus', 'rules.yaml'), 'utf8')) as Rules).groups.flatMap(
  (group) => group.rules,
)
const { panels } = JSON.parse(readFileSync(join(folder, 'grafana', 'assay.json'), 'utf8')) as Dashboard
const asked = [
  ...rules.map(({ alert, expr }) => ({ what: alert, expr })),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ what: title, expr }))),
]

/** Of Node's own, by prom-client. */
const OF_THE_PROCESS = new Set(['process_cpu_seconds_total', 'process_resident_memory_bytes'])

test.each(asked)('$what asks for metrics that there are, by labels that they have: $expr', ({ expr }) => {
  const rows = new Map(metricRows().map((row) => [row.name, row]))
  const names = expr.match(/\b(?:assay|process)_[a-z_]+/g) ?? []
  expect(names.length).toBeGreaterThan(0)
  const known = names.map((name) => name.replace(/_(bucket|sum|count)$/, ''))
  for (const name of known) expect(rows.has(name) || OF_THE_PROCESS.has(name), name).toBe(true)
  const labels = new Set(['instance', 'le', ...known.flatMap((name) => rows.get(name)?.labels ?? [])])
  for (const [, by = ''] of expr.matchAll(/\b(?:by|on) ?\(([^)]*)\)/g))
    for (const label of by.split(',')) expect(labels, expr).toContain(label.trim())
})

test('each rule has a test in which it fires', () => {
  const tests = readFileSync(join(folder, 'prometheus', 'rules.test.yaml'), 'utf8')
  for (const { alert } of rules)
    expect(tests).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n\\s+- exp_labels`))
})

describe.skipIf(isMissing)('promtool', () => {
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { encoding: 'utf8' })
    return status === 0 ? 'ok' : `${stdout}${stderr}`
  }

  test('takes the rules', () => {
    expect(run('check', 'rules', join(folder, 'prometheus', 'rules.yaml'))).toBe('ok')
  })

  test('sees each of them fire when it should, and not before', () => {
    expect(run('test', 'rules', join(folder, 'prometheus', 'rules.test.yaml'))).toBe('ok')
  })

  test('parses what the dashboard asks for', () => {
    for (const { expr } of panels.flatMap(({ targets }) => targets))
      expect(run('--experimental', 'promql', 'format', expr), expr).toBe('ok')
  })
})
