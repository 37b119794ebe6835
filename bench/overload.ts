/**
 * The gateway alone under too much load, and with its log away: `overload` sends twice what it can take, `log-down` half of it while the log
 * refuses, and then hangs. Client and gateway share the machine: what the client takes is the gateway's loss in both parts alike. How soon a
 * refusal comes is measured by both: the client's figure has the sockets and the client itself in it.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sendLoad } from './load.ts'
import { atQuantile, type OpenLoadReport, sendOpenLoad } from './open-load.ts'
import type { FromGateway, ToGateway } from './overload-gateway.ts'
import { processUsage } from './process-usage.ts'

interface GatewayProcess {
  readonly url: string
  readonly pid: number
  ask(message: ToGateway): Promise<FromGateway>
}

async function withGateway(use: (gateway: GatewayProcess) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'assay-overload-'))
  const child = fork(join(import.meta.dirname, 'overload-gateway.ts'), [dataDir])
  const answer = async (): Promise<FromGateway> => (await once(child, 'message'))[0] as FromGateway
  try {
    const listening = await answer()
    if (listening.kind !== 'listening') throw new Error('the gateway did not start')
    await use({
      url: `http://127.0.0.1:${listening.port}/v1/traces`,
      pid: child.pid ?? 0,
      ask: (message) => {
        child.send(message)
        return answer()
      },
    })
  } finally {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Enough to fill the gateway's memory for bodies, were it to take all of them. */
const CONNECTIONS = 1_000
const WARM_UP_SPANS = 100_000
const PEAK_SPANS = 400_000

/** Spans/s that it takes from a client that waits for each answer. */
async function peakOf(url: string): Promise<number> {
  await sendLoad({ url, spans: WARM_UP_SPANS, connections: 8, spansPerSecond: 0 })
  const { acceptedSpans, seconds } = await sendLoad({ url, spans: PEAK_SPANS, connections: 8, spansPerSecond: 0 })
  return acceptedSpans / seconds
}

/** Twice the peak: what of it is taken, and how long it takes to hear of the rest. */
export async function runOverload({ seconds }: { seconds: number }): Promise<void> {
  await withGateway(async (gateway) => {
    const peak = await peakOf(gateway.url)
    const report = await sendOpenLoad({
      url: gateway.url,
      seconds,
      spansPerSecond: 2 * peak,
      connections: CONNECTIONS,
    })
    const goodput = report.acceptedSpans / report.seconds
    console.log(`overload, ${seconds} s at twice the peak, over ${CONNECTIONS} connections`)
    console.log(`  peak                ${Math.round(peak)} spans/s, 8 connections that wait for answers`)
    console.log(`  goodput             ${Math.round(goodput)} spans/s, ${((100 * goodput) / peak).toFixed(1)}% of peak`)
    await tell(report, gateway)
  })
}

const SHARE_OF_PEAK = 0.5
/** Before the log goes away and after it is back. */
const AROUND_SECONDS = 10

/** The log refuses for half of the time and does not answer at all in the other half. */
export async function runLogDown({ seconds }: { seconds: number }): Promise<void> {
  await withGateway(async (gateway) => {
    const peak = await peakOf(gateway.url)
    const before = await gateway.ask('count')
    const load = {
      url: gateway.url,
      seconds: seconds + 2 * AROUND_SECONDS,
      spansPerSecond: SHARE_OF_PEAK * peak,
      connections: CONNECTIONS,
    }
    const report = await sendOpenLoad(load, (second) => {
      if (second === AROUND_SECONDS) void gateway.ask('refuse')
      if (second === AROUND_SECONDS + Math.round(seconds / 2)) void gateway.ask('hang')
      if (second === AROUND_SECONDS + seconds) void gateway.ask('up')
    })
    const after = await gateway.ask('count')
    const stored = after.kind === 'counted' && before.kind === 'counted' ? after.spans - before.spans : Number.NaN
    console.log(`log down for ${seconds} s of ${seconds + 2 * AROUND_SECONDS}, at half of the peak`)
    console.log(`  acknowledged        ${report.acceptedSpans} spans, ${stored} in the log`)
    console.log(`  lost                ${report.acceptedSpans - stored}`)
    await tell(report, gateway)
  })
}

async function tell(report: OpenLoadReport, gateway: GatewayProcess): Promise<void> {
  const { answers, timeouts, refusedWithoutRetryAfter, acceptedMs, refusedMs, sent, notSent, latestMs } = report
  const counted = [...answers].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status || 'broken'}`)
  const spread = (sorted: readonly number[]): string =>
    `p50 ${atQuantile(sorted, 0.5)} ms, p99 ${atQuantile(sorted, 0.99)} ms, most ${atQuantile(sorted, 1)} ms`
  const late = (sorted: readonly number[]): string => `${sorted.filter((ms) => ms > 50).length} later than 50 ms`
  console.log(
    `  sent                ${sent} requests; ${notSent} were not, since all connections waited for answers; the client late by ${latestMs.toFixed(0)} ms at most`,
  )
  console.log(`  answers             ${counted.join(', ')}; time-outs ${timeouts}`)
  console.log(`  accepted after      ${spread(acceptedMs)}`)
  console.log(
    `  refused after       ${spread(refusedMs)}; ${late(refusedMs)}, ${refusedWithoutRetryAfter} without Retry-After`,
  )
  const inside = await gateway.ask('times')
  if (inside.kind === 'times') {
    const { refusedMs: ms, loopDelayP99Ms, loopDelayMostMs } = inside
    console.log(`    in the gateway    ${spread(ms)}; ${late(ms)}, from the request's head to the end of its answer`)
    console.log(
      `    its event loop    p99 ${loopDelayP99Ms.toFixed(1)} ms, most ${loopDelayMostMs.toFixed(1)} ms behind`,
    )
  }
  const usage = processUsage(gateway.pid)
  if (usage !== null)
    console.log(
      `  gateway             ${usage.cpuSeconds.toFixed(1)} s CPU, peak ${Math.round(usage.peakRssBytes / 1e6)} MB`,
    )
}
