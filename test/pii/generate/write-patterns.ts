/** Writes the reviewed sources into `evals/pii.eval`: `node test/pii/generate/write-patterns.ts`, after a change of them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { REVIEWED_SOURCES } from '../../../engine/regex/pii-sources.ts'

const path = new URL('../../../evals/pii.eval', import.meta.url)
let pack = readFileSync(path, 'utf8')
for (const [name, source] of Object.entries(REVIEWED_SOURCES)) {
  const line = new RegExp(`^pattern +${name.slice('pii.'.length)} = /.*/( check \\w+)?$`, 'm')
  if (!line.test(pack)) throw new Error(`no pattern ${name} in evals/pii.eval`)
  pack = pack.replace(
    line,
    (whole, check: string | undefined) => `${whole.slice(0, whole.indexOf('=') + 2)}/${source}/${check ?? ''}`,
  )
}
writeFileSync(path, pack)
