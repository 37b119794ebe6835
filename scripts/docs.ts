/**
 * `npm run docs`: writes the pages of docs/language/ that are made from the code, the files of `examples/` into the page that
 * shows them, and into the tour what its commands print. With `--check` it writes nothing, and says what would change.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { languagePages } from '../dsl/docs/pages.ts'
import { withExamples } from './embed-examples.ts'
import { playTour } from './play-tour.ts'

const root = dirname(import.meta.dirname)
const folder = join(root, 'docs', 'language')
const check = process.argv.includes('--check')

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = {
  ...languagePages(),
  'cookbook.md': withExamples(read('docs/language/cookbook.md'), read),
  'tour.md': playTour(read('docs/language/tour.md')).markdown,
}

for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (check) process.exitCode = 1
  else writeFileSync(path, text)
  process.stdout.write(`${check ? 'would change' : 'written'} docs/language/${name}\n`)
}
