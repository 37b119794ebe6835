/** The package `@assay/sdk` in `sdk/dist`: one file for `import` and one for `require`, in what Node 18 understands, with types. `npm pack` in `sdk/` runs it. */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

const root = dirname(import.meta.dirname)
const folder = join(root, 'sdk')
const outFolder = join(folder, 'dist')

rmSync(outFolder, { recursive: true, force: true })
const bundle = await rolldown({
  input: { index: join(folder, 'index.ts') },
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  transform: { target: 'node18' },
})
await bundle.write({ dir: outFolder, format: 'esm' })
await bundle.write({ dir: join(outFolder, 'cjs'), format: 'cjs' })
await bundle.close()

const types = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', join(folder, 'tsconfig.build.json')], {
  encoding: 'utf8',
})
if (types.status !== 0) {
  process.stderr.write(`${types.stdout}${types.stderr}`)
  process.exit(1)
}
// The package is of ES modules, this folder is not: for TypeScript too, which takes a `.d.ts` for what the next package.json says.
writeFileSync(join(outFolder, 'cjs', 'package.json'), '{ "type": "commonjs" }\n')
for (const file of readdirSync(outFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.d.ts'),
))
  cpSync(join(outFolder, file), join(outFolder, 'cjs', file))
