/**
 * How soon the Live page can be used, on a processor throttled four times: from the navigation, with nothing in the browser's cache, until
 * its button answers.
 *
 *     node bench/live-page.ts
 */
import { startAssay } from '../test/support/assay-process.ts'
import { launchBrowser } from '../test/support/browser.ts'

const SLOWER = 4
const ROUNDS = 5
const TO_REACH_MS = 2_000

export async function run(): Promise<void> {
  const [browser, assay] = await Promise.all([launchBrowser(), startAssay({ dataDir: ':memory:' })])
  try {
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const context = await browser.newContext()
      const page = await context.newPage()
      const session = await context.newCDPSession(page)
      await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
      const startMs = performance.now()
      await page.goto(assay.apiUrl, { waitUntil: 'commit' })
      await page.getByRole('button', { name: 'Pause', exact: true }).click()
      await page.getByRole('button', { name: 'Go on' }).waitFor()
      times.push(performance.now() - startMs)
      await context.close()
    }
    times.sort((a, b) => a - b)
    const [least, median, most] = [times[0]!, times[times.length >> 1]!, times.at(-1)!]
    console.log(
      `Live, ${SLOWER} times throttled: interactive in ${median.toFixed(0)} ms (median of ${ROUNDS}, ${least.toFixed(0)} to ${most.toFixed(0)}), to reach: ${TO_REACH_MS} ms`,
    )
  } finally {
    await browser.close()
    await assay.stop()
  }
}

if (import.meta.main) await run()
