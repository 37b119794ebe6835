/** Sessions and runs of offline evals in Chromium: of the running Assay of `pages.test.ts`. */
import { expect, test } from 'vitest'
import type { Pages } from './operations.ts'

/** `pages`: as they are once they have started. */
export function testLists(pages: () => Pages): void {
  test('Sessions: from the list to one, with its traces and what they came to', async () => {
    const { page, open, expectClean } = pages()
    await open('/traces')
    await page.getByRole('navigation', { name: 'Listed by' }).getByRole('link', { name: 'Sessions' }).click()
    await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor()
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
    await page
      .getByRole('row', { name: /support\/helpful.*done/ })
      .getByRole('link')
      .first()
      .waitFor()
    await expectClean()
    await page
      .getByRole('row', { name: /support\/helpful.*done/ })
      .getByRole('link')
      .first()
      .click()
    await page.getByRole('heading', { name: 'Run of support/helpful' }).waitFor()
    await page.getByText('Traces of its period').waitFor()
    await page.getByText('Over the budget').waitFor()
    await page.locator('.results-table tbody tr').first().waitFor()
    await expectClean()
  })

  test('Offline runs: one that waits is cancelled', async () => {
    const { page, apiUrl, open, expectClean } = pages()
    const post = async (path: string): Promise<unknown> => {
      const response = await fetch(`${apiUrl}/v1/evals/support/helpful/${path}`, { method: 'POST' })
      expect(response.ok, `${path}: ${response.status}`).toBe(true)
      return response.json()
    }
    // While it is paused its runs wait.
    await post('pause')
    const { runId } = (await post('run')) as { runId: string }
    await open(`/runs/${runId.split('/').map(encodeURIComponent).join('/')}`)
    await page.getByText('waits', { exact: true }).waitFor()
    await page.getByText('Its sample is drawn when its turn comes.').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    const dialog = page.getByRole('dialog', { name: 'Cancel this run' })
    await expectClean()
    await dialog.getByRole('button', { name: 'Cancel the run' }).click()
    await page.getByText('cancelled', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Its other runs' }).click()
    await page.waitForURL(/eval=/)
    await page.getByRole('cell', { name: 'cancelled' }).waitFor()
    await post('resume')
  })
}
