/** Diagnostics as one types, over the protocol. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test, vi } from 'vitest'
import { Client, startServer } from './testing.ts'

// Processes share the machine with whatever else runs on it: these tests are about what they say, not how soon.
vi.setConfig({ testTimeout: 60_000 })

const GOOD = 'package shop\n\nonline eval fast {\n  on:   trace\n  pass: duration <= 8s\n}\n'
const BAD = GOOD.replace('duration <=', 'durration <=')

test('a mistake is told with its place, code and advice, and taken back once it is mended', async () => {
  await using client = new Client()
  const { capabilities, serverInfo } = await client.initialize()
  expect(serverInfo?.name).toBe('assay')
  expect(capabilities.positionEncoding).toBe('utf-16')
  const uri = await client.open('shop.eval', BAD)
  const [told] = await client.codes(uri, ['E0203'])
  expect(told).toMatchObject({
    severity: 1,
    source: 'assay',
    range: { start: { line: 4, character: 8 }, end: { line: 4, character: 17 } },
  })
  expect(told?.message).toContain('did you mean `duration`?')
  const version = await client.change(uri, GOOD)
  await client.codes(uri, [])
  expect(client.diagnostics.get(uri)?.version).toBe(version)
  expect(await client.stop()).toBe(0)
})

test('files that are not open are checked too, and those that import a changed one again', async () => {
  const limits = 'package shared\nconst limit: duration = 8s\n'
  const user =
    'package users\nimport shared from "./limits.eval"\nonline eval fast {\n  on: trace\n  pass: duration <= shared.limit\n}\n'
  await using client = new Client({
    'limits.eval': limits,
    'a/user.eval': user.replace('./', '../'),
    'bad.eval': BAD,
    'node_modules/x.eval': BAD,
    '.hidden/x.eval': BAD,
  })
  await client.initialize()
  await client.codes(client.uri('bad.eval'), ['E0203'])
  const uri = await client.open('limits.eval', limits.replace('limit', 'limits'))
  await client.codes(client.uri('a/user.eval'), ['E0203'])
  await client.change(uri, limits)
  await client.codes(client.uri('a/user.eval'), [])
  // What is on disk counts again once the editor has closed its text.
  await client.change(uri, limits.replace('8s', '8'))
  await client.codes(uri, ['E0201'])
  await client.close(uri)
  await client.codes(uri, [])
  expect([...client.diagnostics.keys()].filter((one) => /node_modules|hidden/.test(one))).toEqual([])
})

test('files come and go on disk, and so do what is told of them and of those that import them', async () => {
  const user =
    'package users\nimport shared from "./limits.eval"\nonline eval fast {\n  on: trace\n  pass: duration <= shared.limit\n}\n'
  await using client = new Client({ 'user.eval': user, 'bad.eval': BAD })
  await client.initialize()
  await client.codes(client.uri('user.eval'), ['E0105'])
  const limits = client.write('limits.eval', 'package shared\nconst limit: duration = 8s\n')
  await client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri: limits, type: 1 }] })
  await client.codes(client.uri('user.eval'), [])
  rmSync(join(client.folder, 'bad.eval'))
  await client.connection.sendNotification('workspace/didChangeWatchedFiles', {
    changes: [{ uri: client.uri('bad.eval'), type: 3 }],
  })
  await client.codes(client.uri('bad.eval'), [])
})

test('one id in two files of a folder is told, in two folders it is not', async () => {
  await using client = new Client({ 'a.eval': GOOD, 'b.eval': GOOD })
  const other = mkdtempSync(join(tmpdir(), 'assay-lsp-other-'))
  try {
    writeFileSync(join(other, 'c.eval'), BAD)
    await client.initialize()
    await client.codes(client.uri('b.eval'), ['E0119'])
    const folder = { uri: pathToFileURL(other).href, name: 'other' }
    await client.connection.sendNotification('workspace/didChangeWorkspaceFolders', {
      event: { added: [folder], removed: [] },
    })
    const third = pathToFileURL(join(other, 'c.eval')).href
    await client.codes(third, ['E0203'])
    await client.connection.sendNotification('workspace/didChangeWorkspaceFolders', {
      event: { added: [], removed: [folder] },
    })
    await client.codes(third, [])
    expect(client.codesOf(client.uri('a.eval')) ?? []).toEqual([])
    rmSync(join(client.folder, 'a.eval'))
    await client.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: client.uri('a.eval'), type: 3 }],
    })
    await client.codes(client.uri('b.eval'), [])
  } finally {
    rmSync(other, { recursive: true })
  }
})

test('a file outside of every folder, a text that is no file, one too large, one that is no text', async () => {
  await using client = new Client()
  mkdirSync(join(client.folder, 'inside'))
  await client.initialize({ workspaceFolders: [{ uri: client.uri('inside'), name: 'inside' }] })
  const outside = await client.open('outside.eval', BAD)
  await client.codes(outside, ['E0203'])
  await client.close(outside)
  await client.codes(outside, [])
  const untitled = await client.open('untitled:Untitled-1', `${BAD}import x from "./other.eval"\n`)
  await client.codes(untitled, ['E0203', 'E0105'])
  const large = await client.open('large.eval', `${GOOD}# ${'x'.repeat(1_000_000)}\n`)
  await client.codes(large, ['E0003'])
  await client.change(large, GOOD)
  await client.codes(large, [])
  writeFileSync(join(client.folder, 'inside', 'bytes.eval'), new Uint8Array([0xff, 0xfe, 0]))
  await client.connection.sendNotification('workspace/didChangeWatchedFiles', {
    changes: [{ uri: client.uri('inside/bytes.eval'), type: 1 }],
  })
  await client.codes(client.uri('inside/bytes.eval'), ['E0002'])
})

test('positions count UTF-16 units, also behind signs beyond them', async () => {
  await using client = new Client()
  await client.initialize()
  const uri = await client.open(
    'shop.eval',
    GOOD.replace('pass: ', 'title: "🙂é"  pass: ').replace('duration <=', 'durration <='),
  )
  const [told] = await client.codes(uri, ['E0203'])
  expect(told?.range.start.character).toBe('  title: "🙂é"  pass: '.length)
})

test('edits that arrive fast end in what the last text says', async () => {
  await using client = new Client()
  await client.initialize()
  const uri = await client.open('shop.eval', GOOD)
  for (let length = 1; length < BAD.length; length += 3) await client.change(uri, BAD.slice(0, length))
  const version = await client.change(uri, BAD)
  await client.until(() => client.diagnostics.get(uri)?.version === version)
  expect(client.codesOf(uri)).toEqual(['E0203'])
})

test('without a shutdown it ends with 1, and on garbage it ends or goes on, but never hangs', async () => {
  await using client = new Client()
  await client.initialize()
  const exited = new Promise((done) => client.process.once('exit', done))
  await client.connection.sendNotification('exit')
  expect(await exited).toBe(1)
  const other = startServer()
  const ended = new Promise((done) => other.once('exit', done))
  other.stdin.write('Content-Length: 9\r\n\r\n{"no": js')
  other.stdin.write('what is this\r\n\r\n')
  other.stdin.end()
  expect(await ended).toBe(1)
})

test('what an eval may cost is told by the assay.yaml of its folder, as that is now', async () => {
  await using client = new Client({ 'shop.eval': GOOD, 'assay.yaml': 'cost: { perEval: 1 }\n' })
  await client.initialize()
  await client.codes(client.uri('shop.eval'), ['E0701'])
  const uri = client.write('assay.yaml', 'cost: { perEval: 1G }\n')
  await client.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri, type: 2 }] })
  await client.codes(client.uri('shop.eval'), [])
})
