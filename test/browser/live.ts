/** Live in Chromium: of the running Assay of `pages.test.ts`. */
import { expect, test } from 'vitest'
import { seriousFindings } from '../support/browser.ts'
import type { ExampleAssay } from '../support/example-assay.ts'
import { sendRuns } from './agent-runs.ts'
import type { Pages } from './operations.ts'

export interface LivePages extends Pages {
  readonly example: ExampleAssay
  /** What came of the page that must not, so far. */
  readonly problems: readonly string[]
}

const STORED_TRACES = /\/v1\/traces\?/

/** `pages`: as they are once they have started. */
export function testLive(pages: () => LivePages): void {
  test('Live: the agent, its verdicts, and the evidence of a failing one', async () => {
    const { page, open, expectClean } = pages()
    await open('/')
    await page.getByRole('rowheader', { name: /^support/ }).waitFor()
    await page.getByRole('button', { name: 'Fail', exact: true }).click()
    await page.waitForURL(/verdict=fail/)
    const leak = page.getByRole('button', { name: /fail support\/no_pii support/ }).first()
    await leak.click()
    expect(await page.locator('.evidence').textContent()).toContain('m***@l***.net')
    await expectClean()
    await page.getByRole('link', { name: 'Open the trace' }).click()
    await page.getByRole('heading', { name: 'invoke_agent support' }).first().waitFor()
  })

  test('Live: what comes is pushed by the stream, without asking again and without another load', async () => {
    const { page, problems, open, example } = pages()
    await open('/')
    await page.getByRole('rowheader', { name: /^support/ }).waitFor()
    await page.locator('.page-head [role="status"]').filter({ hasNotText: 'connecting' }).waitFor({ state: 'attached' })
    await page.waitForFunction(() => document.querySelector('.loading') === null)
    // Gone where the page is loaded anew.
    await page.evaluate(() => Reflect.set(window, 'isSamePage', true))
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    // The store is asked for what else it knows of a trace that was pushed: as long as it knows nothing.
    await page.route(STORED_TRACES, (route) => route.fulfill({ json: { traces: [] } }))
    await sendRuns(example.assay, { agent: 'newcomer', traceIds: ['ee'.repeat(16)] })
    await page.getByRole('rowheader', { name: 'newcomer' }).waitFor()
    await page.getByRole('button', { name: /latency\/fast newcomer/ }).waitFor()
    const traces = page.getByRole('region', { name: 'Traces' })
    await traces.getByRole('link', { name: /invoke_agent newcomer/ }).waitFor()
    expect(asked.filter((path) => path !== '/health' && path !== '/v1/traces')).toEqual([])
    await page.unroute(STORED_TRACES)
    expect(await page.evaluate(() => Reflect.get(window, 'isSamePage'))).toBe(true)
    expect(problems).toEqual([])
  })

  test('Live: a trace that was pushed is told as it is stored, with what its other spans say', async () => {
    const { page, open, example } = pages()
    await open('/')
    await page.locator('.page-head [role="status"]').filter({ hasNotText: 'connecting' }).waitFor({ state: 'attached' })
    await sendRuns(example.assay, { agent: 'stumbler', traceIds: ['ab'.repeat(16)], hasFailingTool: true })
    const traces = page.getByRole('region', { name: 'Traces' })
    await traces.getByRole('link', { name: /invoke_agent stumbler.*failed/ }).waitFor()
  })

  test('Live: where the stored traces are refused it does not say that there are none', async () => {
    const { browser, apiUrl } = pages()
    // The browser itself tells of each 400.
    const other = await browser.newPage()
    await other.route(STORED_TRACES, (route) => route.fulfill({ status: 400, json: { detail: 'not now' } }))
    await other.goto(`${apiUrl}/`)
    const traces = other.getByRole('region', { name: 'Traces' })
    await traces.getByRole('alert').waitFor()
    expect(await traces.getByText('No such trace').count()).toBe(0)
    await other.close()
  })

  test('Live: its files and first answers are asked for at once, and no answer twice', async () => {
    const { page, open } = pages()
    // In the browser's own order: before any script of the page has run.
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await open('/')
    await page.getByRole('rowheader', { name: /^support/ }).waitFor()
    await page.getByText('All parts work').waitFor()
    for (const path of ['/v1/session', '/health', '/v1/agents/live', '/v1/results', '/v1/traces'])
      expect(
        asked.filter((one) => one === path),
        path,
      ).toHaveLength(1)
    expect(asked.findIndex((path) => path.includes('/live-page-'))).toBeLessThan(asked.indexOf('/v1/subscribe'))
    expect(await page.locator('link[rel="modulepreload"][href*="live-page-"]').count()).toBe(1)
  })

  test('Live: a pause keeps what comes, a scope leaves out what is not in it', async () => {
    const { page, open, expectClean, example } = pages()
    await open('/')
    await page.getByRole('rowheader', { name: /^support/ }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await sendRuns(example.assay, { agent: 'latecomer', traceIds: ['dd'.repeat(16)] })
    await page.getByRole('status').filter({ hasText: 'paused' }).waitFor()
    expect(await page.getByRole('rowheader', { name: 'latecomer' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('button', { name: /latency\/fast latecomer/ }).waitFor()
    await page
      .getByRole('region', { name: 'Traces' })
      .getByRole('link', { name: /invoke_agent latecomer/ })
      .waitFor()
    await page.getByLabel('Scope').fill('agent_run where agent.name == "insider"')
    await page.getByLabel('Scope').press('Enter')
    await page.waitForURL(/scope=/)
    await sendRuns(example.assay, { agent: 'insider', traceIds: ['cc'.repeat(16)] })
    await page.getByRole('rowheader', { name: 'insider' }).waitFor()
    expect(await page.getByRole('rowheader').count()).toBe(1)
    await expectClean()
  })

  test('Live: a scope that is none says where', async () => {
    const { browser, apiUrl } = pages()
    // The browser itself tells of each 400.
    const other = await browser.newPage()
    await other.goto(`${apiUrl}/?scope=${encodeURIComponent('agent_run where agent.nme == "x"')}`)
    await other.getByRole('alert').filter({ hasText: 'did you mean `agent.name`' }).waitFor()
    expect(await seriousFindings(other)).toEqual([])
    await other.close()
  })

  test('Live: where nothing streams, it asks every second', async () => {
    const { browser, apiUrl, example } = pages()
    const other = await browser.newPage()
    await other.route('**/v1/subscribe*', (route) => route.abort())
    await other.goto(`${apiUrl}/`)
    await other.getByRole('status').filter({ hasText: 'asked every second' }).waitFor()
    await sendRuns(example.assay, { agent: 'polled', traceIds: ['bb'.repeat(16)] })
    await other.getByRole('button', { name: /latency\/fast polled/ }).waitFor()
    await other.unroute('**/v1/subscribe*')
    await other.getByRole('status').filter({ hasNotText: 'asked every second' }).waitFor({ state: 'attached' })
    await other.close()
  })
}
