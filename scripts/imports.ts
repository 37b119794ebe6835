/**
 * Holds the source to the architecture's "may import" column and to no import cycles. Type-only imports count for the
 * direction of layers, and not for cycles: they are gone at run time.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { parseSync } from 'oxc-parser'

const root = dirname(import.meta.dirname)

/** Folder → folders that it may import from, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  dsl: [],
  engine: ['dsl'],
  storage: ['engine', 'dsl'],
  ingest: ['engine', 'storage', 'dsl'],
  workers: ['engine', 'storage', 'dsl'],
  alerting: ['engine', 'storage', 'dsl'],
  server: ['engine', 'storage', 'dsl'],
  client: [],
  // The playground checks and runs evals in the browser.
  web: ['client', 'dsl', 'engine'],
  // Of scripts the flags of Node alone, which whatever starts Assay has to agree on.
  cli: ['dsl', 'engine', 'storage', 'ingest', 'workers', 'alerting', 'server', 'scripts'],
  bench: ['dsl', 'engine', 'storage', 'ingest', 'workers', 'alerting', 'server', 'cli', 'sdk', 'test', 'scripts'],
  test: [
    'dsl',
    'engine',
    'storage',
    'ingest',
    'workers',
    'alerting',
    'server',
    'client',
    'cli',
    'sdk',
    'bench',
    'examples',
    'scripts',
  ],
  // A package of its own, which agents install without the rest.
  sdk: [],
  examples: [],
  scripts: ['dsl', 'cli', 'server', 'test'],
  // The documentation is no code; its test is.
  docs: [],
}

interface Import {
  target: string
  line: number
  typeOnly: boolean
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : sourceFiles(path)
    return /\.tsx?$/.test(entry.name) ? [path] : []
  })
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const { module } = parseSync(file, text)
  const found: { specifier: string; start: number; typeOnly: boolean }[] = []
  for (const item of module.staticImports) {
    const typeOnly = item.entries.length > 0 && item.entries.every((entry) => entry.isType)
    found.push({ specifier: item.moduleRequest.value, start: item.start, typeOnly })
  }
  for (const item of module.staticExports) {
    for (const entry of item.entries) {
      if (entry.moduleRequest)
        found.push({ specifier: entry.moduleRequest.value, start: item.start, typeOnly: entry.isType })
    }
  }
  for (const item of module.dynamicImports) {
    const quoted = text.slice(item.moduleRequest.start, item.moduleRequest.end)
    found.push({ specifier: quoted.slice(1, -1), start: item.start, typeOnly: false })
  }
  return found
    .filter((item) => item.specifier.startsWith('.'))
    .map((item) => ({
      target: resolve(dirname(file), item.specifier),
      line: text.slice(0, item.start).split('\n').length,
      typeOnly: item.typeOnly,
    }))
}

const folderOf = (file: string): string => relative(root, file).split(sep)[0] ?? ''

/** Tests may reach for the stand-ins of `test/` and for the command line. */
const isTest = (file: string): boolean => file.endsWith('.test.ts')

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>()
  const path: string[] = []
  const onPath = new Set<string>()
  const visit = (node: string): string[] | null => {
    if (onPath.has(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return null
    path.push(node)
    onPath.add(node)
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next)
      if (cycle) return cycle
    }
    path.pop()
    onPath.delete(node)
    done.add(node)
    return null
  }
  for (const node of graph.keys()) {
    const cycle = visit(node)
    if (cycle) return cycle
  }
  return null
}

/** Checks every TypeScript file below the architecture's folders. Returns one line a problem, and the number of files. */
export function checkImports(): { problems: string[]; fileCount: number } {
  const problems: string[] = []
  const graph = new Map<string, string[]>()
  for (const folder of Object.keys(mayImport)) {
    for (const file of sourceFiles(join(root, folder))) {
      const imports = importsOf(file)
      graph.set(
        file,
        imports.filter((item) => !item.typeOnly).map((item) => item.target),
      )
      for (const item of imports) {
        const target = folderOf(item.target)
        const allowed =
          target === folder || (mayImport[folder] ?? []).includes(target) || (isTest(file) && target in mayImport)
        if (!allowed) problems.push(`${relative(root, file)}:${item.line}: ${folder}/ may not import from ${target}/`)
      }
    }
  }
  const cycle = findCycle(graph)
  if (cycle) problems.push(`import cycle: ${cycle.map((file) => relative(root, file)).join(' → ')}`)
  return { problems, fileCount: graph.size }
}
