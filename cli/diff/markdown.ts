/** `assay diff --markdown`: a comment on a pull request. */
import type { EvalDiff, PlanDiff, RuleDiff, TestDiff } from '../../dsl/diff-plans.ts'
import { code, escaped, fitting } from '../markdown.ts'
import { SIGHT_TITLE, type Sight, sightAbout } from './sight.ts'
import { type Compared, differingLines, groupsOf, renameHint, summaryOf } from './wording.ts'

/** By which a workflow finds the comment that it wrote before, to write it anew. */
export const DIFF_MARKER = '<!-- assay diff -->'

export function diffMarkdown(diff: PlanDiff, { before, after }: Compared, sight: Sight | null): string {
  const head = `${DIFF_MARKER}\n### Evals: ${summaryOf(diff)}\n\nFrom ${escaped(before)} to ${escaped(after)}.\n`
  const sections = groupsOf(diff).flatMap(({ title, meaning, kind, items }) => [
    `\n#### ${title}\n${meaning === '' ? '' : `\n${sentence(meaning)}\n`}`,
    ...(kind === 'tests'
      ? [`\n${items.map(testItem).join('\n')}\n`]
      : items.map((item) => `\n${declaredItem(item)}\n`)),
  ])
  return fitting(head, sight === null ? sections : [...sections, sightSection(sight)])
}

function sightSection(sight: Sight): string {
  const alerts = sight.alerts.map(({ id, rule, lines, isBlind }) => {
    const told = lines.map((line, index) =>
      isBlind === true && index === 0 ? `**Warning: ${escaped(line)}**` : escaped(line),
    )
    return `- **${code(id)}** ${code(rule)}: ${told.join('; ')}\n`
  })
  return `\n#### ${SIGHT_TITLE}\n\n${escaped(sentence(sightAbout(sight)))}\n\n${alerts.join('')}`
}

function testItem({ change, name, file, line }: TestDiff): string {
  return `- ${change}: ${escaped(name)} (${code(`${file}:${line}`)})`
}

function declaredItem(diff: EvalDiff | RuleDiff): string {
  const what = 'kind' in diff ? `${diff.change === 'changed' ? '' : `${diff.change} `}${diff.kind} ` : ''
  const from = 'from' in diff && diff.from !== null ? `, was ${code(diff.from)}` : ''
  const parts = [`${what}**${code(diff.id)}**${from} (${code(`${diff.file}:${diff.line}`)})`]
  if (diff.change === 'changed' && diff.changes.length > 0) parts.push(diffBlock(diff.changes))
  const hint = 'kind' in diff ? null : renameHint(diff)
  if (hint !== null) parts.push(sentence(hint))
  return parts.join('\n\n')
}

function diffBlock(changes: readonly { clause: string; before: string | null; after: string | null }[]): string {
  const lines = changes.flatMap(({ clause, before, after }) => {
    const { removed, added } = differingLines(before, after)
    return [...removed.map((line) => `- ${clause}: ${line}`), ...added.map((line) => `+ ${clause}: ${line}`)]
  })
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1))
  return `${fence}diff\n${lines.join('\n')}\n${fence}`
}

/** Of backticks: a fence has to be longer than any inside. */
function longestRun(lines: readonly string[]): number {
  return Math.max(0, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)))
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
