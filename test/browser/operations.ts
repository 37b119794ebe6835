/** Alerts, System and Scorecards in Chromium: of the running Assay of `pages.test.ts`, whose data `test/support/seed-data.ts` began. */
import type { Browser, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { seriousFindings } from '../support/browser.ts'
import { POSTED_SLOT } from '../support/seed-data.ts'

export interface Pages {
  readonly page: Page
  readonly browser: Browser
  readonly apiUrl: string
  readonly open: (path: string) => Promise<void>
  /** After each page's main path: nothing serious in light or dark, and nothing on the console. */
  readonly expectClean: () => Promise<void>
}

/** `pages`: as they are once they have started. */
export function testOperations(pages: () => Pages): void {
  test('Alerts: what fires with its traces, and silencing it', async () => {
    const { page, open, expectClean } = pages()
    await open('/alerts')
    const firing = page.locator('.alert-firing', { hasText: 'The support agent gave away personal data' })
    await firing.waitFor()
    await page.getByRole('rowheader', { name: /support\/pii_leak/ }).waitFor()
    await firing.getByRole('button', { name: 'Silence' }).click()
    const dialog = page.getByRole('dialog', { name: 'Silence support/pii_leak' })
    await dialog.getByLabel('Because').fill('the address is taken out today')
    await expectClean()
    await dialog.getByRole('button', { name: 'Silence it' }).click()
    await firing.getByText('silenced', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'End it' }).waitFor()
    await expectClean()
    await firing.getByRole('link', { name: 'The support agent gave away personal data' }).click()
    await page.getByRole('heading', { name: 'History' }).waitFor()
    await page.getByText('count(fail) >= 1 over 10m').first().waitFor()
    await expectClean()
  })

  test('Alerts: who may not silence is told why, and whom to ask', async () => {
    const { browser, apiUrl } = pages()
    const viewer = await browser.newPage()
    await viewer.route('**/v1/session', (route) =>
      route.fulfill({ json: { tenant: 'default', role: 'viewer', may: ['read'], isSignedIn: true } }),
    )
    await viewer.goto(`${apiUrl}/alerts`)
    const end = viewer.locator('.alert-firing').getByRole('button', { name: 'Acknowledge' }).first()
    await expect.poll(() => end.getAttribute('title')).toBe('Your role is viewer: this takes the role editor.')
    expect(await end.isDisabled()).toBe(true)
    expect(await seriousFindings(viewer)).toEqual([])
    await viewer.close()
  })

  test('System: its parts, lag, providers and usage', async () => {
    const { page, open, expectClean } = pages()
    await open('/system')
    await page.getByRole('heading', { name: 'Receiving traces works' }).waitFor()
    await page.getByRole('rowheader', { name: 'Alerting' }).waitFor()
    await page.getByRole('rowheader', { name: 'openai' }).waitFor()
    await page.getByRole('cell', { name: 'support', exact: true }).first().waitFor()
    await page.getByText('Breaker closed').waitFor()
    await expectClean()
  })

  test('Scorecards: from the list to one, as of now', async () => {
    const { page, open, expectClean } = pages()
    await open('/scorecards')
    await page.getByText('every Monday at 09:00 (Europe/London)').waitFor()
    await expectClean()
    await page.getByRole('link', { name: 'helpdesk_weekly/weekly' }).click()
    await page.getByRole('article', { name: "The helpdesk agent's week" }).waitFor()
    await page.getByRole('rowheader', { name: 'pass_rate(fast)' }).waitFor()
    await expectClean()
    await page.getByRole('navigation', { name: 'When it was posted' }).getByRole('link').last().click()
    await page.waitForURL(/slot=/)
    await page.getByRole('article', { name: "The support agent's week" }).waitFor()
  })

  test('Scorecards: a posted one by its address, as it was said then', async () => {
    const { page, open, expectClean } = pages()
    await open(`/scorecards/helpdesk_weekly/weekly?slot=${encodeURIComponent(POSTED_SLOT)}`)
    await page.getByRole('article', { name: "The support agent's week" }).waitFor()
    await page.getByRole('rowheader', { name: /^pass_rate/ }).waitFor()
    expect(await page.getByRole('link', { name: 'As a picture' }).getAttribute('href')).toContain('slot=')
    await expectClean()
  })

  test('Alerts: one with its numbers in their unit, what an investigation found, and what it can see', async () => {
    const { page, open, expectClean } = pages()
    await open('/alerts/shop/slower')
    await page.getByText('and was 3.40 s when it fired').waitFor()
    await page.getByText('2.10 s of 5,000').waitFor()
    const investigation = page.getByRole('region', { name: 'Investigation' })
    await investigation.getByRole('rowheader', { name: /^tool refund/ }).waitFor()
    await investigation.getByRole('cell', { name: '92% (46 of 50)' }).waitFor()
    const detectability = page.getByRole('region', { name: 'Detectability' })
    await detectability.locator('.alert-state p').first().waitFor()
    await expectClean()
  })

  test('Alerts: a silence of what no alert is named says so, and is taken back', async () => {
    const { page, open, expectClean } = pages()
    await open('/alerts')
    await page.getByRole('button', { name: 'New silence' }).click()
    const dialog = page.getByRole('dialog', { name: 'New silence' })
    await dialog.getByLabel(/^Alert/).fill('support/pii_leek')
    await dialog.getByLabel('Because').fill('an upgrade')
    await dialog.getByRole('button', { name: 'Silence it' }).click()
    await dialog.getByRole('alert').filter({ hasText: 'did you mean support/pii_leak?' }).waitFor()
    await expectClean()
    await dialog.getByRole('button', { name: 'End it and correct it' }).click()
    await dialog.getByLabel(/^Alert/).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('cell', { name: 'alert=support/pii_leek' }).waitFor({ state: 'detached' })
  })

  test('System: a dead letter is looked into, sent again, and let go', async () => {
    const { page, open, expectClean } = pages()
    await open('/system')
    const letters = page.getByRole('region', { name: 'Dead letters' })
    const inspect = letters.getByRole('button', { name: 'Inspect' })
    await expect.poll(() => inspect.count()).toBe(2)
    const dialog = page.getByRole('dialog', { name: /^Dead letter / })
    await inspect.last().click()
    await dialog.getByText(/^no trace, the (?:first|second)$/).waitFor()
    await expectClean()
    await dialog.getByRole('button', { name: 'Replay it' }).click()
    await dialog.waitFor({ state: 'detached' })
    // It still cannot be read: it comes back as a letter of its own.
    const which = letters.getByLabel('Which dead letters')
    await which.selectOption('replayed')
    await letters.getByRole('cell', { name: 'replayed' }).waitFor()
    await which.selectOption('waiting')
    await expect.poll(() => inspect.count(), { timeout: 30_000 }).toBe(2)
    for (const left of [1, 0]) {
      await inspect.first().click()
      await dialog.getByRole('button', { name: 'Drop it' }).click()
      await expect.poll(() => inspect.count()).toBe(left)
    }
    await letters.getByText('None waits').waitFor()
    await which.selectOption('dropped')
    await expect.poll(() => letters.getByRole('cell', { name: 'dropped' }).count()).toBe(2)
  })

  test('System: who may not read the metrics is told why there is no lag', async () => {
    const { browser, apiUrl } = pages()
    const viewer = await browser.newPage()
    await viewer.route('**/v1/session', (route) =>
      route.fulfill({ json: { tenant: 'default', role: 'viewer', may: ['read'], isSignedIn: true } }),
    )
    await viewer.goto(`${apiUrl}/system`)
    const lag = viewer.getByRole('region', { name: 'Lag' })
    await lag.getByText('this takes the role admin of the tenant default').waitFor()
    await viewer.close()
  })
}
