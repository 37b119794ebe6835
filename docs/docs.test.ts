/** The documentation's claims that a machine can hold it to: its `.eval` examples compile, its links lead somewhere. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadEvals } from '../cli/load-evals.ts'
import { formatText } from '../dsl/format/format.ts'
import { runTests } from '../engine/testing/run-tests.ts'

const root = dirname(import.meta.dirname)
const folder = mkdtempSync(join(tmpdir(), 'assay-docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Block {
  page: string
  /** Of the opening fence, 1-based. */
  line: number
  /** What stands behind the fence's backticks: `eval`, `eval fragment`, `sh`, … */
  info: string
  text: string
}

function markdownBelow(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const below = join(path, entry.name)
    if (entry.isDirectory()) return markdownBelow(below)
    return entry.name.endsWith('.md') ? [below] : []
  })
}

function blocksOf(page: string, markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; info: string; lines: string[] } | null = null
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === null) open = { line: index + 1, info: fence[1]!.trim(), lines: [] }
    else {
      blocks.push({ page, line: open.line, info: open.info, text: `${open.lines.join('\n')}\n` })
      open = null
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: this block does not end`)
  return blocks
}

/** Of headings and links alone: a block may show either. */
function withoutBlocks(markdown: string): string {
  return markdown.replaceAll(/^```[^\n]*\n.*?^```$/gms, '')
}

/** Targets that are no address of the web: `privacy.md#what-redact-masks`, `#health`. */
function relativeLinks(markdown: string): string[] {
  const prose = withoutBlocks(markdown).replaceAll(/`[^`\n]*`/g, '')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
  return targets.filter((target) => !/^[a-z][a-z+.-]*:/i.test(target))
}

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...withoutBlocks(markdown).matchAll(/^#{1,6} (.+)$/gm)].map((match) => match[1]!)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )
}

const pages = [join(root, 'README.md'), join(root, 'CONTRIBUTING.md'), ...markdownBelow(join(root, 'docs'))]
const blocks = pages.flatMap((page) => blocksOf(relative(root, page), readFileSync(page, 'utf8')))
const examples = blocks.filter(({ info }) => info === 'eval')

test('the documentation has examples, and no mark that would keep one from being checked by mistake', () => {
  expect(examples.length).toBeGreaterThan(3)
  const marks = new Set(blocks.map(({ info }) => info).filter((info) => info.startsWith('eval')))
  expect([...marks].filter((mark) => mark !== 'eval' && mark !== 'eval fragment')).toEqual([])
})

describe('examples compile, and their tests pass', () => {
  test.each(examples.map((block, index) => ({ ...block, index })))('$page:$line', ({ text, index }) => {
    const file = join(folder, `example-${index}.eval`)
    writeFileSync(file, text)
    for (const [, named = ''] of text.matchAll(/^ *labels: +"(.+)"$/gm)) {
      mkdirSync(dirname(join(folder, named)), { recursive: true })
      writeFileSync(join(folder, named), '')
    }
    const { plan, diagnostics } = loadEvals([file])
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ code, line, message }) => `${code} line ${line}: ${message}`)).toEqual([])
    if (plan === null) throw new Error('no plan although nothing is wrong')
    expect(runTests(plan).tests.filter(({ ok }) => !ok)).toEqual([])
  })
})

test('examples are in the one style', () => {
  const other = examples.filter(({ text }) => {
    const formatted = formatText(text)
    return formatted.kind !== 'formatted' || formatted.text !== text
  })
  expect(other.map(({ page, line }) => `${page}:${line}`)).toEqual([])
})

describe('relative links lead to files and headings that exist', () => {
  test.each(pages.map((page) => ({ page, name: relative(root, page) })))('$name', ({ page }) => {
    const markdown = readFileSync(page, 'utf8')
    const broken = relativeLinks(markdown).filter((link) => {
      const [path = '', anchor] = link.split('#', 2)
      const target = path === '' ? page : join(dirname(page), decodeURIComponent(path))
      if (!existsSync(target)) return true
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(readFileSync(target, 'utf8')).has(anchor)
    })
    expect(broken).toEqual([])
  })
})
