/** `assay scorecard`: a scorecard as it would be sent now. */
import { type Command, Option } from 'commander'
import { scorecardLines, scorecardMarkdown, scorecardTitle } from '../../engine/scorecard/render.ts'
import type { Scorecard } from '../../engine/scorecard/scorecard-json.ts'
import { scorecardSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { askApi, serverOf } from './ask-api.ts'
import { withServer } from './silence.ts'

interface Flags {
  server?: string
  json?: boolean
  format: 'text' | 'markdown'
}

export function registerScorecard(program: Command): void {
  const command = program
    .command('scorecard')
    .description('show a scorecard as it would be sent now; nobody is told')
    .argument('<name>', 'package/scorecard')
    .addOption(new Option('--format <format>', 'how it is written').choices(['text', 'markdown']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  assay scorecard support/weekly
  assay scorecard support/weekly --format markdown >> "$GITHUB_STEP_SUMMARY"
  assay scorecard support/weekly --json | jq '.rows[].cells[] | {fn, evalId, value}'

Exit codes: 0 fine, 2 usage, or Assay refused.`,
    )
  withServer(command).action(async (name: string, flags: Flags) => {
    process.exitCode = await show(name, flags)
  })
}

async function show(name: string, flags: Flags): Promise<number> {
  const path = `/v1/scorecards/${name.split('/').map(encodeURIComponent).join('/')}`
  const answer = /^[^/]+\/[^/]+$/.test(name)
    ? await askApi(serverOf(flags.server), path, {}, scorecardSchema)
    : ({ ok: false, message: `${name}: write it as package/scorecard` } as const)
  if (!answer.ok) {
    process.stderr.write(`assay scorecard: ${answer.message}\n`)
    return exitCodes.usage
  }
  const text = flags.json === true ? `${JSON.stringify(answer.value)}\n` : written(answer.value as Scorecard, flags)
  process.stdout.write(text)
  return exitCodes.ok
}

const written = (scorecard: Scorecard, { format }: Flags): string =>
  format === 'markdown'
    ? scorecardMarkdown(scorecard)
    : `${[scorecardTitle(scorecard), ...scorecardLines(scorecard).map((line) => `  ${line}`)].join('\n')}\n`
