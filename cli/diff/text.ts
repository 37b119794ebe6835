/** `assay diff` for people at a terminal. */
import type { EvalDiff, PlanDiff, RuleDiff, TestDiff } from '../../dsl/diff-plans.ts'
import { printable } from '../../dsl/print-literal.ts'
import { SIGHT_TITLE, type Sight, sightAbout } from './sight.ts'
import { type Compared, differingLines, groupsOf, renameHint, summaryOf } from './wording.ts'

/** How parts are set off; the identity where there is no terminal. */
export interface DiffPaint {
  removed: (text: string) => string
  added: (text: string) => string
  heading: (text: string) => string
  aside: (text: string) => string
}

export const plainDiffPaint: DiffPaint = {
  removed: (text) => text,
  added: (text) => text,
  heading: (text) => text,
  aside: (text) => text,
}

export function diffText(diff: PlanDiff, { before, after }: Compared, sight: Sight | null, paint: DiffPaint): string {
  const lines = [`${before} → ${after}: ${summaryOf(diff)}`]
  for (const { title, meaning, kind, items } of groupsOf(diff)) {
    lines.push('', `${paint.heading(title)}${meaning === '' ? '' : paint.aside(`  ${meaning}`)}`)
    if (kind === 'tests') lines.push(...items.map((item) => testLine(item, paint)))
    else for (const item of items) lines.push(...declaredLines(item, paint))
  }
  if (sight !== null) lines.push('', ...sightLines(sight, paint))
  return `${lines.join('\n')}\n`
}

function sightLines(sight: Sight, paint: DiffPaint): string[] {
  return [
    `${paint.heading(SIGHT_TITLE)}${paint.aside(`  ${sightAbout(sight)}`)}`,
    ...sight.alerts.flatMap(({ id, rule, lines, isBlind }) => [
      `  ${id}  ${printable(rule)}`,
      ...lines.map(
        (line, index) => `    ${isBlind === true && index === 0 ? paint.removed(`warning: ${line}`) : line}`,
      ),
    ]),
  ]
}

function testLine({ change, name, file, line }: TestDiff, paint: DiffPaint): string {
  return `  ${change.padEnd(8)} ${JSON.stringify(name)}  ${paint.aside(`${file}:${line}`)}`
}

function declaredLines(diff: EvalDiff | RuleDiff, paint: DiffPaint): string[] {
  const what = 'kind' in diff ? `${diff.change === 'changed' ? '' : `${diff.change} `}${diff.kind} ${diff.id}` : diff.id
  const from = 'from' in diff && diff.from !== null ? ` (was ${diff.from})` : ''
  const lines = [`  ${what}${from}  ${paint.aside(`${diff.file}:${diff.line}`)}`]
  if (diff.change === 'changed') {
    const width = Math.max(0, ...diff.changes.map(({ clause }) => clause.length)) + 1
    for (const { clause, before, after } of diff.changes)
      lines.push(...changeLines(clause, width, before, after, paint))
  }
  const hint = 'kind' in diff ? null : renameHint(diff)
  if (hint !== null) lines.push(`    ${paint.aside(hint)}`)
  return lines
}

function changeLines(
  clause: string,
  width: number,
  before: string | null,
  after: string | null,
  paint: DiffPaint,
): string[] {
  const { removed, added } = differingLines(before, after)
  const marked = [
    ...removed.map((line) => paint.removed(`- ${printable(line)}`)),
    ...added.map((line) => paint.added(`+ ${printable(line)}`)),
  ]
  const label = `${clause}:`.padEnd(width)
  return marked.map((line, index) => `    ${index === 0 ? label : ' '.repeat(width)}  ${line}`)
}
