import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** The one thing that the language asks of Node. */
const ownHash = (): Plugin => ({
  name: 'own-hash',
  enforce: 'pre',
  resolveId: (source) => (/(?:^|\/)sha256\.ts$/.test(source) ? join(import.meta.dirname, 'parts', 'sha256.ts') : null),
})

/** `npm start` builds: what takes how long is of no use to whoever starts Assay. */
const checks = { bundlerTimings: false }

/** `scripts/build-web.ts` runs it. The nonce is put in by the server, anew for each page. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), ownHash()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2024',
    // Inline data would need exceptions in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Of the worker, in which the whole language runs: no page waits for it.
    chunkSizeWarningLimit: 800,
    rolldownOptions: { checks },
  },
  worker: { format: 'es', plugins: () => [ownHash()], rolldownOptions: { checks } },
})
