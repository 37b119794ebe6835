/** The tour's files check, its commands run, and print what the page shows. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { playTour } from '../scripts/play-tour.ts'

const page = readFileSync(join(dirname(import.meta.dirname), 'docs', 'language', 'tour.md'), 'utf8')

test('every step does what the page shows; `npm run docs` writes it anew', { timeout: 60_000 }, () => {
  const { markdown, fileCount, commandCount } = playTour(page)
  expect(markdown).toBe(page)
  expect([fileCount, commandCount]).toEqual([11, 6])
  // The last command tests all files.
  expect(page).toMatch(/in \d+ files: all passed/)
})
