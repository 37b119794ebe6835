/** `npm run build:web`: the pages in `web/dist`, each file with its Brotli form. What is there stays in use until the new ones take its place. */
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'vite'
import { replaceFolder } from './replace-folder.ts'
import { stampOf, webFolderOf } from './web-build.mjs'

const root = dirname(import.meta.dirname)
const startedAt = new Date()
const folder = webFolderOf(root)
const next = `${folder}.${process.pid}`

// Whatever runs this, a test among them: React has a build for each.
process.env.NODE_ENV = 'production'
await build({
  configFile: join(root, 'web', 'vite.config.ts'),
  mode: 'production',
  logLevel: 'warn',
  build: { outDir: next, emptyOutDir: true },
})
let sizeBytes = 0
let packedBytes = 0
for (const entry of readdirSync(next, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(?:js|css|svg|json)$/.test(entry.name)) continue
  const path = join(entry.parentPath, entry.name)
  const text = readFileSync(path)
  const packed = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } })
  writeFileSync(`${path}.br`, packed)
  sizeBytes += text.length
  packedBytes += packed.length
}
const stamp = join(next, basename(stampOf(root)))
writeFileSync(stamp, '')
// Sources that changed while it was built make it stale again.
utimesSync(stamp, startedAt, startedAt)
replaceFolder(next, folder)
process.stdout.write(`web/dist: ${Math.round(sizeBytes / 1024)} kB, ${Math.round(packedBytes / 1024)} kB compressed\n`)
