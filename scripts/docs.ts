/**
 * `npm run docs`: writes the pages of docs/language/ that are made from the code, and the files of `examples/` into the page that
 * shows them. With `--check` it writes nothing, and says what would change.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { languagePages } from '../dsl/docs/pages.ts'
import { withExamples } from './embed-examples.ts'

const root = dirname(import.meta.dirname)
const folder = join(root, 'docs', 'language')
const check = process.argv.includes('--check')

const cookbook = readFileSync(join(folder, 'cookbook.md'), 'utf8')
const pages = {
  ...languagePages(),
  'cookbook.md': withExamples(cookbook, (path) => readFileSync(join(root, path), 'utf8')),
}

for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (check) process.exitCode = 1
  else writeFileSync(path, text)
  process.stdout.write(`${check ? 'would change' : 'written'} docs/language/${name}\n`)
}
