/** Signing in, in Chromium: each over an Assay of its own that asks who one is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { expect, test } from 'vitest'
import { runAssay, startAssay } from '../support/assay-process.ts'
import { seriousFindings, watchPage } from '../support/browser.ts'
import { startOpenIdProvider } from '../support/openid-provider.ts'

/** `browserOf`: once it has started. */
export function testSignIn(browserOf: () => Browser): void {
  test('signing in: nothing is shown without a key, and all with one, until one signs out', async () => {
    const browser = browserOf()
    const dataDir = mkdtempSync(join(tmpdir(), 'assay-sign-in-'))
    const made = await runAssay(['keys', 'create', '--role', 'viewer', '--data', dataDir])
    const key = /assay_\w+/.exec(made.stdout)?.[0]
    if (key === undefined) throw new Error(`no key was made: ${made.stdout}${made.stderr}`)
    const guarded = await startAssay({ dataDir, env: { ASSAY_ACCESS: 'keys' } })
    const context = await browser.newContext()
    const visitor = await context.newPage()
    const found = watchPage(visitor, guarded.apiUrl)
    try {
      await visitor.goto(`${guarded.apiUrl}/traces?since=1h`)
      await visitor.getByLabel('Key').fill(`${key}x`)
      await visitor.getByRole('button', { name: 'Sign in' }).click()
      await visitor.getByRole('alert').waitFor()
      expect(await seriousFindings(visitor)).toEqual([])
      await visitor.getByLabel('Key').fill(key)
      await visitor.getByRole('button', { name: 'Sign in' }).click()
      await visitor.waitForURL(/\/traces\?since=1h/)
      await visitor.getByText('default · viewer').waitFor()
      expect(await visitor.evaluate(() => document.cookie)).toBe('')
      // Nothing was sent: each page says what would be there, and how it comes.
      for (const [path, title, way] of [
        ['/', 'No agent has sent anything', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
        ['/traces', 'No trace began', 'how agents are pointed at Assay'],
        ['/sessions', 'No session was seen', 'gen_ai.conversation.id'],
        ['/runs', 'No offline eval has run yet', 'assay offline run'],
      ] as const) {
        await visitor.goto(`${guarded.apiUrl}${path}`)
        const empty = visitor.locator('.empty').filter({ has: visitor.getByRole('heading', { name: title }) })
        await empty.waitFor()
        expect(await empty.textContent(), path).toContain(way)
        await visitor.waitForFunction(() => document.querySelector('.loading') === null)
        for (const colorScheme of ['light', 'dark'] as const) {
          await visitor.emulateMedia({ colorScheme })
          expect(await seriousFindings(visitor), `${path} ${colorScheme}`).toEqual([])
        }
      }
      await visitor.getByRole('button', { name: 'Sign out' }).click()
      await visitor.waitForURL(/\/sign-in/)
      expect((await visitor.request.get(`${guarded.apiUrl}/v1/evals`)).status()).toBe(401)
      // A browser tells of each 401 by itself; nothing else may come.
      expect(found.filter((problem) => !problem.includes('401'))).toEqual([])
    } finally {
      await context.close()
      await guarded.stop()
      rmSync(dataDir, { recursive: true })
    }
  })

  test('signing in at a provider: those of its groups, until one signs out', async () => {
    const browser = browserOf()
    const folder = mkdtempSync(join(tmpdir(), 'assay-provider-'))
    let apiUrl = ''
    const provider = await startOpenIdProvider(() => `${apiUrl}/v1/sign-in/callback`)
    writeFileSync(
      join(folder, 'assay.yaml'),
      `signIn:
  openId:
    issuer: ${provider.issuer}
    clientId: ${provider.clientId}
    clientSecret: env:PROVIDER_SECRET
    label: Example
    scopes: [openid, email, groups]
    grants:
      assay-editors: { role: editor }
`,
    )
    const guarded = await startAssay({
      dataDir: ':memory:',
      args: ['--config', join(folder, 'assay.yaml')],
      env: { PROVIDER_SECRET: provider.clientSecret },
    })
    apiUrl = guarded.apiUrl
    const context = await browser.newContext()
    const visitor = await context.newPage()
    const problems: string[] = []
    visitor.on('pageerror', (error) => problems.push(error.message))
    try {
      const signInAs = async (who: string): Promise<void> => {
        await visitor.getByRole('link', { name: 'Sign in with Example' }).click()
        await visitor.getByRole('button', { name: who, exact: true }).click()
      }
      await visitor.goto(`${apiUrl}/evals?x=1`)
      await visitor.waitForURL(/sign-in/)
      await visitor.getByRole('link', { name: 'Sign in with Example' }).waitFor()
      expect(await seriousFindings(visitor)).toEqual([])
      await signInAs('ada')
      await visitor.waitForURL(/\/evals/)
      await visitor.getByText('ada@example.org · default · editor').waitFor()
      expect(await visitor.evaluate(() => document.cookie)).toBe('')
      await visitor.getByRole('button', { name: 'Sign out' }).click()
      await visitor.waitForURL(/\/sign-in/)
      // The provider remembers who one is; in another browser nobody is.
      const stranger = await browser.newContext()
      const other = await stranger.newPage()
      await other.goto(`${apiUrl}/sign-in`)
      await other.getByRole('link', { name: 'Sign in with Example' }).click()
      await other.getByRole('button', { name: 'bob' }).click()
      await other.getByRole('alert').waitFor()
      expect(await other.getByRole('alert').textContent()).toContain('no group')
      await stranger.close()
      expect(problems).toEqual([])
    } finally {
      await context.close()
      await guarded.stop()
      await provider.close()
      rmSync(folder, { recursive: true })
    }
  })
}
