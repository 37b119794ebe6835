/** The page of metrics, from their registry. */
import { METRICS, type MetricParam, type MetricSchema } from '../metrics.ts'

/** docs/language/metrics.md. */
export function metricsPage(): string {
  const head = `# Metrics

Written from \`dsl/metrics.ts\` by \`npm run docs\`. They stand in \`metric:\` of an [offline eval](README.md#metrics).
`
  return [head, ...METRICS.map(metricText)].join('\n')
}

function metricText({
  name,
  version,
  subjects,
  params,
  result,
  judgeCalls,
  meanOverTraces,
  doc,
}: MetricSchema): string {
  const judge =
    judgeCalls === 0 ? 'no judge' : judgeCalls === 1 ? 'one call of a judge' : `${judgeCalls} calls of a judge`
  const of =
    subjects.length > 6 ? 'traces, sessions and all spans' : subjects.map((subject) => `\`${subject}\``).join(', ')
  const head = '| argument | takes | default | is |\n| --- | --- | --- | --- |'
  const table = params.length === 0 ? 'It takes no arguments.' : `${head}\n${params.map(rowOf).join('\n')}`
  const session = meanOverTraces ? ' Of a session it is the mean over its traces, whose fields the arguments name.' : ''
  return `## \`${name}\`\n\n${doc}${session}\n\nA ${result}, of ${of}; ${judge}; version ${version}.\n\n${table}\n`
}

function rowOf({ name, type, fallback, doc }: MetricParam): string {
  const value = fallback === null ? '' : `\`${JSON.stringify(fallback)}\``
  return `| \`${name}\` | ${takes(type)} | ${value} | ${doc} |`
}

function takes(type: MetricParam['type']): string {
  switch (type.kind) {
    case 'word':
      return type.words.map((word) => `\`"${word}"\``).join(' ')
    case 'int':
      return `${type.low} to ${type.high}`
    default:
      return type.kind
  }
}
