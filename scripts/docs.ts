/** `npm run docs`: writes the pages of docs/language/ that are made from the code. With `--check` it writes nothing, and says what would change. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { languagePages } from '../dsl/docs/pages.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'language')
const check = process.argv.includes('--check')

for (const [name, text] of Object.entries(languagePages())) {
  const path = join(folder, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (check) process.exitCode = 1
  else writeFileSync(path, text)
  process.stdout.write(`${check ? 'would change' : 'written'} docs/language/${name}\n`)
}
