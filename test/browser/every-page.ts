/** What holds of every page, in Chromium: of the running Assay of `pages.test.ts`, once the other tests have filled it. */
import { expect, test } from 'vitest'
import { seriousFindings, watchPage } from '../support/browser.ts'
import { POSTED_SLOT } from '../support/seed-data.ts'
import { SESSION, EVAL as SESSION_EVAL } from './judged-session.ts'
import type { Pages } from './operations.ts'

const PHONE = { width: 390, height: 844 }
/** On a machine that has much else to do. */
const EVERY_PAGE_MS = 300_000

/** `pages`: as they are once they have started. */
export function testEveryPage(pages: () => Pages): void {
  test(
    'every page fits a phone, is read by screen readers, has nothing on the console and asks nobody else',
    async () => {
      const { browser, apiUrl } = pages()
      const phone = await browser.newPage({ viewport: PHONE, colorScheme: 'dark' })
      const problems = watchPage(phone, apiUrl)
      for (const path of await addressesOf(apiUrl)) {
        await phone.goto(`${apiUrl}${path}`)
        await phone.getByRole('heading', { level: 1 }).waitFor()
        // Live's stream never ends: what is there to wait for is that nothing is read any more.
        await phone.waitForFunction(() => document.querySelector('.loading') === null)
        expect(await phone.evaluate(() => document.documentElement.scrollWidth), path).toBe(PHONE.width)
        // In rows of buttons each is told from the others by its name.
        const buttons = await phone.locator('#content button').allTextContents()
        if (['/runs', '/alerts', '/system'].includes(path)) expect(buttons, path).toEqual([...new Set(buttons)])
        expect(await phone.title(), path).toMatch(/\S · Assay$/)
        expect(await seriousFindings(phone), path).toEqual([])
        expect(problems, path).toEqual([])
      }
      await phone.close()
    },
    EVERY_PAGE_MS,
  )

  test('by keyboard: past the pages to the content, and from page to page', async () => {
    const { page, open } = pages()
    await open('/evals')
    await page.getByRole('heading', { level: 1, name: 'Evals' }).waitFor()
    const isInContent = (): Promise<boolean> =>
      page.evaluate(() => document.getElementById('content')?.contains(document.activeElement) ?? false)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await expect.poll(isInContent).toBe(true)
    const alerts = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Alerts' })
    await alerts.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor()
    await expect.poll(isInContent).toBe(true)
  })

  test("times are in the viewer's zone, and say so", async () => {
    const { browser, apiUrl } = pages()
    for (const timezoneId of ['Asia/Tokyo', 'America/New_York']) {
      const context = await browser.newContext({ timezoneId, locale: 'en-GB' })
      const viewer = await context.newPage()
      await viewer.goto(`${apiUrl}/scorecards/helpdesk_weekly/weekly?slot=${encodeURIComponent(POSTED_SLOT)}`)
      const time = viewer.locator(`time[datetime="${POSTED_SLOT}"]`).first()
      await time.waitFor()
      const hour = new Date(POSTED_SLOT).toLocaleTimeString('en-GB', { timeZone: timezoneId, timeStyle: 'short' })
      expect(await time.textContent()).toContain(hour)
      expect(await time.getAttribute('title')).toContain(hour)
      await context.close()
    }
  })

  test('what cannot be read says so in words, and is there once it can', async () => {
    const { browser, apiUrl } = pages()
    for (const [path, route, shown] of [
      ['/traces', '**/v1/traces?*', 'table.traces'],
      ['/sessions', '**/v1/sessions?*', 'tbody'],
      ['/runs', '**/v1/offline/runs?*', '.score-bar'],
      ['/evals', '**/v1/evals', 'tbody'],
    ] as const) {
      const viewer = await browser.newPage()
      // One that is not asked again by itself.
      const body = JSON.stringify({ title: 'Unprocessable Content', status: 422, detail: 'it takes more than it may' })
      await viewer.route(route, (one) => one.fulfill({ status: 422, contentType: 'application/problem+json', body }))
      await viewer.goto(`${apiUrl}${path}`)
      const note = viewer.getByRole('alert').filter({ hasText: 'it takes more than it may' })
      await note.waitFor()
      expect(await seriousFindings(viewer), path).toEqual([])
      await viewer.unroute(route)
      await note.getByRole('button', { name: 'Try again' }).click()
      await viewer.locator(shown).first().waitFor()
      await note.waitFor({ state: 'detached' })
      await viewer.close()
    }
  })
}

/** One of each kind, with something in it. */
async function addressesOf(apiUrl: string): Promise<string[]> {
  const answer = async <T>(path: string): Promise<T> => (await fetch(`${apiUrl}${path}`)).json() as Promise<T>
  const { traces } = await answer<{ traces: { traceId: string }[] }>('/v1/traces?agent=support&since=24h')
  const [left, right] = traces.map(({ traceId }) => traceId)
  const { runs } = await answer<{ runs: { runId: string }[] }>('/v1/offline/runs?eval=support/helpful')
  const run = runs.at(-1)?.runId.split('/').map(encodeURIComponent).join('/')
  return [
    '/',
    '/traces',
    `/traces/${left}`,
    `/traces/${left}?view=conversation`,
    '/traces/compare',
    `/traces/compare?left=${left}&right=${right}`,
    '/sessions',
    `/sessions/${encodeURIComponent(SESSION)}`,
    '/evals',
    '/evals/support/no_pii',
    '/evals/support/helpful',
    `/evals/${SESSION_EVAL}`,
    '/evals/support/helpful/label',
    '/runs',
    `/runs/${run}`,
    '/alerts',
    '/alerts/support/pii_leak',
    '/alerts/shop/slower',
    '/scorecards',
    '/scorecards/helpdesk_weekly/weekly',
    `/scorecards/helpdesk_weekly/weekly?slot=${encodeURIComponent(POSTED_SLOT)}`,
    '/playground',
    '/system',
    '/api',
    '/sign-in',
  ]
}
