/**
 * The gateway alone on one core: keys, validation and an edge policy of two rules, spans of 1.2 kB over HTTP protobuf and gRPC, into a
 * log that only appends. Its process is on one core and this one, which sends, on another. What counts on a machine that does other
 * things too is the CPU: a core gives that many spans a second. Target: 40,000/s over HTTP protobuf.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { nodeFlagsOf } from '../scripts/node-flags.mjs'
import type { GatewayReady } from './gateway-process.ts'
import { sendLoad } from './load.ts'
import { processUsage } from './process-usage.ts'
import { sendGrpc } from './send-grpc.ts'

const TARGET_PER_SECOND = 40_000
const CALLS = 4

export interface GatewayLoad {
  spans: number
  rounds: number
}

export async function run({ spans, rounds }: GatewayLoad): Promise<void> {
  spawnSync('taskset', ['-p', '-c', '1', String(process.pid)])
  console.log(`the gateway alone, ${rounds} × ${spans} spans of 1.2 kB, on one core`)
  for (const policy of [true, false]) {
    const { child, ready } = await startGateway(policy ? [] : ['--no-policy'])
    try {
      const { httpPort, grpcPort, key } = ready
      const http = (count: number) =>
        sendLoad({
          url: `http://127.0.0.1:${httpPort}/v1/traces`,
          headers: { authorization: `Bearer ${key}` },
          spans: count,
          connections: CALLS,
          spansPerSecond: 0,
        })
      const grpc = (count: number) => sendGrpc({ address: `127.0.0.1:${grpcPort}`, key, spans: count, calls: CALLS })
      for (const send of [http, grpc]) await send(spans / 4)
      const what = policy ? 'keys, an edge policy of two rules' : 'keys alone'
      for (const [name, send] of [
        ['HTTP protobuf', http],
        ['gRPC', grpc],
      ] as const) {
        const measured = []
        for (let round = 0; round < rounds; round++) measured.push(await measure(child, spans, () => send(spans)))
        const best = measured.reduce((a, b) => (b.cpuSeconds < a.cpuSeconds ? b : a))
        const perCpuSecond = spans / best.cpuSeconds
        const target = policy && name === 'HTTP protobuf' ? `   (target ${TARGET_PER_SECOND})` : ''
        console.log(
          `  ${name.padEnd(14)} ${what.padEnd(36)} ${Math.round(perCpuSecond)} spans/s of CPU${target}, ${Math.round(spans / best.seconds)} spans/s by the clock, ${((best.cpuSeconds / spans) * 1e6).toFixed(1)} CPU s per million`,
        )
      }
    } finally {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  }
}

async function measure(child: ChildProcess, spans: number, send: () => Promise<unknown>) {
  const cpu = (): number => processUsage(child.pid ?? 0)?.cpuSeconds ?? Number.NaN
  const [cpuBefore, startedMs] = [cpu(), performance.now()]
  await send()
  return { spans, cpuSeconds: cpu() - cpuBefore, seconds: (performance.now() - startedMs) / 1_000 }
}

async function startGateway(args: readonly string[]): Promise<{ child: ChildProcess; ready: GatewayReady }> {
  const profile =
    process.env.BENCH_CPU_PROF === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', process.env.BENCH_CPU_PROF]
  const file = join(import.meta.dirname, 'gateway-process.ts')
  const command = [process.execPath, ...nodeFlagsOf(['gateway']), ...profile, file, ...args]
  const child = spawn('taskset', ['-c', '0', ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface(child.stdout)) return { child, ready: JSON.parse(line) as GatewayReady }
  throw new Error('the gateway did not start')
}
