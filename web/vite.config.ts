import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `scripts/build-web.ts` runs it. The nonce is put in by the server, anew for each page. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2024',
    // Inline data would need exceptions in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
})
