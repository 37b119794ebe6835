import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { PAGES } from './shell/pages.ts'

/** The one thing that the language asks of Node. */
const ownHash = (): Plugin => ({
  name: 'own-hash',
  enforce: 'pre',
  resolveId: (source) => (/(?:^|\/)sha256\.ts$/.test(source) ? join(import.meta.dirname, 'parts', 'sha256.ts') : null),
})

/**
 * Tells the page which files Live has beside those of every page, so that the browser asks for them at once rather than when the first
 * script has run.
 */
const liveFiles = (): Plugin => ({
  name: 'live-files',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle = {} }) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
      const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
      const needed = (fileName: string, found: Set<string>): Set<string> => {
        if (found.has(fileName)) return found
        found.add(fileName)
        for (const other of byName.get(fileName)?.imports ?? []) needed(other, found)
        return found
      }
      const entry = chunks.find(({ isEntry }) => isEntry)
      const live = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith('/pages/live/live-page.tsx'))
      if (entry === undefined || live === undefined) throw new Error('the build has no Live page of its own')
      const common = needed(entry.fileName, new Set())
      const scripts = [...needed(live.fileName, new Set())].filter((name) => !common.has(name))
      const styles = scripts.flatMap((name) => [...(byName.get(name)?.viteMetadata?.importedCss ?? [])])
      return html.replace('__LIVE_FILES__', [...scripts, ...styles].map((name) => `/${name}`).join(' '))
    },
  },
})

/** What every page stands in, in the page itself: it is there before any script is, and its links work. `web/shell/shell.tsx` takes its place. */
const shell = (): Plugin => ({
  name: 'shell',
  transformIndexHtml: (html) =>
    html.replace('__PAGES__', PAGES.map(({ to, label }) => `<a href="${to}">${label}</a>`).join('')),
})

/** Small parts that most pages share, with what asks the API, in one file: each file of its own would be a request of its own. */
const COMMON =
  /\/web\/(?:parts\/(?:code-block|empty|facts|format|loading|page-head|problem-note|result-why|table|time|verdict)\.tsx?$|pages\/trace\/why\.tsx$|data\/)|\/client\/|\/node_modules\/(?:react|@tanstack\/(?:react-)?query(?:-core)?)\//

/** `npm start` builds: what takes how long is of no use to whoever starts Assay. */
const checks = { bundlerTimings: false }

/** `scripts/build-web.ts` runs it. The nonce is put in by the server, anew for each page. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), ownHash(), shell(), liveFiles()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2024',
    // Those that know `light-dark()`: what would stand in for it knows the system's theme alone, and not the one that was chosen.
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // Inline data would need exceptions in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Of the worker, in which the whole language runs: no page waits for it.
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      checks,
      output: { codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: 'common', test: COMMON }] } },
    },
  },
  worker: { format: 'es', plugins: () => [ownHash()], rolldownOptions: { checks } },
})
