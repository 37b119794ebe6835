/** Every feature of the language server at least once, over the protocol. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  DocumentHighlight,
  DocumentSymbol,
  FoldingRange,
  Hover,
  Location,
  MarkupContent,
  TextEdit,
  WorkspaceEdit,
  WorkspaceSymbol,
} from 'vscode-languageserver-protocol'
import { formatText } from '../../dsl/format/format.ts'
import { packFolder } from '../pack-folder.ts'
import type { TestRun } from './test-lens.ts'
import { Client, edited } from './testing.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const LIMITS = `package shared
# No answer may take longer.
const limit: duration = 8s
scope prod = trace where env == "prod"
`
const SHOP = `package shop
import shared from "./limits.eval"
import pii from "assay:pii"

# Answers arrive in time.
online eval fast {
  title: "In time"
  on:    shared.prod
  score: duration
  pass:  score <= shared.limit
}

online eval clean {
  on:      llm_call in shared.prod
  pass:    not (output.text matches pii.email) and not fails(fast)
  missing: unknown
}

alert slow {
  on:       fast
  when:     count(fail) >= 1 over 10m
  severity: ticket
}

test "in time" {
  given trace { env: "prod"  duration: 2s }
  expect fast: pass
}

test "late" {
  given like "in time" { duration: 9s }
  expect fast: pass
}
`
const OTHER = `package other
import shop from "./shop.eval"
online eval again {
  on:   trace
  pass: not fails(shop.fast)
}
`

let client: Client
let shop = ''
let limits = ''

beforeAll(async () => {
  client = new Client({ 'limits.eval': LIMITS, 'shop.eval': SHOP, 'other.eval': OTHER })
  await client.initialize()
  shop = await client.open('shop.eval', SHOP)
  limits = await client.open('limits.eval', LIMITS)
  await client.codes(shop, [])
  await client.codes(limits, [])
})
afterAll(async () => {
  expect(await client.stop()).toBe(0)
  await client[Symbol.asyncDispose]()
})

async function hoverOn(uri: string, mark: string, within = 0): Promise<string> {
  const hover = await client.ask<Hover | null>('textDocument/hover', uri, mark, within)
  return (hover?.contents as MarkupContent | undefined)?.value ?? ''
}

describe('hover', () => {
  test.each([
    ['a field', 'duration\n', 0, ['trace.duration: duration', '500ms']],
    ['an optional field', 'output.text', 8, ['llm_call.output.text: string', 'opt-in', 'gen_ai.output.messages']],
    ['a subject', 'llm_call', 2, ['One call of a model', 'output.text']],
    ['a constant', 'shared.limit', 8, ['const limit: duration = 8s', 'No answer may take longer.', 'shared']],
    ['an import', 'shared.limit', 2, ['import shared from "./limits.eval"', 'prod']],
    ['a pattern of a pack', 'pii.email', 5, ['pattern email', 'pii']],
    ['a scope', 'shared.prod', 8, ['scope prod = trace where env == "prod"']],
    ['an eval', 'fails(fast)', 7, ['online eval fast', 'Answers arrive in time.', 'In time', 'score: duration']],
    ['a function', 'fails(', 1, ['verdict of another online eval']],
    ['a clause', 'score:', 1, ['measured', 'optional']],
    ['the score', 'score <=', 1, ['score: duration']],
    ['a field of a fixture', 'env: "prod"', 1, ['trace.env: string']],
    ['a test', 'like "in time', 7, ['test "in time"']],
  ])('%s', async (_name, mark, within, wanted) => {
    const found = await hoverOn(shop, mark, within)
    for (const text of wanted) expect(found).toContain(text)
  })

  test('nothing is said of what means nothing', async () => {
    expect(await hoverOn(shop, '"In time"', 3)).toBe('')
  })
})

test('completion is by snippets, in the place of the word that is being written', async () => {
  const text = SHOP.replace('  severity: ticket', '  severity: ticket\n  noti')
  const version = await client.change(shop, text)
  await client.until(() => client.diagnostics.get(shop)?.version === version)
  const items = await client.ask<CompletionItem[]>('textDocument/completion', shop, '  noti', 6)
  const item = items.find(({ label }) => label === 'notify:')
  expect(item).toMatchObject({ insertTextFormat: 2, textEdit: { newText: 'notify: slack("#${' + '1:channel}")' } })
  expect(edited(text, [item?.textEdit as TextEdit])).toContain('\n  notify: slack(')
  expect(items.map(({ label }) => label)).not.toContain('on:')
  await client.change(shop, SHOP)
  await client.codes(shop, [])
})

describe('definition', () => {
  test.each([
    ['a constant of another file', 'shared.limit', 8, 'limits.eval', 2],
    ['an import, by its alias in use', 'shared.limit', 2, 'shop.eval', 1],
    ['an import, by its path', 'limits.eval"', 2, 'limits.eval', 0],
    ['an eval', 'fails(fast)', 7, 'shop.eval', 5],
    ['an eval in a test', 'expect fast', 8, 'shop.eval', 5],
    ['a test', 'like "in time', 7, 'shop.eval', 24],
  ])('of %s', async (_name, mark, within, file, line) => {
    const found = await client.ask<Location | null>('textDocument/definition', shop, mark, within)
    expect(found).toMatchObject({ uri: client.uri(file), range: { start: { line } } })
  })

  test('of a pattern of a pack is in the file of the pack, which can be asked of in turn', async () => {
    const found = await client.ask<Location | null>('textDocument/definition', shop, 'pii.email', 5)
    const file = fileURLToPath(found?.uri ?? '')
    expect(file.startsWith(packFolder)).toBe(true)
    const line = readFileSync(file, 'utf8').split('\n')[found?.range.start.line ?? -1]
    expect(line).toMatch(/^pattern email/)
    const pack = await client.open(found?.uri ?? '', readFileSync(file, 'utf8'))
    expect(await hoverOn(pack, 'pattern email', 9)).toContain('pattern email')
    await expect(client.ask('textDocument/rename', pack, 'pattern email', 9, { newName: 'mail' })).rejects.toThrow(
      'standard packs',
    )
    await client.close(pack)
  })

  test('of a word of the language there is none', async () => {
    expect(await client.ask('textDocument/definition', shop, 'severity', 2)).toBeNull()
  })
})

test('references are found in all files, with or without the declaration', async () => {
  const find = (includeDeclaration: boolean): Promise<Location[]> =>
    client.ask('textDocument/references', shop, 'eval fast', 6, { context: { includeDeclaration } })
  const all = await find(true)
  expect(all.map(({ uri, range }) => `${uri.split('/').at(-1)}:${range.start.line}`).sort()).toEqual(
    ['other.eval:4', 'shop.eval:5', 'shop.eval:14', 'shop.eval:19', 'shop.eval:26', 'shop.eval:31'].sort(),
  )
  expect(await find(false)).toHaveLength(all.length - 1)
})

test('highlights are those of the file', async () => {
  const found = await client.ask<DocumentHighlight[]>('textDocument/documentHighlight', shop, 'shared.limit', 1)
  expect(found.map(({ range, kind }) => [range.start.line, kind])).toEqual([
    [1, 3],
    [7, 2],
    [9, 2],
    [13, 2],
  ])
})

test('symbols of a file, and of all files by letters of their names', async () => {
  const document = { textDocument: { uri: shop } }
  const own = await client.connection.sendRequest<DocumentSymbol[]>('textDocument/documentSymbol', document)
  expect(own.map(({ name, detail }) => `${detail} ${name}`)).toEqual([
    'package shop',
    'online eval fast',
    'online eval clean',
    'alert slow',
    'test in time',
    'test late',
  ])
  const found = await client.connection.sendRequest<WorkspaceSymbol[]>('workspace/symbol', { query: 'limi' })
  expect(found.map(({ name, containerName }) => `${containerName}/${name}`)).toEqual(['shared/limit'])
})

describe('rename', () => {
  const texts: Record<string, string> = { 'shop.eval': SHOP, 'limits.eval': LIMITS, 'other.eval': OTHER }

  async function rename(uri: string, mark: string, within: number, newName: string): Promise<Record<string, string>> {
    const edit = await client.ask<WorkspaceEdit>('textDocument/rename', uri, mark, within, { newName })
    return Object.fromEntries(
      Object.entries(edit.changes ?? {}).map(([file, edits]) => {
        const name = file.split('/').at(-1) ?? ''
        return [name, edited(texts[name] ?? '', edits)]
      }),
    )
  }

  test('a constant is renamed where it is declared and in every file that uses it', async () => {
    const after = await rename(shop, 'shared.limit', 8, 'longest')
    expect(Object.keys(after).sort()).toEqual(['limits.eval', 'shop.eval'])
    expect(after['limits.eval']).toContain('const longest: duration = 8s')
    expect(after['shop.eval']).toContain('score <= shared.longest')
  })

  test('an eval is renamed in rules, alerts, tests and other files', async () => {
    const after = await rename(shop, 'expect fast', 8, 'quick')
    expect(after['shop.eval']).toContain('online eval quick {\n  title: "In time"\n  was:   fast\n  on:    shared.prod')
    expect(after['shop.eval']).toContain('not fails(quick)')
    expect(after['shop.eval']).toContain('on:       quick')
    expect(after['shop.eval']?.match(/expect quick: pass/g)).toHaveLength(2)
    expect(after['other.eval']).toContain('fails(shop.quick)')
  })

  test('a name that an eval had before is kept, and one that it has again is not', async () => {
    const text = 'package a\nonline eval third {\n  was:  first, second\n  on:   trace\n  pass: duration <= 8s\n}\n'
    const uri = await client.open('was.eval', text)
    texts['was.eval'] = text
    expect((await rename(uri, 'third', 1, 'fourth'))['was.eval']).toContain('\n  was:  first, second, third\n')
    expect((await rename(uri, 'third', 1, 'second'))['was.eval']).toContain('eval second {\n  was:  first, third\n')
    await client.close(uri)
  })

  test('a definition is renamed with its uses', async () => {
    const text = 'package a\ndefine slow = duration > 8s\nonline eval it {\n  on:   trace\n  pass: not slow\n}\n'
    const uri = await client.open('define.eval', text)
    texts['define.eval'] = text
    expect((await rename(uri, 'not slow', 5, 'late'))['define.eval']).toBe(text.replaceAll('slow', 'late'))
    expect(await hoverOn(uri, 'not slow', 5)).toContain('define slow = duration > 8s')
    await client.close(uri)
  })

  test('an alias of an import is renamed in its file alone', async () => {
    const after = await rename(shop, 'shared.limit', 2, 'common')
    expect(Object.keys(after)).toEqual(['shop.eval'])
    expect(after['shop.eval']).toContain('import common from "./limits.eval"')
    expect(after['shop.eval']).toContain('score <= common.limit')
  })

  test('a test is renamed with those that are like it', async () => {
    const after = await rename(shop, 'test "in time"', 8, 'soon "enough"')
    expect(after['shop.eval']).toContain('test "soon \\"enough\\"" {')
    expect(after['shop.eval']).toContain('given like "soon \\"enough\\"" {')
  })

  test('what the place says it is', async () => {
    expect(await client.ask('textDocument/prepareRename', shop, 'shared.limit', 8)).toMatchObject({
      placeholder: 'limit',
    })
  })

  test.each([
    ['a field', 'output.text', 2, 'only names that a file declares'],
    ['a word of the language', 'severity', 2, 'only names that a file declares'],
    ['a name of a pack', 'pii.email', 5, 'standard packs'],
  ])('%s is refused', async (_name, mark, within, reason) => {
    await expect(client.ask('textDocument/prepareRename', shop, mark, within)).rejects.toThrow(reason)
  })

  test.each([
    ['clean', 'declared already'],
    ['a b', 'is no name'],
    ['where', 'a word of the language'],
    ['trace', 'is a subject'],
  ])('the new name `%s` is refused', async (newName, reason) => {
    await expect(client.ask('textDocument/rename', shop, 'eval fast', 6, { newName })).rejects.toThrow(reason)
  })
})

test('formatting is that of `assay fmt`, and nothing for a file with errors of form', async () => {
  const ugly = SHOP.replace('  title: "In time"', '      title:"In time"')
  await client.change(shop, ugly)
  const ask = (): Promise<TextEdit[]> =>
    client.connection.sendRequest('textDocument/formatting', {
      textDocument: { uri: shop },
      options: { tabSize: 2, insertSpaces: true },
    })
  const formatted = formatText(ugly)
  expect(formatted.kind === 'refused' ? '' : formatted.text).toBe(edited(ugly, await ask()))
  await client.change(shop, ugly.replace('pass:', 'pass: ((('))
  expect(await ask()).toEqual([])
  await client.change(shop, SHOP)
})

describe('code actions', () => {
  async function actions(text: string, mark: string, only?: string[]): Promise<{ uri: string; actions: CodeAction[] }> {
    const uri = await client.open('actions.eval', text)
    const position = client.position(uri, mark)
    const found = await client.connection.sendRequest<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri },
      range: { start: position, end: position },
      context: { diagnostics: [], ...(only === undefined ? {} : { only }) },
    })
    await client.close(uri)
    return { uri, actions: found }
  }
  const fixed = (text: string, uri: string, action: CodeAction | undefined): string =>
    edited(text, action?.edit?.changes?.[uri] ?? [])

  test('a misspelt clause is put right', async () => {
    const text = 'package a\nonline eval it {\n  onwer: "@x"\n  on:    trace\n  pass:  duration <= 8s\n}\n'
    const { uri, actions: found } = await actions(text, 'onwer')
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ kind: 'quickfix', isPreferred: true, diagnostics: [{ code: 'E0108' }] })
    expect(fixed(text, uri, found[0])).toContain('\n  owner: "@x"\n')
  })

  test('of several ways each is offered, laid out as the clauses are', async () => {
    const text = 'package a\nonline eval it {\n  on:      llm_call\n  pass:    output.text contains "x"\n}\n'
    const { uri, actions: found } = await actions(text, 'output.text')
    expect(found.map((action) => action.isPreferred ?? false)).not.toContain(true)
    expect(fixed(text, uri, found[0])).toBe(text.replace('\n}', '\n  missing: unknown\n}'))
    expect(fixed(text, uri, found[1])).toContain('\n  missing: fail\n}')
  })

  test('missing clauses are added with something to start from', async () => {
    const text = 'package a\nalert it {\n  title: "x"\n}\n'
    const { uri, actions: found } = await actions(text, 'it {')
    expect(found.map((action) => fixed(text, uri, action))).toContainEqual(text.replace('\n}', '\n  severity: page\n}'))
  })

  test('a warning can be allowed, with a reason that the author writes', async () => {
    const text = 'package a\n  pattern it = /\\d{6}/\n'
    const { uri, actions: found } = await actions(text, '/\\d')
    expect(fixed(text, uri, found.at(-1))).toBe(text.replace('  pattern', '  # assay-allow W0310: \n  pattern'))
  })

  test('all that is safe at once, when asked for', async () => {
    const text =
      'package a\nimport pii from "assay:pii"\nonline eval it {\n  on:   trace\n  pass: duration <= 8s\n  missing: unknown\n}\n'
    const { uri, actions: found } = await actions(text, 'pass', ['source.fixAll'])
    expect(found).toHaveLength(1)
    expect(fixed(text, uri, found[0])).toBe('package a\nonline eval it {\n  on:   trace\n  pass: duration <= 8s\n}\n')
    expect((await actions(text, 'pass')).actions).toEqual([])
  })
})

test('a lens runs a test; its outcome is a message, an answer, and stands at the line until the text changes', async () => {
  const lenses = await client.connection.sendRequest<CodeLens[]>('textDocument/codeLens', {
    textDocument: { uri: shop },
  })
  expect(lenses.map(({ range, command }) => `${range.start.line} ${command?.title}`)).toEqual([
    '24 run test',
    '29 run test',
    '24 run 2 tests',
  ])
  const run = (lens: CodeLens | undefined): Promise<TestRun> =>
    client.connection.sendRequest('workspace/executeCommand', lens?.command === undefined ? {} : lens.command)
  expect(await run(lenses[0])).toMatchObject({ ok: true, passed: 1, failed: 0 })
  await client.until(() => client.messages.some((message) => message.includes('"in time" passed')))
  expect(await run(lenses[1])).toMatchObject({ ok: false, failed: 1 })
  const shown = await client.until(() =>
    client.diagnostics.get(shop)?.diagnostics.find(({ source }) => source === 'assay test'),
  )
  await client.until(() =>
    client.diagnostics
      .get(shop)
      ?.diagnostics.some(({ message }) => String(message).includes('expected pass, got fail')),
  )
  expect(shown).toBeDefined()
  expect(await run(lenses[2])).toMatchObject({ ok: false, passed: 1, failed: 1 })
  await client.change(shop, SHOP.replace('9s', '7s'))
  await client.codes(shop, [])
  expect(await run(lenses[2])).toMatchObject({ ok: true, passed: 2 })
  await client.change(shop, SHOP.replace('9s', '7'))
  expect(await run(lenses[2])).toMatchObject({ ok: false, message: expect.stringContaining('has errors') })
  await client.change(shop, SHOP)
  await client.codes(shop, [])
})

test('what can be folded', async () => {
  const folds = await client.connection.sendRequest<FoldingRange[]>('textDocument/foldingRange', {
    textDocument: { uri: shop },
  })
  expect(folds.map(({ startLine, endLine, kind }) => `${startLine}-${endLine} ${kind}`)).toEqual(
    expect.arrayContaining(['5-9 region', '12-15 region', '1-2 imports']),
  )
})

test('a broken file keeps its names, and no request fails in it', async () => {
  const broken = `${SHOP.replace('pass:  score <=', 'pass:  score <= (')}\nonline eval {\n  on: \n  pass: sum(\ntest "`
  const uri = await client.open('broken.eval', broken)
  expect(await client.ask('textDocument/definition', uri, 'fails(fast)', 7)).toMatchObject({
    uri,
    range: { start: { line: 5 } },
  })
  for (const method of ['hover', 'completion', 'definition', 'documentHighlight'])
    for (const mark of ['score <= (', 'sum(', 'test "\n'.trim(), 'online eval {', '  on: \n'])
      await client.ask(`textDocument/${method}`, uri, mark, mark.length)
  for (const method of ['documentSymbol', 'foldingRange', 'codeLens'])
    await client.connection.sendRequest(`textDocument/${method}`, { textDocument: { uri } })
  await client.close(uri)
})

test('a search that is no longer wanted is cancelled', async () => {
  const { CancellationTokenSource } = await import('vscode-languageserver-protocol')
  const source = new CancellationTokenSource()
  const position = client.position(shop, 'eval fast', 6)
  const params = { textDocument: { uri: shop }, position, context: { includeDeclaration: true } }
  const asked = client.connection.sendRequest('textDocument/references', params, source.token)
  source.cancel()
  // It may have been done already; it must answer either way.
  const outcome = await asked.then(
    () => 'done',
    (error: { code?: number }) => error.code,
  )
  expect(['done', -32800]).toContain(outcome)
})

test('a request about a file that is not there is answered with nothing', async () => {
  const params = { textDocument: { uri: client.uri('none.eval') }, position: { line: 3, character: 3 } }
  expect(await client.connection.sendRequest('textDocument/hover', params)).toBeNull()
  expect(await client.connection.sendRequest('textDocument/completion', params)).toEqual([])
  await expect(client.connection.sendRequest('textDocument/unknown', params)).rejects.toThrow()
})
