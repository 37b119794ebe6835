/**
 * `npm run build`: the command line as plain JavaScript in `dist/`, for the package. What `assay check` needs of other packages
 * is built in, so that it reads a few files and not hundreds; the rest stays a dependency.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'

const root = dirname(import.meta.dirname)
const outFolder = join(root, 'dist')

/** In JavaScript alone, and small. */
const BUILT_IN = /^(?:@?chevrotain|commander|re2js|yaml)(?:\/|$)/

/** `new URL('./x.ts', import.meta.url)` names a module for a thread, or a folder that is shipped. */
const PLACE = /new URL\('(\.[^']+)', import\.meta\.url\)/g

/** Makes an entry of every module that a thread is started with, and lets places be found from `dist/`. */
function places(): Plugin {
  return {
    name: 'places',
    transform(code, id) {
      if (!id.startsWith(root) || id.includes(`${sep}node_modules${sep}`) || !code.includes('import.meta.url'))
        return null
      const placed = code.replace(PLACE, (_, path: string) => {
        const target = resolve(dirname(id), path)
        if (!path.endsWith('.ts')) return `new URL('${relative(outFolder, target)}', import.meta.url)`
        const name = basename(path, '.ts')
        this.emitFile({ type: 'chunk', id: target, fileName: `${name}.js` })
        return `new URL('./${name}.js', import.meta.url)`
      })
      // Packages are found from `dist/` as well; whatever else asks for its own place would look beside `dist/`.
      const left = placed.replaceAll(/new URL\('[^']+', import\.meta\.url\)|createRequire\(import\.meta\.url\)/g, '')
      if (/import\.meta\.(?:url|dirname|filename)/.test(left)) this.error(`${id}: a place that the build does not know`)
      return placed
    },
  }
}

const bundle = await rolldown({
  input: { main: join(root, 'cli', 'main.ts') },
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !BUILT_IN.test(id),
  plugins: [places()],
})
const { output } = await bundle.write({
  dir: outFolder,
  cleanDir: true,
  format: 'esm',
  chunkFileNames: '[name].js',
  comments: { legal: true, annotation: false, jsdoc: false },
})
await bundle.close()

/** Whose code is in the bundle, with the licences that ask to be passed on. */
function licences(chunks: readonly OutputChunk[]): string {
  const folders = new Set<string>()
  for (const id of chunks.flatMap((chunk) => chunk.moduleIds)) {
    const folder = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0]
    if (folder !== undefined) folders.add(folder)
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    if (file === undefined) throw new Error(`${name} has no licence file`)
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  return `Packages whose code is built into these files.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

const chunks = output.filter((item) => item.type === 'chunk')
writeFileSync(join(outFolder, 'LICENSES.txt'), licences(chunks))
const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.code.length, 0)
process.stdout.write(`dist: ${chunks.length} files, ${Math.round(sizeBytes / 1024)} kB\n`)
