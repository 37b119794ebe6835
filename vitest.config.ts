import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', '.assay/**'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
})
