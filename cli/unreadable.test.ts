/** Golden files of the codes that speak of a file and not of its text: the other codes have theirs by `dsl/diagnostics/golden.test.ts`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { renderDiagnostics } from '../dsl/diagnostics/render.ts'
import { loadEvals } from './load-evals.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-unreadable-'))
afterAll(() => rmSync(folder, { recursive: true }))

const golden = new URL('../dsl/golden/', import.meta.url)

test.each([
  ['E0001', 'nothing at all', null],
  ['E0002', 'bytes that are no UTF-8', new Uint8Array([0x70, 0xff, 0x0a])],
  ['E0003', '1,000,001 bytes', new Uint8Array(1_000_001).fill(0x0a)],
] as const)('%s: %s', async (code, source, bytes) => {
  const path = join(folder, 'shop.eval')
  if (bytes !== null) writeFileSync(path, bytes)
  const { diagnostics } = loadEvals([path])
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code])
  const report = renderDiagnostics(
    diagnostics.map((diagnostic) => ({ ...diagnostic, file: 'shop.eval' })),
    new Map(),
  )
  const text = `(${source})\n${'─'.repeat(80)}\n${report}`
  await expect(text).toMatchFileSnapshot(new URL(`${code}.txt`, golden).pathname)
})
