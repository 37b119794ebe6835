/**
 * The language server on 1,000 evals in 50 files: the re-check after an edit in process, and what an editor waits for over the
 * protocol, the pause after the last key included.
 *
 *     node bench/language-lsp.ts
 */

import { Client } from '../cli/lsp/testing.ts'
import { Workspace } from '../dsl/lsp/workspace.ts'
import { files, fileText } from './language-check.ts'

const SHARED = 'package shared\npattern email = /[a-z.]+@[a-z]+\\.[a-z]{2,}/\n'
const edits = 100
const warmUps = 20

function workspaceFiles(): Record<string, string> {
  const texts: Record<string, string> = { 'pii.eval': SHARED }
  for (let file = 0; file < files; file++) texts[`team_${file}.eval`] = fileText(file)
  return texts
}

function row(name: string, timesMs: readonly number[]): void {
  const sorted = timesMs.slice(warmUps).sort((a, b) => a - b)
  const at = (part: number): string => `${(sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN).toFixed(1)} ms`
  process.stdout.write(`| ${name} | ${at(0.5)} median | ${at(0.95)} p95 | ${at(1)} max |\n`)
}

function edited(text: string, number: number): string {
  return text.replace(/limit: duration = \d+s/, `limit: duration = ${number + 1}s`)
}

/** Milliseconds from a new text to new diagnostics of that file, then of all that import it. */
function inProcess(texts: Record<string, string>): void {
  const workspace = new Workspace({ resolve: (_from, specifier) => specifier.slice(2), read: () => null })
  for (const [path, text] of Object.entries(texts)) workspace.set(path, text)
  const startedMs = performance.now()
  for (const path of workspace.paths()) workspace.diagnostics(path)
  const firstMs = performance.now() - startedMs
  process.stdout.write(`| first check of all files | ${firstMs.toFixed(0)} ms |\n`)
  const one: number[] = []
  for (let edit = 0; edit < edits; edit++) {
    const path = `team_${edit % files}.eval`
    const text = edited(texts[path] ?? '', edit)
    const beginMs = performance.now()
    for (const changed of workspace.set(path, text)) workspace.diagnostics(changed)
    one.push(performance.now() - beginMs)
  }
  row('re-check after an edit, in process', one)
  const shared: number[] = []
  for (let edit = 0; edit < warmUps + 20; edit++) {
    const beginMs = performance.now()
    for (const changed of workspace.set('pii.eval', `${SHARED}# ${edit}\n`)) workspace.diagnostics(changed)
    shared.push(performance.now() - beginMs)
  }
  row(`re-check of all ${files} files that import an edited one`, shared)
}

async function overProtocol(texts: Record<string, string>): Promise<void> {
  await using client = new Client(texts)
  await client.initialize()
  const name = 'team_7.eval'
  const uri = await client.open(name, texts[name] ?? '')
  await client.until(() => client.diagnostics.has(uri))
  const toDiagnostics: number[] = []
  const toItems: number[] = []
  for (let edit = 0; edit < edits; edit++) {
    const beginMs = performance.now()
    const version = await client.change(uri, edited(texts[name] ?? '', edit))
    await client.until(() => client.diagnostics.get(uri)?.version === version)
    toDiagnostics.push(performance.now() - beginMs)
    await client.change(uri, edited(texts[name] ?? '', edit + 1000))
    const askedMs = performance.now()
    await client.ask('textDocument/completion', uri, 'pass:    score', 9)
    toItems.push(performance.now() - askedMs)
  }
  row('edit to diagnostics over stdio, 60 ms of pause included', toDiagnostics)
  row('completion right after an edit, over stdio', toItems)
  await client.stop()
}

export async function run(): Promise<void> {
  const texts = workspaceFiles()
  inProcess(texts)
  await overProtocol(texts)
}

if (import.meta.main) await run()
