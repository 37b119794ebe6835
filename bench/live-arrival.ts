/**
 * How soon Live shows a failing verdict: from the acknowledgement of its span to the row in the document of an open page, by the page's clock,
 * at irregular times beside other spans. Browser, server and both senders share the machine.
 *
 *     node bench/main.ts live-arrival
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { buildWebIfStale } from '../scripts/web-build.mjs'
import { startAssay } from '../test/support/assay-process.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { leakOf } from './alert.ts'
import { sendLoad } from './load.ts'
import { quantile } from './quantile.ts'

export interface ArrivalLoad {
  /** Beside those that are looked for; 0 for none. */
  readonly spansPerSecond: number
}

const LEAKS = 100
const WARM_UP_SECONDS = 10
const MEAN_GAP_MS = 300
const LONGEST_MS = 30_000
const TO_REACH_MS = 1_000

export async function run({ spansPerSecond }: ArrivalLoad): Promise<void> {
  buildWebIfStale(join(import.meta.dirname, '..'))
  const [browser, assay] = await Promise.all([launchBrowser(), startAssay({ dataDir: ':memory:' })])
  try {
    const page = await browser.newPage()
    await page.goto(`${assay.apiUrl}/?verdict=fail`)
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    await page.evaluate(noteRows)
    const seconds = WARM_UP_SECONDS + (LEAKS * MEAN_GAP_MS * 1.5) / 1_000
    const traffic =
      spansPerSecond === 0
        ? null
        : sendLoad({ url: assay.tracesUrl, spans: spansPerSecond * seconds, connections: 2, spansPerSecond })
    if (traffic !== null) await sleep(WARM_UP_SECONDS * 1_000)
    const sentAt = new Map<string, number>()
    const aheadMs = await clockOf(page)
    for (let leak = 0; leak < LEAKS; leak++) {
      await sleep(MEAN_GAP_MS * (0.5 + Math.random()))
      const name = `leaky-${leak}`
      const response = await fetch(assay.tracesUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: leakOf(leak, name),
      })
      if (response.status !== 200) throw new Error(`a leak was refused: ${response.status}`)
      sentAt.set(name, performance.timeOrigin + performance.now() + aheadMs)
    }
    const shown = await page
      .waitForFunction(
        (count) => {
          const seen = Reflect.get(window, 'seenAt') as Map<string, number>
          return seen.size >= count ? [...seen] : null
        },
        LEAKS,
        { polling: 100, timeout: LONGEST_MS },
      )
      .then((handle) => handle.jsonValue())
    await traffic
    const lateMs = (shown ?? []).map(([name, atMs]) => atMs - (sentAt.get(name) ?? Number.NaN)).sort((a, b) => a - b)
    console.log(
      `span acknowledged → failing verdict in the page's document, beside ${spansPerSecond.toLocaleString('en')} spans/s: p50 ${quantile(lateMs, 0.5).toFixed(0)} ms, p99 ${quantile(lateMs, 0.99).toFixed(0)} ms, longest ${lateMs.at(-1)?.toFixed(0)} ms of ${lateMs.length}; to reach: ${TO_REACH_MS} ms`,
    )
  } finally {
    await browser.close()
    await assay.stop()
  }
}

/** How far the page's clock is ahead of this one's: by the quickest of some questions. */
async function clockOf(page: Page): Promise<number> {
  let best = { tookMs: Number.POSITIVE_INFINITY, aheadMs: 0 }
  for (let round = 0; round < 20; round++) {
    const askedMs = performance.timeOrigin + performance.now()
    const thereMs = await page.evaluate(() => performance.timeOrigin + performance.now())
    const tookMs = performance.timeOrigin + performance.now() - askedMs
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: thereMs - (askedMs + tookMs / 2) }
  }
  return best.aheadMs
}

/** In the page: when each agent's first row came into the document. */
function noteRows(): void {
  const seen = new Map<string, number>()
  Reflect.set(window, 'seenAt', seen)
  new MutationObserver(() => {
    const atMs = performance.timeOrigin + performance.now()
    for (const { textContent } of document.querySelectorAll('.feed .agent'))
      if (textContent?.startsWith('leaky-') && !seen.has(textContent)) seen.set(textContent, atMs)
  }).observe(document.body, { childList: true, subtree: true, characterData: true })
}

if (import.meta.main) await run({ spansPerSecond: 2_000 })
