/** For tests: declarations drawn from the grammar itself, so that every form is met as soon as the grammar has it. */
import { grammarRules, type Rail } from '../docs/rails.ts'

/** Below each limit, a number from 0. */
export type Draw = (limit: number) => number

const NAMES = ['checkout', 'llm_call', 'output.text', 'score', 'name', 'a', 'trace', 'fail']
const LITERALS = {
  Text: ['"a"', '"# no comment"', '"a \\" b"', '""'],
  TextBlock: ['"""\n    5  Solved. \n\n    1  # Not.\n    """', '"""one"""'],
  Regex: ['/a b/', '/[/#]"/i'],
  TimeOfDay: ['06:00'],
  Money: ['0.25 USD', '3EUR', '1  \tUSD'],
  Duration: ['500ms', '24h'],
  Points: ['3pp'],
  Percent: ['95%'],
  Decimal: ['0.5'],
  Int: ['1', '200'],
}
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  ...LITERALS,
  Literal: Object.values(LITERALS).flat(),
  Key: ['env:', 'output.text:', 'limit :', 'on:'],
  KeyOther: ['zzz:'],
  Name: NAMES,
  Word: [...NAMES, 'over', 'by', 'count', 'any', 'judge'],
  Comparison: ['==', '!=', '<', '<=', '>', '>='],
}
/** Deeper than this, whatever ends soonest is drawn. */
const MAX_DEPTH = 14

const rules = new Map(grammarRules().map(({ name, rail }) => [name, rail]))
const heights = heightsOf()

/** Its words in order, without anything between. */
export function randomDeclaration(draw: Draw): string[] {
  return words(rule('declaration'), draw, 0)
}

function rule(name: string): Rail {
  const rail = rules.get(name)
  if (rail === undefined) throw new Error(`no rule ${name}`)
  return rail
}

function words(rail: Rail, draw: Draw, depth: number): string[] {
  const more = depth < MAX_DEPTH
  switch (rail.kind) {
    case 'token':
      return [rail.literal ? rail.text : pick(samplesOf(rail.text), draw)]
    case 'rule':
      return words(rule(rail.name), draw, depth + 1)
    case 'sequence':
      return rail.items.flatMap((item) => words(item, draw, depth))
    case 'choice': {
      const lowest = Math.min(...rail.items.map((item) => heightOf(item)))
      const items = more ? rail.items : rail.items.filter((item) => heightOf(item) === lowest)
      return words(pick(items, draw), draw, depth)
    }
    case 'optional':
      return more && draw(2) === 0 ? words(rail.item, draw, depth) : []
    case 'repeat': {
      const least = rail.atLeastOne ? 1 : 0
      const times = more ? least + draw(4 - Math.min(3, Math.floor(depth / 4))) : least
      return Array.from({ length: times }, (_, index) => [
        ...(index > 0 && rail.separator !== null ? words(rail.separator, draw, depth) : []),
        ...words(rail.item, draw, depth),
      ]).flat()
    }
  }
}

function samplesOf(name: string): readonly string[] {
  const samples = SAMPLES[name]
  if (samples === undefined) throw new Error(`no samples of ${name}`)
  return samples
}

function pick<T>(items: readonly T[], draw: Draw): T {
  return items[draw(items.length)] as T
}

/** How many rules deep each rule goes at least. */
function heightsOf(): Map<string, number> {
  const found = new Map<string, number>()
  for (let changed = true; changed; ) {
    changed = false
    for (const [name, rail] of rules) {
      const now = heightOf(rail, found)
      if (now < (found.get(name) ?? Number.POSITIVE_INFINITY)) {
        found.set(name, now)
        changed = true
      }
    }
  }
  return found
}

function heightOf(rail: Rail, known: ReadonlyMap<string, number> = heights): number {
  const all = (items: readonly Rail[]): number[] => items.map((item) => heightOf(item, known))
  switch (rail.kind) {
    case 'token':
    case 'optional':
      return 0
    case 'rule':
      return (known.get(rail.name) ?? Number.POSITIVE_INFINITY) + 1
    case 'sequence':
      return Math.max(0, ...all(rail.items))
    case 'choice':
      return Math.min(...all(rail.items))
    case 'repeat':
      return rail.atLeastOne ? heightOf(rail.item, known) : 0
  }
}
