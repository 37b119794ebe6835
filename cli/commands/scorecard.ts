/** `assay scorecard`: a scorecard as it would be sent now. */
import { writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { messageOf } from '../../engine/message-of.ts'
import { scorecardSchema, scorecardsResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Answer, askApi, askRaw, serverOf } from './ask-api.ts'
import { withServer } from './silence.ts'

const FORMATS = ['text', 'markdown', 'html', 'json', 'slack', 'svg', 'png'] as const

interface Flags {
  server?: string
  json?: boolean
  preview?: boolean
  format: (typeof FORMATS)[number]
  output?: string
}

export function registerScorecard(program: Command): void {
  const command = program
    .command('scorecard')
    .description('show a scorecard as it would be sent now, of the period up to now; nobody is told')
    .argument('<name>', 'the scorecard; as package/scorecard where several packages have one of the name')
    .option('--preview', 'what it does anyway: worked out by the running instance, and posted nowhere')
    .addOption(new Option('--format <format>', 'how it is written').choices(FORMATS).default('text'))
    .option('--output <file>', 'where to; standard output unless told')
    .addHelpText(
      'after',
      `
Examples:
  assay scorecard weekly --preview
  assay scorecard support/weekly --format png --output weekly.png
  assay scorecard support/weekly --format html --output weekly.html
  assay scorecard support/weekly --format markdown >> "$GITHUB_STEP_SUMMARY"
  assay scorecard support/weekly --format json | jq '.rows[].cells[] | {fn, evalId, value, interval}'

It is posted on the schedule of its every:; GET /v1/scorecards/{package}/{name}/history has what was posted.

Exit codes: 0 fine, 2 usage, or Assay refused.`,
    )
  withServer(command).action(async (name: string, flags: Flags) => {
    process.exitCode = await show(name, flags)
  })
}

async function show(name: string, flags: Flags): Promise<number> {
  const server = serverOf(flags.server)
  const path = await pathOf(server, name)
  const answer = path.ok ? await fetchAs(server, path.value, flags.json === true ? 'json' : flags.format) : path
  if (!answer.ok) return refused(answer.message)
  if (flags.format === 'png' && flags.json !== true && flags.output === undefined && process.stdout.isTTY)
    return refused('a picture is nothing for a terminal: say --output weekly.png')
  try {
    if (flags.output === undefined) process.stdout.write(answer.value)
    else await writeFile(flags.output, answer.value)
  } catch (error) {
    return refused(`${flags.output} cannot be written: ${messageOf(error)}`)
  }
  return exitCodes.ok
}

function refused(message: string): number {
  process.stderr.write(`assay scorecard: ${message}\n`)
  return exitCodes.usage
}

/** Of its name alone where one package has it. */
async function pathOf(server: string, name: string): Promise<Answer<string>> {
  const parts = name.split('/')
  if (parts.length > 2 || parts.includes('')) return { ok: false, message: `${name}: write it as package/scorecard` }
  const pathTo = (id: string): string => `/v1/scorecards/${id.split('/').map(encodeURIComponent).join('/')}`
  if (parts.length === 2) return { ok: true, value: pathTo(name) }
  const listed = await askApi(server, '/v1/scorecards', {}, scorecardsResponseSchema)
  if (!listed.ok) return listed
  const ids = listed.value.scorecards.map(({ id }) => id)
  const found = ids.filter((id) => id.endsWith(`/${name}`))
  const [first] = found
  if (first !== undefined && found.length === 1) return { ok: true, value: pathTo(first) }
  if (found.length > 1) return { ok: false, message: `several packages have a scorecard ${name}: ${found.join(', ')}` }
  const there = ids.length === 0 ? 'none is' : `there are ${ids.join(', ')}`
  return { ok: false, message: `there is no scorecard ${name} in force; ${there}` }
}

async function fetchAs(server: string, path: string, format: Flags['format']): Promise<Answer<string | Uint8Array>> {
  if (format !== 'json') return askRaw(server, `${path}/rendered`, { format })
  const answer = await askApi(server, path, {}, scorecardSchema)
  return answer.ok ? { ok: true, value: `${JSON.stringify(answer.value)}\n` } : answer
}
