import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'

const WRITERS = 4
const TIMES = 100
const FILES = ['index.html', 'main.js', 'main.js.br']

/** Builds and replaces again and again, in a thread of its own: these calls of the file system do not wait for one another. */
const writer = (root: string, name: number): Promise<void> => {
  const code = `
    const { mkdirSync, writeFileSync } = require('node:fs')
    const { join } = require('node:path')
    import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'replace-folder.ts')).href)}).then(({ replaceFolder }) => {
      for (let i = 0; i < ${TIMES}; i++) {
        const next = join(${JSON.stringify(root)}, 'dist.${name}')
        mkdirSync(next)
        for (const file of ${JSON.stringify(FILES)}) writeFileSync(join(next, file), '${name} ' + i)
        replaceFolder(next, join(${JSON.stringify(root)}, 'dist'))
      }
    })`
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true })
    worker.on('error', reject)
    worker.on('exit', (exitCode) => (exitCode === 0 ? resolve() : reject(new Error(`it ended with ${exitCode}`))))
  })
}

test('several that replace a folder at once all succeed, and what stays is the whole of one', async () => {
  const root = mkdtempSync(join(tmpdir(), 'assay-replace-'))
  try {
    const ended = await Promise.allSettled(Array.from({ length: WRITERS }, (_, name) => writer(root, name)))
    expect(ended.filter((one) => one.status === 'rejected')).toEqual([])
    expect(readdirSync(root)).toEqual(['dist'])
    expect(readdirSync(join(root, 'dist')).sort()).toEqual([...FILES].sort())
    expect(new Set(FILES.map((file) => readFileSync(join(root, 'dist', file), 'utf8'))).size).toBe(1)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
