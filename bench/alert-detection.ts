/**
 * How often alerts on changes cry wolf, and how soon they see a drop: the e-SR detector, the same divided by version, a threshold and an hourly z-test on the same traffic.
 * Prints the tables of `docs/statistics.md`.
 */
import { type DeployCell, type DeployOptions, simulateDeploy } from './alert-detection/deploy.ts'
import { DETECTORS } from './alert-detection/detectors.ts'
import { type Cell, simulateCell } from './alert-detection/simulate.ts'
import { KINDS } from './alert-detection/traffic.ts'

const RATES = [50, 200, 1_000]
const NAMES: Readonly<Record<Cell['kind'], string>> = {
  independent: 'independent',
  sessions: 'sessions',
  mix: 'mix drifts',
  shocks: 'hourly shocks, daily cycle',
  drift: 'drift of 1 point (AR(1))',
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
const hours = (value: number): string =>
  Number.isFinite(value) ? `${value}` : Number.isNaN(value) ? 'none quiet' : '> 672'

function rowOf({ kind, perHour, falseAlarms, delays, phi }: Cell): string {
  const alarms = DETECTORS.map((name) => percent(falseAlarms[name].share))
  const delay = DETECTORS.map((name) => delays[name].map(hours).join(' / '))
  return `| ${[NAMES[kind], perHour, phi.toFixed(1), ...alarms, ...delay].join(' | ')} |`
}

/** What is new with the drop, and by what the alert is divided. */
const DEPLOYS: readonly Pick<DeployOptions, 'comes' | 'by'>[] = [
  { comes: null, by: null },
  { comes: 'agent.version', by: null },
  { comes: 'model', by: null },
  { comes: null, by: 'agent.version' },
  { comes: 'agent.version', by: 'agent.version' },
  { comes: 'model', by: 'model' },
]

function deployRowOf({ comes, by, delays, named, early }: DeployCell): string {
  const code = (label: string | null): string => (label === null ? 'nothing' : `\`${label}\``)
  const cells = [
    code(comes),
    code(by),
    delays.map(hours).join(' / '),
    comes === null ? '' : percent(named),
    percent(early),
  ]
  return `| ${cells.join(' | ')} |`
}

export async function run({ runs }: { runs: number }): Promise<void> {
  console.log(
    `${runs} runs a cell: a reference of 14 days, 30 days of hourly looks, false alarms 5% per 30d; delays in hours for drops of 2 / 5 / 10 points`,
  )
  console.log(
    '| traffic | an hour | φ | false alarms: e-SR | by version | threshold | z-test | delay: e-SR | by version | threshold | z-test |',
  )
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
  let worst = 0
  for (const kind of KINDS)
    for (const perHour of RATES) {
      const cell = simulateCell({ kind, perHour, runs })
      worst = Math.max(worst, cell.falseAlarms['e-SR'].share, cell.falseAlarms['by version'].share)
      console.log(rowOf(cell))
    }
  console.log(`false alarms of e-SR in the worst cell: ${percent(worst)}`)
  console.log('| new with the drop | the alert is divided by | e-SR: delay | alarms that name it | alarms before it |')
  console.log('| --- | --- | --- | --- | --- |')
  for (const deploy of DEPLOYS) console.log(deployRowOf(simulateDeploy({ ...deploy, perHour: 200, runs })))
}

if (import.meta.main) await run({ runs: Number(process.argv[2] ?? 1_000) })
