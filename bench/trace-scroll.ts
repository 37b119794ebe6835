/**
 * How smoothly a trace of 5,000 spans scrolls in Chromium: the time between frames while its tree moves by 60 px each frame, there and back,
 * at full speed and on a processor throttled four times. A screen of 60 Hz has a frame each 16.7 ms.
 *
 *     node bench/main.ts trace-scroll
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { buildWebIfStale } from '../scripts/web-build.mjs'
import { startAssay } from '../test/support/assay-process.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { largeTrace } from '../test/support/large-trace.ts'
import { quantile } from './quantile.ts'

const TRACE_ID = 'f'.repeat(32)
const SPANS = 5_000
const FRAMES = 300
/** Two frames of a screen of 60 Hz, with room for a timer's slack: whoever looks sees it stop. */
const LATE_MS = 34

export async function run(): Promise<void> {
  buildWebIfStale(join(import.meta.dirname, '..'))
  const [browser, assay] = await Promise.all([launchBrowser(), startAssay({ dataDir: ':memory:' })])
  try {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(largeTrace(TRACE_ID, SPANS))
    const { status } = await fetch(assay.tracesUrl, { method: 'POST', headers, body })
    if (status !== 200) throw new Error(`the trace was refused: ${status}`)
    while ((await fetch(`${assay.apiUrl}/v1/traces/${TRACE_ID}`)).status === 404) await sleep(100)
    const page = await browser.newPage({ viewport: { width: 1360, height: 850 } })
    await page.goto(`${assay.apiUrl}/traces/${TRACE_ID}`)
    await page.getByRole('tree').waitFor()
    const session = await page.context().newCDPSession(page)
    for (const slower of [1, 4]) {
      await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
      const { framesMs, rows } = await scrolled(page)
      const late = framesMs.filter((ms) => ms > LATE_MS).length
      framesMs.sort((a, b) => a - b)
      const seconds = framesMs.reduce((sum, ms) => sum + ms, 0) / 1_000
      console.log(
        `${SPANS.toLocaleString('en')} spans scrolling, ${slower === 1 ? 'at full speed' : `${slower} times throttled`}: ${(framesMs.length / seconds).toFixed(0)} frames/s, a frame p50 ${quantile(framesMs, 0.5).toFixed(1)} ms, p95 ${quantile(framesMs, 0.95).toFixed(1)} ms, p99 ${quantile(framesMs, 0.99).toFixed(1)} ms, ${late} of ${framesMs.length} over ${LATE_MS} ms; at most ${rows} rows in the document; load of the machine ${loadavg()[0]!.toFixed(1)}`,
      )
    }
  } finally {
    await browser.close()
    await assay.stop()
  }
}

const scrolled = (page: Page): Promise<{ framesMs: number[]; rows: number }> =>
  page.evaluate(async (frames) => {
    const tree = document.querySelector('[role="tree"]')
    if (tree === null) throw new Error('the page shows no tree')
    const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve))
    const framesMs: number[] = []
    let rows = 0
    let before = await nextFrame()
    for (let frame = 0; frame < frames; frame++) {
      tree.scrollBy({ top: frame < frames / 2 ? 60 : -60, behavior: 'instant' })
      const at = await nextFrame()
      framesMs.push(at - before)
      before = at
      rows = Math.max(rows, tree.querySelectorAll('[role="treeitem"]').length)
    }
    return { framesMs, rows }
  }, FRAMES)

if (import.meta.main) await run()
