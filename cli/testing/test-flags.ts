import type { TestOptions } from './run-test-files.ts'

/** Of `assay test`, as they are written. */
export interface TestFlags extends TestOptions {
  json?: boolean
  verbose?: boolean
  coverage?: boolean
  minCoverage?: string
  junit?: string
  watch?: boolean
}
