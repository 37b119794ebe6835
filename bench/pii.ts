/**
 * What the PII pack costs: CPU microseconds for a text of about 600 B, all eight kinds, against two plainer ways of doing the
 * same (a re2js test for each pattern; a V8 regex for each), in one process and interleaved. And what hostile texts cost.
 *
 * `node bench/main.ts pii`, or alone: `node bench/pii.ts`.
 */
import { pathToFileURL } from 'node:url'
import { RE2JS } from 're2js'
import type { PatternPlan } from '../dsl/plan.ts'
import { passesCheck } from '../engine/regex/checksum.ts'
import { compilePatterns } from '../engine/regex/patterns.ts'
import { REVIEWED_SOURCES } from '../engine/regex/pii-sources.ts'
import { HOSTILE_BYTES, hostileTexts, userPatterns } from '../test/pii/hostile-texts.ts'
import { cleanTexts, withHits } from './pii-texts.ts'

const ROUNDS = 9
const TEXTS = 2_000

const plans: PatternPlan[] = Object.entries(REVIEWED_SOURCES).map(([name, source]) => ({
  name,
  source,
  caseInsensitive: false,
  check: name === 'pii.card' ? 'luhn' : name === 'pii.iban' ? 'iban' : null,
  builtin: name,
}))

type Contender = { name: string; matches: (text: string) => boolean }

function contenders(): Contender[] {
  const set = compilePatterns(plans)
  const group = set.group(plans.map((_plan, index) => index))
  const plain = compilePatterns(plans.map((plan) => ({ ...plan, builtin: null })))
  const plainGroup = plain.group(plans.map((_plan, index) => index))
  const v8 = plans.map(({ source, check }) => ({ regex: toV8(source), check }))
  return [
    { name: 'Assay: gates, then V8, then checksum', matches: (text) => set.anyMatch(group, text) },
    {
      name: 'eight re2js tests (positions where a pattern has context)',
      matches: (text) => plainAny(plainGroup, text),
    },
    { name: 'eight V8 regexes', matches: (text) => v8.some(({ regex, check }) => v8Test(regex, check, text)) },
    { name: 're2js: the DFA tests alone', matches: (text) => dfas.some((dfa) => dfa.test(text)) },
  ]

  function plainAny(group: ReturnType<typeof plain.group>, text: string): boolean {
    return plain.anyMatch(group, text)
  }
}

const dfas = plans.map(({ source }) => RE2JS.compile(source))

function toV8(source: string): RegExp {
  return new RegExp(
    source.replaceAll('(?P<', '(?<').replace(/\\x\{([\dA-F]+)\}/g, (_all, hex: string) => `\\u${hex.padStart(4, '0')}`),
    'g',
  )
}

function v8Test(regex: RegExp, check: PatternPlan['check'], text: string): boolean {
  for (const match of text.matchAll(regex)) {
    const value = match.groups?.value ?? match.groups?.value2
    if (value !== undefined && passesCheck(check, value)) return true
  }
  return false
}

/** CPU microseconds a text: medians of rounds in which the contenders take turns. */
function compare(texts: readonly string[]): { name: string; us: number; hits: number }[] {
  const all = contenders().map((contender) => ({ ...contender, rounds: [] as number[], hits: 0 }))
  for (let round = 0; round < ROUNDS + 2; round++) {
    for (const contender of all) {
      let hits = 0
      const before = process.cpuUsage()
      for (const text of texts) if (contender.matches(text)) hits++
      const { user, system } = process.cpuUsage(before)
      contender.hits = hits
      if (round >= 2) contender.rounds.push((user + system) / texts.length)
    }
  }
  return all.map(({ name, rounds, hits }) => ({ name, us: median(rounds), hits }))
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** The slowest hostile text of each family, after warm-up, in milliseconds of CPU. */
function hostile(): { name: string; ms: number }[] {
  const set = compilePatterns(plans)
  const group = set.group(plans.map((_plan, index) => index))
  const rows = hostileTexts().map(({ name, text }) => ({
    name: `pack, ${name}`,
    ms: best(() => set.find(group, text)),
  }))
  for (const { name, plan, text } of userPatterns()) {
    const own = compilePatterns([plan])
    const ownGroup = own.group([0])
    rows.push({ name: `${name}: match`, ms: best(() => own.anyMatch(ownGroup, text)) })
    rows.push({ name: `${name}: find all`, ms: best(() => own.find(ownGroup, text)) })
  }
  return rows.sort((a, b) => b.ms - a.ms)
}

function best(run: () => unknown): number {
  let fastest = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    fastest = Math.min(fastest, (user + system) / 1000)
  }
  return fastest
}

/** Prints the figures; target: 10 µs a text for all eight kinds. */
export async function run(): Promise<void> {
  for (const [title, texts] of [
    ['no personal data', cleanTexts(TEXTS)],
    ['2% with personal data', withHits(TEXTS, 0.02)],
  ] as const) {
    const bytes = texts.reduce((sum, text) => sum + text.length, 0) / texts.length
    console.log(`PII, all eight kinds, ${TEXTS} texts of ${bytes.toFixed(0)} B, ${title}: CPU µs a text`)
    for (const { name, us, hits } of compare(texts))
      console.log(`  ${us.toFixed(2).padStart(8)}  ${name} (${hits} texts match)`)
  }
  console.log(`Hostile texts of ${HOSTILE_BYTES / 1000} kB: CPU ms`)
  for (const { name, ms } of hostile().slice(0, 12)) console.log(`  ${ms.toFixed(1).padStart(8)}  ${name}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await run()
