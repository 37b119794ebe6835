/** `assay diff`: two revisions, or one and the working tree, by what their definitions mean. */
import { styleText } from 'node:util'
import { diffPlans, isEmptyDiff } from '../../dsl/diff-plans.ts'
import type { DiffFlags } from '../commands/diff.ts'
import { exitCodes } from '../exit-codes.ts'
import { windowOf } from '../stored/window.ts'
import { type ComparedSide, diffJson } from './json.ts'
import { diffMarkdown } from './markdown.ts'
import { openSides, type Side } from './sides.ts'
import { sightOf } from './sight.ts'
import { type DiffPaint, diffText } from './text.ts'

/** The exit code. */
export async function runDiff(first: string, second: string | undefined, flags: DiffFlags): Promise<number> {
  if (flags.json && flags.markdown) return refuse('--json and --markdown are two outputs: take one')
  const period = windowOf(flags.since, undefined, Date.now())
  if (!period.ok) return refuse(period.message)
  const sides = openSides({ first, second, fromMergeBase: flags.mergeBase === true, paths: flags.evals })
  if (!sides.ok) {
    if (sides.kind === 'usage') return refuse(sides.message)
    process.stderr.write(`${sides.message}\n`)
    return exitCodes.findings
  }
  const { before, after } = sides.value
  const diff = diffPlans(before.plan, after.plan)
  const compared = { before: before.shown, after: after.shown }
  const sight = await sightOf(diff, after.plan, flags, period, process.env)
  if (sight === 'interrupted') return exitCodes.interrupted
  if (flags.json) process.stdout.write(diffJson(diff, jsonSide(before), jsonSide(after), sight))
  else if (flags.markdown) process.stdout.write(diffMarkdown(diff, compared, sight))
  else process.stdout.write(diffText(diff, compared, sight, paintFor(process.stdout)))
  return flags.exitCode && !isEmptyDiff(diff) ? exitCodes.findings : exitCodes.ok
}

function jsonSide({ revision, plan }: Side): ComparedSide {
  return { revision: revision?.name ?? null, commit: revision?.commit ?? null, planHash: plan.hash }
}

/** Colours on a terminal only, and never under NO_COLOR. */
export function paintFor(stream: NodeJS.WriteStream): DiffPaint {
  type Style = Parameters<typeof styleText>[0]
  const paint = (style: Style) => (text: string) => styleText(style, text, { stream, validateStream: true })
  return { removed: paint('red'), added: paint('green'), heading: paint('bold'), aside: paint('dim') }
}

function refuse(message: string): number {
  process.stderr.write(`assay diff: ${message}\n`)
  return exitCodes.usage
}
