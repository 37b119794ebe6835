import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', '.assay/**'],
    // chDB must be used on the main thread of a process: worker threads as a pool would deadlock in it.
    pool: 'forks',
    // Bounds for what hangs, not for what is slow: machines of CI are busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
