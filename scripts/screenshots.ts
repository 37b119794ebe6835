/** `npm run screenshots`: the pages as they are, over the example's traces, into `docs/images/`. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { launchBrowser } from '../test/support/browser.ts'
import { startExampleAssay } from '../test/support/example-assay.ts'

const folder = join(dirname(import.meta.dirname), 'docs', 'images')
const SETTLE_MS = 1_500

mkdirSync(folder, { recursive: true })
const [browser, { assay, answer }] = await Promise.all([launchBrowser(), startExampleAssay()])
try {
  for (let times = 0; times < 3; times++) await answer()
  const shots = [
    { name: 'live', path: '/', colorScheme: 'light' },
    { name: 'traces', path: '/traces', colorScheme: 'light' },
    { name: 'trace', path: '/traces?text=A-1077&verdict=fail', click: 'table.traces a', colorScheme: 'light' },
    { name: 'trace-dark', path: '/traces?text=A-1077&verdict=fail', click: 'table.traces a', colorScheme: 'dark' },
    { name: 'eval', path: '/evals/support/no_pii?since=1h', colorScheme: 'light' },
    { name: 'playground', path: '/playground', click: 'button.primary', wait: '.by-eval', colorScheme: 'dark' },
  ] as const
  for (const { name, path, colorScheme, ...more } of shots) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme })
    await page.goto(`${assay.apiUrl}${path}`)
    await page.waitForTimeout(SETTLE_MS)
    if ('click' in more) {
      await page.locator(more.click).first().click()
      if ('wait' in more) await page.locator(more.wait).waitFor()
      await page.waitForTimeout(SETTLE_MS)
    }
    await page.screenshot({ path: join(folder, `${name}.png`) })
    await page.close()
    process.stdout.write(`docs/images/${name}.png\n`)
  }
} finally {
  await browser.close()
  await assay.stop()
}
