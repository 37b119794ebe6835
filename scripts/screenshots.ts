/** `npm run screenshots`: the pages as they are, over the example's traces, into `docs/images/`. */
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../test/support/browser.ts'
import { startExampleAssay } from '../test/support/example-assay.ts'
import { buildWebIfStale } from './web-build.mjs'

const root = dirname(import.meta.dirname)
const folder = join(root, 'docs', 'images')
const SETTLE_MS = 1_500

interface Shot {
  readonly name: string
  readonly path: string
  readonly colorScheme: 'light' | 'dark'
  readonly act?: (page: Page) => Promise<void>
}

const openFirst = (page: Page): Promise<void> => page.locator('table.traces a').first().click()
const openFirstRow = (page: Page): Promise<void> => page.getByRole('rowheader').getByRole('link').first().click()

const openRunThatJudged = (page: Page): Promise<void> =>
  page
    .getByRole('row', { name: /support\/helpful.*done.*\b[1-9]\d* of \d+ traces/ })
    .getByRole('link')
    .first()
    .click()

/** What failed beside what did not, of the same agent. */
async function compareTwo(page: Page): Promise<void> {
  await page
    .getByRole('checkbox', { name: /Who handles my return/ })
    .first()
    .check()
  await page
    .getByRole('checkbox', { name: /Where is my order/ })
    .first()
    .check()
  await page.getByRole('link', { name: 'Compare these two' }).click()
}

const SHOTS: readonly Shot[] = [
  { name: 'live', path: '/', colorScheme: 'light' },
  { name: 'traces', path: '/traces', colorScheme: 'light' },
  { name: 'trace', path: '/traces?text=A-1077&verdict=fail', act: openFirst, colorScheme: 'light' },
  { name: 'compare', path: '/traces', act: compareTwo, colorScheme: 'light' },
  { name: 'sessions', path: '/sessions', colorScheme: 'light' },
  { name: 'session', path: '/sessions', act: openFirstRow, colorScheme: 'light' },
  { name: 'eval', path: '/evals/support/no_pii?since=1h', colorScheme: 'light' },
  { name: 'runs', path: '/runs', colorScheme: 'light' },
  { name: 'run', path: '/runs', act: openRunThatJudged, colorScheme: 'light' },
  { name: 'label', path: '/evals/support/helpful/label', colorScheme: 'dark' },
  { name: 'alert', path: '/alerts/support/pii_leak', colorScheme: 'light' },
  {
    name: 'playground',
    path: '/playground',
    act: (page) => page.locator('.by-eval').waitFor(),
    colorScheme: 'dark',
  },
  { name: 'system', path: '/system', colorScheme: 'light' },
]

buildWebIfStale(root)
mkdirSync(folder, { recursive: true })
const [browser, { assay, answer }] = await Promise.all([launchBrowser(), startExampleAssay()])
try {
  for (let times = 0; times < 3; times++) await answer()
  for (const { name, path, colorScheme, act } of SHOTS) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme })
    await page.goto(`${assay.apiUrl}${path}`)
    await page.waitForTimeout(SETTLE_MS)
    if (act !== undefined) {
      await act(page)
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
