/** Sessions and runs of offline evals in Chromium: of the running Assay of `pages.test.ts`. */
import { expect, test } from 'vitest'
import { seriousFindings } from '../support/browser.ts'
import type { Pages } from './operations.ts'

/** `pages`: as they are once they have started. */
export function testLists(pages: () => Pages): void {
  test('Sessions: from the list to one, with its traces and what they came to', async () => {
    const { page, open, expectClean } = pages()
    await open('/traces')
    await page.getByRole('navigation', { name: 'Listed by' }).getByRole('link', { name: 'Sessions' }).click()
    await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor()
    const current = page.getByRole('navigation', { name: 'Pages' }).locator('[aria-current]')
    expect(await current.allTextContents()).toEqual(['Traces'])
    const first = page.getByRole('rowheader').getByRole('link').first()
    const session = await first.textContent()
    await expectClean()
    await first.click()
    await page.getByRole('heading', { name: `Session ${session}` }).waitFor()
    await page.getByText('No eval has judged it as a whole').waitFor()
    expect(await page.locator('table.traces tbody tr').count()).toBeGreaterThan(0)
    await expectClean()
    await page.locator('table.traces a').first().click()
    await page.getByRole('tree').waitFor()
    await page.getByRole('link', { name: `${session}`, exact: true }).click()
    await page.getByRole('heading', { name: `Session ${session}` }).waitFor()
    await open('/sessions?agent=none-such')
    await page.getByRole('heading', { name: 'No session matches all of this' }).waitFor()
    await expectClean()
  })

  test('Offline runs: from the list to one, with its plan, what came out and what it said of each', async () => {
    const { page, open, expectClean } = pages()
    await open('/evals')
    await page.getByRole('link', { name: 'Offline runs' }).click()
    // It runs by the hour too: a run whose hour began meanwhile may have found nothing to judge.
    const judged = page.getByRole('row', { name: /support\/helpful.*done.*\b[1-9]\d* of \d+ traces/ })
    await judged.getByRole('link').first().waitFor()
    await expectClean()
    await judged.getByRole('link').first().click()
    await page.getByRole('heading', { name: 'Run of support/helpful' }).waitFor()
    expect(await page.getByRole('navigation', { name: 'Pages' }).locator('[aria-current]').allTextContents()).toEqual([
      'Evals',
    ])
    await page.getByText('Traces of its period').waitFor()
    await page.getByText('Over the budget').waitFor()
    await page.locator('.results-table tbody tr').first().waitFor()
    await expectClean()
  })

  test('Offline runs: an eval is paused, run, cancelled and resumed by keyboard, each said first', async () => {
    const { page, open, expectClean } = pages()
    /** Opens what `button` asks, checks what it says of the cost, and does it. */
    const confirm = async (button: string, title: string, does: string, cost: RegExp | null): Promise<void> => {
      await page.getByRole('button', { name: button }).focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog', { name: title })
      await dialog.waitFor()
      await page.waitForFunction(() => document.querySelector('.loading') === null)
      if (cost !== null) expect(await dialog.textContent()).toMatch(cost)
      await expectClean()
      await dialog.getByRole('button', { name: does }).focus()
      await page.keyboard.press('Enter')
      await dialog.waitFor({ state: 'detached' })
    }
    // The example's judge has no price.
    const cost = /Subjects.*\d the last time.*Judged byopenai\/.*no price known.*cost\.prices.*none set/
    await open('/evals/support/helpful')
    await confirm('Pause support/helpful', 'Pause support/helpful', 'Pause it', null)
    await page.getByRole('status').filter({ hasText: 'support/helpful is paused' }).waitFor({ state: 'attached' })
    // Nobody who works by keyboard is thrown out of the place where he was.
    const resume = page.getByRole('button', { name: 'Resume support/helpful' })
    await resume.waitFor()
    await expect.poll(() => resume.evaluate((button) => button === document.activeElement)).toBe(true)
    // While it is paused its runs wait.
    await confirm('Run now support/helpful', 'Run support/helpful now', 'Run it', cost)
    await page.waitForURL(/\/runs\/support\/helpful/)
    await page.getByText('waits', { exact: true }).waitFor()
    await page.getByText('Its sample is drawn when its turn comes.').waitFor()
    await page.getByRole('link', { name: 'Its other runs' }).click()
    await page.waitForURL(/eval=/)
    await confirm('Cancel support/helpful@', 'Cancel this run', 'Cancel the run', null)
    await page.getByRole('cell', { name: 'cancelled', exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0)
    await confirm('Resume support/helpful', 'Resume support/helpful', 'Resume it', cost)
    await page.getByRole('button', { name: 'Pause' }).waitFor()
  })

  test('Offline runs: a question stays what it was though another answers it, and a state that failed to come is asked for again', async () => {
    const { browser, apiUrl } = pages()
    // A page of its own: a browser tells of each 503 on its console by itself.
    const other = await browser.newPage()
    await other.goto(`${apiUrl}/evals/support/helpful`)
    await other.getByRole('button', { name: 'Pause support/helpful' }).click()
    const dialog = other.getByRole('dialog', { name: 'Pause support/helpful' })
    await dialog.waitFor()
    let failures = 0
    const offline = '**/v1/offline'
    await other.route(offline, (route) => {
      failures++
      return route.fulfill({ status: 503, json: { code: 'E_UNAVAILABLE', message: 'not now' } })
    })
    await expect.poll(() => failures).toBeGreaterThan(0)
    await other.unroute(offline)
    const paused = await fetch(`${apiUrl}/v1/evals/support/helpful/pause`, { method: 'POST' })
    expect(paused.status).toBe(200)
    await other.getByText('support/helpful is paused').waitFor({ state: 'attached' })
    expect(await dialog.textContent()).toMatch(/No slot of its schedule begins.*Pause itLet it go on/)
    await dialog.getByRole('button', { name: 'Pause it' }).click()
    await dialog.waitFor({ state: 'detached' })
    await other.getByRole('button', { name: 'Resume support/helpful' }).click()
    await other.getByRole('dialog').getByRole('button', { name: 'Resume it' }).click()
    await other.getByRole('button', { name: 'Pause support/helpful' }).waitFor()
    await other.close()
  })

  test('Offline runs: a viewer is offered none of it', async () => {
    const { browser, apiUrl } = pages()
    const viewer = await browser.newPage()
    await viewer.route('**/v1/session', (route) =>
      route.fulfill({ json: { tenant: 'default', role: 'viewer', may: ['read'], isSignedIn: true } }),
    )
    for (const path of ['/runs', '/evals/support/helpful']) {
      await viewer.goto(`${apiUrl}${path}`)
      await viewer.getByText('default · viewer').waitFor()
      await viewer
        .getByRole('link', { name: /support\/helpful|^Runs$/ })
        .first()
        .waitFor()
      expect(await viewer.getByRole('button', { name: /^(Run now|Pause|Resume|Cancel) / }).count(), path).toBe(0)
    }
    await viewer.waitForFunction(() => document.querySelector('.loading') === null)
    expect(await seriousFindings(viewer)).toEqual([])
    await viewer.close()
  })
}
