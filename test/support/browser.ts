/** A real Chromium, where the machine has one. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Null where there is none: tests in it are then skipped, which CI takes for a failure. */
export const chromiumPath = PLACES.find((path) => existsSync(path)) ?? null

export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === null) throw new Error(`there is no Chromium at ${PLACES.join(', ')}`)
  // Root has no sandbox, and CI's containers run as root.
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** What must never come of a page, gathered while it is used. */
export function watchPage(page: Page, origin: string): readonly string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
  page.on('request', (request) => {
    const { protocol } = new URL(request.url())
    if (!request.url().startsWith(`${origin}/`) && protocol !== 'data:' && protocol !== 'blob:')
      problems.push(`asked another host: ${request.url()}`)
  })
  return problems
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds serious or critical on the page as it stands, a line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const runner = Reflect.get(window, 'axe') as {
      run(): Promise<{
        violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
      }>
    }
    const { violations } = await runner.run()
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      where: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`),
    }))
  })
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, where }) => `${id}: ${where.join(' | ')}`)
}
