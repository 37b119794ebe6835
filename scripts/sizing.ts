/**
 * How much of everything so many agents need: `node scripts/sizing.ts [AGENTS …]` prints the tables of docs/operations/sizing.md. All that is
 * assumed and all that was measured stands in the constants; the rest is arithmetic.
 */
import { pathToFileURL } from 'node:url'

/** What an agent does. A thousandth of it, or a thousandfold, is as usual: put your own here. */
export const LOAD = { tracesPerAgentDay: 20, spansPerTrace: 10, peakToMean: 4 } as const

/** CPU seconds per million spans of 1.2 kB, every role a process, lz4, 2026-11-21: docs/operations/sizing.md says how they were measured. */
export const CPU_SECONDS = {
  gateway: 26,
  'trans-evaluate': 28,
  'trans-store': 46,
  alerts: 6,
  /** Of the one broker that takes them; each follower is taken for as much. */
  kafka: 20,
  /** Inserts and merges, behind HTTP. */
  clickHouse: 24,
} as const

export const PLAN = {
  /** Of a core at the peak; the rest is for rebalances and for catching up. */
  utilisation: 0.6,
  replicas: { kafka: 3, clickHouse: 2 },
  bytesPerSpan: { kafka: 600, clickHouse: 400 },
  kafkaDays: 7,
  hotDays: 30,
  diskFull: 0.7,
  broker: { diskTb: 8, writtenMbPerSecond: 50 },
  clickHouseNodeDiskTb: 8,
  minimum: { role: 2, broker: 3 },
} as const

export const PRICES = { vcpuHourUsd: 0.04, ssdGbMonthUsd: 0.1, zoneGbUsd: 0.01 } as const

type Scaled = 'gateway' | 'trans-evaluate' | 'trans-store' | 'alerts'
const SCALED: readonly Scaled[] = ['gateway', 'trans-evaluate', 'trans-store', 'alerts']
const DAY_SECONDS = 86_400

export interface Size {
  agents: number
  spansPerDay: number
  meanPerSecond: number
  peakPerSecond: number
  instances: Record<Scaled, number>
  partitions: number
  kafka: { inMbPerSecond: number; writtenMbPerSecond: number; storedTb: number; brokers: number }
  clickHouse: { cores: number; hotTb: number; shards: number }
}

export function sizeOf(agents: number): Size {
  const spansPerDay = agents * LOAD.tracesPerAgentDay * LOAD.spansPerTrace
  const meanPerSecond = spansPerDay / DAY_SECONDS
  const peakPerSecond = meanPerSecond * LOAD.peakToMean
  const coresAtPeak = (cpuSeconds: number): number => (peakPerSecond * cpuSeconds) / 1e6 / PLAN.utilisation
  const instances = Object.fromEntries(
    SCALED.map((role) => [role, Math.max(PLAN.minimum.role, Math.ceil(coresAtPeak(CPU_SECONDS[role])))]),
  ) as Record<Scaled, number>
  const inMbPerSecond = (peakPerSecond * PLAN.bytesPerSpan.kafka) / 1e6
  const writtenMbPerSecond = inMbPerSecond * PLAN.replicas.kafka
  const storedTb = (spansPerDay * PLAN.bytesPerSpan.kafka * PLAN.kafkaDays * PLAN.replicas.kafka) / 1e12
  const hotTb = (spansPerDay * PLAN.bytesPerSpan.clickHouse * PLAN.hotDays) / 1e12
  return {
    agents,
    spansPerDay,
    meanPerSecond,
    peakPerSecond,
    instances,
    // Twice the instances leave room to grow: a topic's partitions are for ever. In steps of the default.
    partitions: Math.ceil((2 * Math.max(instances['trans-evaluate'], instances['trans-store'])) / 24) * 24,
    kafka: {
      inMbPerSecond,
      writtenMbPerSecond,
      storedTb,
      brokers: Math.max(
        PLAN.minimum.broker,
        Math.ceil(storedTb / PLAN.diskFull / PLAN.broker.diskTb),
        Math.ceil(writtenMbPerSecond / PLAN.broker.writtenMbPerSecond),
      ),
    },
    clickHouse: {
      cores: coresAtPeak(CPU_SECONDS.clickHouse),
      hotTb,
      shards: Math.ceil(hotTb / PLAN.diskFull / PLAN.clickHouseNodeDiskTb),
    },
  }
}

export interface CostLine {
  what: string
  how: string
  usd: number
}

/** Of a million spans. */
export function costPerMillion(): CostLine[] {
  const { kafka, clickHouse } = PLAN.replicas
  const cpuSeconds =
    SCALED.reduce((sum, role) => sum + CPU_SECONDS[role], 0) +
    CPU_SECONDS.kafka * kafka +
    CPU_SECONDS.clickHouse * clickHouse
  // What is bought for the peak is there at all times.
  const used = PLAN.utilisation / LOAD.peakToMean
  const logGb = (PLAN.bytesPerSpan.kafka * 1e6 * kafka) / 1e9
  const storeGb = (PLAN.bytesPerSpan.clickHouse * 1e6 * clickHouse) / 1e9
  const crossingGb = (PLAN.bytesPerSpan.kafka * 1e6 * (kafka - 1)) / 1e9
  const { vcpuHourUsd, ssdGbMonthUsd, zoneGbUsd } = PRICES
  return [
    {
      what: 'CPU',
      how: `${cpuSeconds} s ÷ 3,600 × ${usd(vcpuHourUsd)} ÷ ${used.toFixed(2)} in use`,
      usd: ((cpuSeconds / 3600) * vcpuHourUsd) / used,
    },
    {
      what: 'the log’s disks',
      how: `${logGb.toFixed(1)} GB × ${PLAN.kafkaDays}/30 month × ${usd(ssdGbMonthUsd)} ÷ ${PLAN.diskFull} full`,
      usd: (logGb * (PLAN.kafkaDays / 30) * ssdGbMonthUsd) / PLAN.diskFull,
    },
    {
      what: 'ClickHouse’s disks, a month',
      how: `${storeGb.toFixed(1)} GB × ${PLAN.hotDays}/30 month × ${usd(ssdGbMonthUsd)} ÷ ${PLAN.diskFull} full`,
      usd: (storeGb * (PLAN.hotDays / 30) * ssdGbMonthUsd) / PLAN.diskFull,
    },
    {
      what: 'between zones',
      how: `${crossingGb.toFixed(1)} GB of replication × ${usd(zoneGbUsd)}`,
      usd: crossingGb * zoneGbUsd,
    },
  ]
}

const usd = (amount: number): string => `${amount.toFixed(2)} USD`
const count = (value: number): string => Math.round(value).toLocaleString('en-GB')
const short = (value: number): string => (value < 10 ? value.toFixed(1) : count(value))

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function sizeTable(sizes: readonly Size[]): string {
  const row = (what: string, of: (size: Size) => string): string[] => [what, ...sizes.map(of)]
  return table(
    row('agents', ({ agents }) => count(agents)),
    [
      row('spans a day, million', ({ spansPerDay }) => count(spansPerDay / 1e6)),
      row('spans/s, mean', ({ meanPerSecond }) => count(meanPerSecond)),
      row('spans/s, peak', ({ peakPerSecond }) => count(peakPerSecond)),
      ...SCALED.map((role) => row(`\`${role}\` instances`, ({ instances }) => count(instances[role]))),
      row('partitions of `agent-traces`', ({ partitions }) => count(partitions)),
      row('Kafka in, MB/s at the peak', ({ kafka }) => short(kafka.inMbPerSecond)),
      row('Kafka written with replicas, MB/s', ({ kafka }) => short(kafka.writtenMbPerSecond)),
      row('Kafka kept, TB', ({ kafka }) => short(kafka.storedTb)),
      row('brokers', ({ kafka }) => count(kafka.brokers)),
      row('ClickHouse, cores for inserts and merges, each replica', ({ clickHouse }) => short(clickHouse.cores)),
      row('ClickHouse, TB for 30 days, each replica', ({ clickHouse }) => short(clickHouse.hotTb)),
      row(
        'ClickHouse shards × replicas',
        ({ clickHouse }) => `${count(clickHouse.shards)} × ${PLAN.replicas.clickHouse}`,
      ),
    ],
  )
}

export function costTable(): string {
  const lines = costPerMillion()
  const total = lines.reduce((sum, line) => sum + line.usd, 0)
  return table(
    ['for a million spans', 'arithmetic', 'USD'],
    [
      ...lines.map(({ what, how, usd: amount }) => [what, how, amount.toFixed(3)]),
      ['**together**', '', total.toFixed(2)],
    ],
  )
}

export const SIZES: readonly number[] = [1e6, 10e6, 100e6]

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const asked = process.argv.slice(2).map(Number)
  if (asked.some((agents) => !Number.isFinite(agents) || agents <= 0)) {
    process.stderr.write('usage: node scripts/sizing.ts [AGENTS …]\n')
    process.exit(2)
  }
  process.stdout.write(`${sizeTable((asked.length > 0 ? asked : SIZES).map(sizeOf))}\n\n${costTable()}\n`)
}
