/** What a run has found, as rows that a person can read: each says what was promised, and whether it was kept. */
import { FAULT_POINTS, type FaultPoint } from '../../storage/fault-point.ts'
import type { PromiseCounts } from './check-promises.ts'
import type { SpanCounts } from './check-spans.ts'
import type { Table, TableCounts } from './check-tables.ts'
import type { SendCounts } from './senders.ts'
import type { Kills } from './system.ts'

export interface Row {
  readonly what: string
  readonly found: string
  /** Null where nothing was promised: a figure alone. */
  readonly isKept: boolean | null
}

/** What must not be: how often it is, and the first of it. */
export interface Counted {
  readonly count: number
  readonly examples: readonly string[]
}

const MOST_EXAMPLES = 5

export class Tally implements Counted {
  count = 0
  readonly examples: string[] = []

  add(example: string, count = 1): void {
    if (count === 0) return
    this.count += count
    if (this.examples.length < MOST_EXAMPLES && !this.examples.includes(example)) this.examples.push(example)
  }
}

const listedAs = (found: readonly string[]): Counted => ({
  count: found.length,
  examples: found.slice(0, MOST_EXAMPLES),
})

const number = (value: number): string => value.toLocaleString('en-GB')

/** `none` of what must not be, and otherwise which. */
const none = (what: string, { count, examples }: Counted): Row => ({
  what,
  found: number(count) + (count === 0 ? '' : ` (${examples.join(', ')}${count > examples.length ? ', …' : ''})`),
  isKept: count === 0,
})
const figure = (what: string, found: string): Row => ({ what, found, isKept: null })
const reaches = (what: string, count: number, wanted: number): Row => ({
  what,
  found: `${number(count)} of ${number(wanted)}`,
  isKept: count >= wanted,
})
const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${number(count)}`).join(', ') || 'none'

export function killRows(kills: Kills, wanted: number, pending: readonly { point: FaultPoint }[]): Row[] {
  const atPoints = [...kills.points.values()].reduce((a, b) => a + b, 0)
  const engines = [...kills.engines.values()].reduce((a, b) => a + b, 0)
  const names = Object.keys(FAULT_POINTS)
  const reached = names.filter((name) => kills.points.has(name))
  const crashed = new Map([...kills.exits].filter(([who]) => !who.endsWith(' 2')))
  return [
    reaches('processes killed', kills.random + engines + atPoints, wanted),
    figure('  roles at random, engines, at named points', `${kills.random}, ${engines}, ${atPoints}`),
    figure('  engines', listed(kills.engines)),
    reaches('named points that were died at', reached.length, names.length),
    // Each point was died at; these wait in processes that have had no more to do there.
    figure('  armed once more, and not come by', pending.map(({ point }) => point).join(', ') || 'none'),
    figure(
      'roles that found an engine away at their start',
      listed(new Map([...kills.exits].filter(([who]) => who.endsWith(' 2')))),
    ),
    { what: 'roles that ended by themselves otherwise', found: listed(crashed), isKept: crashed.size === 0 },
  ]
}

export function sendRows(counts: SendCounts, wantedSpans: number): Row[] {
  const unavailable = counts.answers.get('503') ?? 0
  const strange = [...counts.answers].filter(([answer]) => !['200', '503', '429', 'none'].includes(answer))
  return [
    reaches('spans acknowledged', counts.acknowledgedSpans, wantedSpans),
    figure('requests by answer', listed(counts.answers)),
    { what: 'answers that tell a client to give up', found: listed(new Map(strange)), isKept: strange.length === 0 },
    none('503 without Retry-After', { count: unavailable - counts.withRetryAfter, examples: [] }),
    figure('longest wait for an answer', `${(counts.slowestMs / 1_000).toFixed(1)} s`),
  ]
}

export function spanRows(counts: SpanCounts): Row[] {
  return [
    reaches('acknowledged spans that queries show', counts.stored, counts.acknowledged),
    none('  lost', counts.lost),
    none('  shown twice', counts.shownTwice),
    none('  that nobody sent', counts.foreign),
    figure('spans without an answer that are there', number(counts.unanswered)),
    figure('verdicts on spans, on traces', `${number(counts.verdictsOfSpans)}, ${number(counts.verdictsOfTraces)}`),
    none('  lost', counts.lostVerdicts),
    none('  shown twice', counts.verdictsTwice),
    none('traces whose verdict saw a part of them', counts.judgedByAPart),
  ]
}

export function tableRows(before: Record<Table, TableCounts>, after: Record<Table, TableCounts>): Row[] {
  return (['spans', 'results'] as const).flatMap((table) => [
    figure(
      `rows of ${table} that repeat one, hidden before merges`,
      number(before[table].rows - before[table].distinct),
    ),
    none('  after the last merge', { count: after[table].rows - after[table].distinct, examples: [] }),
  ])
}

export function promiseRows(counts: PromiseCounts): Row[] {
  return [
    figure('records that are no traces', number(counts.deadLetters + counts.lostDeadLetters.length)),
    none('  not among the dead letters', listedAs(counts.lostDeadLetters)),
    none('  there twice', listedAs(counts.deadLettersTwice)),
    none('  dead letters of good records', listedAs(counts.wrongDeadLetters)),
    figure('alerts that had to fire', number(counts.canaries)),
    none('  that did not, or told nobody', listedAs(counts.alertsMissed)),
    none('  that fired twice', listedAs(counts.alertsFiredTwice)),
    none('  that counted a subject twice', listedAs(counts.subjectsCountedTwice)),
    figure('messages sent, sent again', `${number(counts.messages)}, ${number(counts.messagesRepeated)}`),
    figure('runs by a judge that were asked for', number(counts.runs)),
    none('  not done', listedAs(counts.runsLost)),
    none('  subjects judged twice', listedAs(counts.judgedTwice)),
    {
      what: 'the last definitions pushed are in force',
      found: counts.pushLost ? 'no' : 'yes',
      isKept: !counts.pushLost,
    },
  ]
}

/** A table in Markdown that reads well on a terminal too: figures of a run go into the documentation as they are. */
export function renderRows(rows: readonly Row[]): string {
  const mark = { true: 'ok', false: 'FAIL', null: '' }
  const cells = rows.map(({ what, found, isKept }) => [what.replace(/^ +/, '- '), found, mark[`${isKept}`]])
  const table = [['what', 'found', ''], ...cells]
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => Math.min(MOST_PADDED, row[column]!.length))))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 4)).join(' | ')} |`
  const rule = `| ${[...widths, 4].map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(table[0]!), rule, ...table.slice(1).map(line)].join('\n')
}

/** What is longer sticks out. */
const MOST_PADDED = 80

export const isKept = (rows: readonly Row[]): boolean => rows.every((row) => row.isKept !== false)
