/** The tables of docs/operations/metrics.md, made from the metrics themselves. */
import { registry } from '../../storage/metrics/registry.ts'
import { watchThread } from '../../storage/metrics/thread.ts'
import { LAG_METRIC } from './collect.ts'
import { COUNTED } from './counted.ts'

const BEGIN = '<!-- made by `npm run docs`: begin -->'
const END = '<!-- made by `npm run docs`: end -->'

interface Row {
  name: string
  type: string
  labels: readonly string[]
  help: string
}

/** Every metric of ours; those of the process itself have Node's usual names. */
export function metricRows(): Row[] {
  watchThread('main')
  const measured = registry.getMetricsAsArray().map((metric) => {
    const { name, help } = metric
    const labels: unknown = 'labelNames' in metric ? metric.labelNames : []
    const type = metric.constructor.name.toLowerCase()
    return { name, type, labels: Array.isArray(labels) ? labels.map(String).filter((one) => one !== 'le') : [], help }
  })
  const lag = { name: LAG_METRIC.name, type: 'gauge', labels: LAG_METRIC.labelNames, help: LAG_METRIC.help }
  const counted = COUNTED.map(({ name, type, labels, help }) => ({ name, type, labels, help }))
  return [...counted, lag, ...measured].sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function withMetrics(page: string): string {
  const rows = metricRows().map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  const table = ['| metric | type | labels | says |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before < 0 || after < before) throw new Error('docs/operations/metrics.md has lost the marks of its table')
  return `${page.slice(0, before + BEGIN.length)}\n\n${table}\n\n${page.slice(after)}`
}
