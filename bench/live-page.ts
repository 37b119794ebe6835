/**
 * How soon the Live page can be used, on a processor throttled four times: from the navigation, with nothing in the browser's cache, until
 * its button has answered, all by the page's own clock. Beside it what the page's main thread takes until then at full speed: other work on
 * the machine disturbs that least.
 *
 *     node bench/main.ts live-page
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { buildWebIfStale } from '../scripts/web-build.mjs'
import { startAssay } from '../test/support/assay-process.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { quantile } from './quantile.ts'

const SLOWER = 4
const ROUNDS = 7
const TO_REACH_MS = 2_000

export async function run(): Promise<void> {
  buildWebIfStale(join(import.meta.dirname, '..'))
  const [browser, assay] = await Promise.all([launchBrowser(), startAssay({ dataDir: ':memory:' })])
  try {
    // The first one finds the server's own code not compiled yet.
    await opened(browser, assay.apiUrl, 1)
    const throttled: Opened[] = []
    const free: Opened[] = []
    for (let round = 0; round < ROUNDS; round++) {
      throttled.push(await opened(browser, assay.apiUrl, SLOWER))
      free.push(await opened(browser, assay.apiUrl, 1))
    }
    const times = throttled.map(({ answeredMs }) => answeredMs).sort((a, b) => a - b)
    const median = (of: (one: Opened) => number, all: readonly Opened[]): number =>
      quantile(
        all.map(of).sort((a, b) => a - b),
        0.5,
      )
    console.log(
      `Live, ${SLOWER} times throttled: interactive in ${quantile(times, 0.5).toFixed(0)} ms (median of ${ROUNDS}, ${times[0]!.toFixed(0)} to ${times.at(-1)!.toFixed(0)}), to reach: ${TO_REACH_MS} ms`,
    )
    console.log(
      `first paint ${median(({ paintedMs }) => paintedMs, throttled).toFixed(0)} ms; at full speed interactive in ${median(({ answeredMs }) => answeredMs, free).toFixed(0)} ms, for ${median(({ cpuMs }) => cpuMs, free).toFixed(0)} ms of the main thread; load of the machine ${loadavg()[0]!.toFixed(1)}`,
    )
  } finally {
    await browser.close()
    await assay.stop()
  }
}

interface Opened {
  readonly paintedMs: number
  readonly answeredMs: number
  readonly cpuMs: number
}

/** A browser of its own that has been nowhere. */
async function opened(browser: Browser, url: string, slower: number): Promise<Opened> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    const session = await context.newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
    await page.addInitScript(pressWhenThere)
    const before = await cpuMsOf(session)
    await page.goto(url, { waitUntil: 'commit' })
    const answeredMs = await answered(page)
    const cpuMs = (await cpuMsOf(session)) - before
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    const paintedMs = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    )
    return { paintedMs, answeredMs, cpuMs }
  } finally {
    await context.close()
  }
}

async function answered(page: Page): Promise<number> {
  const handle = await page.waitForFunction(() => Reflect.get(window, 'answeredMs') as number | undefined, undefined, {
    polling: 50,
  })
  return (await handle.jsonValue()) ?? Number.NaN
}

async function cpuMsOf(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000
}

/** In the page, before its scripts: presses Pause as soon as it is there, and notes when that showed. */
function pressWhenThere(): void {
  const buttonOf = (text: string): HTMLButtonElement | undefined =>
    [...document.querySelectorAll('button')].find((button) => button.textContent === text)
  let isPressed = false
  const watch = new MutationObserver(() => {
    if (!isPressed) {
      const pause = buttonOf('Pause')
      if (pause === undefined) return
      isPressed = true
      pause.click()
    }
    if (buttonOf('Go on') === undefined) return
    Reflect.set(window, 'answeredMs', performance.now())
    watch.disconnect()
  })
  watch.observe(document, { childList: true, subtree: true, characterData: true })
}

if (import.meta.main) await run()
