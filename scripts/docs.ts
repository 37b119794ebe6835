/**
 * `npm run docs`: writes the pages of docs/language/ that are made from the code, the files of `examples/` into the page that
 * shows them, into the tour what its commands print, the settings into theirs, and the client of the API. With `--check` it writes nothing, and says what
 * would change.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withSettings } from '../cli/config/reference.ts'
import { withMetrics } from '../cli/metrics/page.ts'
import { languagePages } from '../dsl/docs/pages.ts'
import { clientSource } from './client-source.ts'
import { withExamples } from './embed-examples.ts'
import { playTour } from './play-tour.ts'

const root = dirname(import.meta.dirname)
const folder = join(root, 'docs')
const check = process.argv.includes('--check')

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const language = {
  ...languagePages(),
  'cookbook.md': withExamples(read('docs/language/cookbook.md'), read),
  'tour.md': playTour(read('docs/language/tour.md')).markdown,
}
const pages = {
  ...Object.fromEntries(Object.entries(language).map(([name, text]) => [`language/${name}`, text])),
  'operations/metrics.md': withMetrics(read('docs/operations/metrics.md')),
  '../client/api.ts': clientSource(),
  'configuration.md': withSettings(read('docs/configuration.md')),
}

for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (check) process.exitCode = 1
  else writeFileSync(path, text)
  process.stdout.write(`${check ? 'would change' : 'written'} docs/${name}\n`)
}
