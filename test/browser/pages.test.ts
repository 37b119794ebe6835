/** The pages in a real browser, over a running Assay with the example agent's traces. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/web-build.mjs'
import { chromiumPath, launchBrowser, seriousFindings, watchPage } from '../support/browser.ts'
import { type ExampleAssay, startExampleAssay } from '../support/example-assay.ts'
import { largeTrace } from '../support/large-trace.ts'
import type { OpenAiServer } from '../support/openai-server.ts'
import { post } from '../support/otlp.ts'
import { seedData } from '../support/seed-data.ts'
import { sendRuns } from './agent-runs.ts'
import { testEveryPage } from './every-page.ts'
import { judgeSession, SESSION_EVALS, testJudgedSession } from './judged-session.ts'
import { testLists } from './lists.ts'
import { testLive } from './live.ts'
import { testOperations } from './operations.ts'
import { testSignIn } from './sign-in.ts'

const root = join(import.meta.dirname, '..', '..')
const LARGE = 'f'.repeat(32)
const LARGE_SPANS = 5_000

let folder: string
let browser: Browser
let example: ExampleAssay
let judge: OpenAiServer | undefined
let page: Page
let problems: readonly string[] = []

describe.skipIf(chromiumPath === null)('the pages, in Chromium', () => {
  beforeAll(async () => {
    buildWebIfStale(root)
    folder = mkdtempSync(join(tmpdir(), 'assay-pages-'))
    const dataDir = join(folder, 'data')
    const seeded = await seedData(folder, dataDir, Date.now())
    const desk = join(folder, 'desk.eval')
    writeFileSync(desk, SESSION_EVALS)
    const started = await Promise.all([
      launchBrowser(),
      startExampleAssay([join(root, 'examples', 'cookbook', 'weekly.eval'), seeded, desk], dataDir),
    ])
    browser = started[0]
    example = started[1]
    await example.answer()
    judge = await judgeSession(example.assay, example.modelPort)
    page = await browser.newPage({ viewport: { width: 1360, height: 850 } })
    problems = watchPage(page, example.assay.apiUrl)
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await judge?.close()
    await example?.assay.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    expect(problems).toEqual([])
  })

  const open = async (path: string): Promise<void> => {
    await page.goto(`${example.assay.apiUrl}${path}`)
  }
  /** After each page's main path. */
  const expectClean = async (): Promise<void> => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await seriousFindings(page), colorScheme).toEqual([])
    }
    expect(problems).toEqual([])
  }

  testLive(() => ({ page, problems, browser, example, apiUrl: example.assay.apiUrl, open, expectClean }))

  test('the theme that was chosen stays, and is there before anything is painted', async () => {
    const context = await browser.newContext({ colorScheme: 'light' })
    const other = await context.newPage()
    const groundOf = (): Promise<string> => other.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const found = watchPage(other, example.assay.apiUrl)
    await other.goto(`${example.assay.apiUrl}/evals`)
    const light = await groundOf()
    await other.getByLabel('Theme').selectOption('dark')
    const dark = await groundOf()
    expect(dark).not.toBe(light)
    // With no script of its own but the page's first lines.
    await other.route('**/assets/*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }))
    await other.reload()
    expect(await groundOf()).toBe(dark)
    await other.unroute('**/assets/*.js')
    await other.reload()
    expect(await other.getByLabel('Theme').inputValue()).toBe('dark')
    expect(await seriousFindings(other)).toEqual([])
    await other.getByLabel('Theme').selectOption('system')
    expect(await groundOf()).toBe(light)
    await other.emulateMedia({ colorScheme: 'dark' })
    expect(await groundOf()).toBe(dark)
    expect(found).toEqual([])
    await context.close()
  })

  test('Traces: what is searched for is the address', async () => {
    await open('/traces')
    await page.getByRole('searchbox').fill('A-1077')
    await page.getByRole('searchbox').press('Enter')
    await page.waitForURL(/text=A-1077/)
    await page.getByLabel('Verdict').selectOption('fail')
    await page.waitForURL(/verdict=fail/)
    const found = page.getByRole('link', { name: 'Who handles my return of order A-1077?' })
    await found.waitFor()
    expect(await page.locator('table.traces tbody tr').count()).toBe(1)
    await expectClean()
    // Also where the evals to choose from come later than the page.
    await open('/traces?verdict=fail&eval=support/no_pii')
    const evalChoice = page.getByRole('combobox', { name: 'Eval' })
    await evalChoice.locator('option', { hasText: 'support/fast' }).waitFor({ state: 'attached' })
    expect(await evalChoice.inputValue()).toBe('support/no_pii')
    await open('/traces?session=none-such')
    await page.getByRole('heading', { name: 'No trace matches all of this' }).waitFor()
    await expectClean()
    await page.goBack()
    await found.click()
    await page.getByRole('tree').waitFor()
  })

  test('a trace: by keyboard, with the match marked, why, and as a conversation', async () => {
    await open('/traces?text=A-1077&verdict=fail')
    await page.getByRole('link', { name: 'Who handles my return of order A-1077?' }).click()
    const tree = page.getByRole('tree')
    await tree.focus()
    await page.keyboard.press('End')
    await page.waitForURL(/span=/)
    expect(await page.getByRole('treeitem', { selected: true }).textContent()).toMatch(/find_contact|chat/)
    await page.keyboard.press('Home')
    await page.locator('.detail mark').first().waitFor()
    expect(await page.locator('.detail mark').first().textContent()).toMatch(/^\*+$/)
    await page.locator('.detail summary', { hasText: 'Why' }).last().click()
    await page.locator('.detail .why-tree').first().waitFor()
    // The address was masked after it was judged: what is left of it would pass.
    const why = page.locator('.detail .verdicts li', { hasText: 'support/no_pii' }).locator('details')
    if ((await why.last().getAttribute('open')) === null) await why.last().locator('summary').click()
    await why
      .last()
      .getByText('Stored: fail; by what is stored now it would be pass: the text was masked after it was judged.')
      .waitFor()
    const green = await page
      .locator('.verdict-pass')
      .first()
      .evaluate((one) => getComputedStyle(one).color)
    for (const value of await why.last().locator('.why-value').all())
      expect(await value.evaluate((one) => getComputedStyle(one).color)).not.toBe(green)
    await expectClean()
    await page.getByRole('link', { name: 'Conversation' }).click()
    await page.getByRole('list', { name: 'Conversation' }).waitFor()
    expect(await page.locator('.turn-assistant').first().textContent()).toContain('find_contact')
    await expectClean()
  })

  test('a trace is copied as a test, and compared with another', async () => {
    await open('/traces')
    await page
      .getByRole('checkbox', { name: /A-1077/ })
      .first()
      .check()
    await page.getByRole('checkbox', { disabled: false, checked: false }).first().check()
    await page.getByRole('link', { name: 'Compare these two' }).click()
    await page.getByRole('heading', { name: 'Steps' }).waitFor()
    await page.getByRole('rowheader', { name: 'support/no_pii', exact: true }).waitFor()
    expect(await page.locator('.steps .step').count()).toBeGreaterThan(1)
    await expectClean()
    await open('/traces?text=A-1077&verdict=fail')
    await page.getByRole('link', { name: 'Who handles my return of order A-1077?' }).click()
    await page.getByRole('button', { name: 'Copy as test' }).click()
    const dialog = page.getByRole('dialog', { name: 'As a test' })
    await dialog.getByText('expect no_pii: fail').waitFor()
    expect(await dialog.textContent()).toContain('someone@example.com')
    // As a trace with a long line has it.
    await dialog
      .locator('pre')
      .first()
      .evaluate((pre) => pre.append('long '.repeat(200)))
    for (const width of [390, 1360]) {
      await page.setViewportSize({ width, height: 850 })
      const box = (await dialog.boundingBox())!
      for (const name of ['Copy', 'Close']) {
        const button = (await dialog.getByRole('button', { name, exact: true }).first().boundingBox())!
        expect(button.x + button.width, `${name} at ${width}`).toBeLessThanOrEqual(box.x + box.width)
      }
    }
    await expectClean()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })

  test('a trace of 5,000 spans keeps few lines in the document', async () => {
    expect((await post(example.assay, largeTrace(LARGE, LARGE_SPANS))).status).toBe(200)
    await expect
      .poll(async () => (await fetch(`${example.assay.apiUrl}/v1/traces/${LARGE}`)).status, { timeout: 30_000 })
      .toBe(200)
    await open(`/traces/${LARGE}`)
    await page.getByRole('tree').focus()
    await page.keyboard.press('End')
    await page.getByRole('treeitem', { name: `call ${LARGE_SPANS - 1}` }).waitFor()
    expect(await page.getByRole('treeitem').count()).toBeLessThan(100)
    // What was scrolled past is let go.
    for (const top of [0, 20_000, 70_000]) {
      await page.getByRole('tree').evaluate((tree, to) => tree.scrollTo({ top: to }), top)
      await page
        .getByRole('treeitem', { name: `call ${Math.ceil(top / 28) + 2}`, exact: false })
        .first()
        .waitFor()
      expect(await page.getByRole('treeitem').count()).toBeLessThan(100)
    }
    expect(problems).toEqual([])
  })

  test('Evals: from the list to one, with its series, failures and source', async () => {
    await open('/evals')
    await page.getByRole('link', { name: 'support/no_pii', exact: true }).click()
    await page.locator('.chart canvas').waitFor()
    await page.getByText('In numbers, by').click()
    await page.getByRole('columnheader', { name: '95% interval' }).waitFor()
    expect(await page.getByRole('region', { name: 'Definition of support/no_pii' }).textContent()).toContain(
      'pii.email',
    )
    expect(await page.locator('.results-table tbody tr').count()).toBe(1)
    await page.getByRole('tab', { name: 'Flips' }).click()
    await page.getByText('None in 30 days').waitFor()
    await expectClean()
  })

  test('Evals: what a judge said is labelled by single keys, and taken back', async () => {
    await open('/evals/support/helpful')
    await page.getByText('Nobody has labelled').waitFor()
    await page.getByText('The whole prompt').click()
    await page.getByRole('region', { name: 'system message' }).waitFor()
    await expectClean()
    await page.getByRole('link', { name: 'Label by keyboard' }).click()
    const status = page.locator('.label-progress [role="status"]')
    await page.getByRole('article', { name: 'To be judged' }).waitFor()
    await expectClean()
    await page.keyboard.press('p')
    await status.getByText(/The judge said/).waitFor()
    await page.keyboard.press('u')
    await expect.poll(() => status.textContent()).toBe('')
    const labels = `${example.assay.apiUrl}/v1/labels?eval=support/helpful`
    expect(await (await fetch(labels)).json()).toEqual({ labels: [] })
    await page.keyboard.press('4')
    await status.getByText(/The judge said/).waitFor()
    expect(await (await fetch(labels)).json()).toMatchObject({ labels: [{ score: 4 }] })
    await page.getByRole('link', { name: 'Back to the eval' }).click()
    await page.getByRole('columnheader', { name: 'AC1' }).waitFor()
    await expectClean()
  })

  test('Playground: catches a mistake as it is typed, completes, and runs on stored traces', async () => {
    await open('/playground')
    const editor = page.getByRole('textbox', { name: 'Evals to try' })
    const run = page.getByRole('button', { name: 'Run' })
    // At once, without being asked to.
    await page.locator('.by-eval', { hasText: 'playground/quick' }).waitFor()
    expect(await page.locator('.costs').textContent()).toMatch(/quick up to \d/)
    expect(await page.locator('.outcome tbody tr', { hasText: /fail.*quick.*\d s$/ }).count()).toBeGreaterThan(0)
    await expectClean()
    await editor.click()
    await page.keyboard.press('ControlOrMeta+End')
    await page.keyboard.type('# nothing takes no time\n')
    await editor.getByText('2s', { exact: true }).dblclick()
    await page.keyboard.type('1ms')
    await page.getByText('pass before this edit').first().waitFor()
    await run.click()
    await page.getByText('pass before this edit').first().waitFor({ state: 'detached' })
    await editor.click()
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    expect(await editor.evaluate((element) => element.contains(document.activeElement))).toBe(false)
    expect(await editor.getAttribute('aria-describedby')).toBe(await page.getByText('Tab leaves').getAttribute('id'))
    await editor.click()
    await page.keyboard.press('ControlOrMeta+End')
    await page.keyboard.type('online eval wrong {\n  on: trace\n  pass: durration <= 2s\n}\n')
    await page.locator('.cm-lintRange-error').first().waitFor()
    await expect.poll(() => run.isDisabled()).toBe(true)
    await page.keyboard.type('online eval more {\n  on: tr')
    await page.getByRole('option', { name: /^trace/ }).waitFor()
    expect(problems).toEqual([])
  })

  testLists(() => ({ page, browser, apiUrl: example.assay.apiUrl, open, expectClean }))
  testJudgedSession(() => ({ page, browser, apiUrl: example.assay.apiUrl, open, expectClean }))
  testOperations(() => ({ page, browser, apiUrl: example.assay.apiUrl, open, expectClean }))

  test('API: a route found, filled in, sent, and answered', async () => {
    await open('/api')
    await page.getByLabel('Find a route').fill('sessions')
    await page.getByRole('link', { name: 'GET /v1/sessions', exact: true }).click()
    await page.getByLabel('since', { exact: true }).fill('1h')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('heading', { name: /^200 in/ }).waitFor()
    expect(await page.getByRole('region', { name: 'Answer' }).textContent()).toContain('"session"')
    await expectClean()
  })

  test.each([
    ['/none'],
    ['/evals/no/such'],
    ['/alerts/no/such'],
    ['/scorecards/no/such'],
    ['/sessions/no-such'],
    ['/runs/no/such@2026'],
    [`/traces/${'0'.repeat(32)}`],
  ])('%s: says that there is nothing', async (path) => {
    // A page of its own: a browser tells of each 404 on its console by itself.
    const lost = await browser.newPage()
    await lost.goto(`${example.assay.apiUrl}${path}`)
    await lost.getByRole('heading', { name: /There is no/ }).waitFor()
    expect(await seriousFindings(lost)).toEqual([])
    await lost.close()
  })

  testSignIn(() => browser)

  test('Lists: what does not stand on the first page comes on demand', async () => {
    const traceIds = Array.from({ length: 30 }, (_, index) => `a${index.toString(16).padStart(2, '0')}`.padEnd(32, '0'))
    await sendRuns(example.assay, { agent: 'slowcoach', traceIds, durationMs: 120_000 })
    await open('/?eval=latency%2Ffast&verdict=fail')
    await page.getByRole('button', { name: /^Show \d+ more$/ }).click()
    await expect.poll(() => page.locator('.feed > li').count()).toBeGreaterThanOrEqual(traceIds.length)
    await open('/evals/latency/fast')
    const failures = page.locator('.results-table tbody tr')
    await failures.first().waitFor()
    expect(await failures.count()).toBe(20)
    await page.getByRole('button', { name: 'Show older ones' }).click()
    await expect.poll(() => failures.count()).toBeGreaterThanOrEqual(traceIds.length)
    await expectClean()
  })

  testEveryPage(() => ({ page, browser, apiUrl: example.assay.apiUrl, open, expectClean }))
})
