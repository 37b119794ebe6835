/** `assay delete`: a trace, a user or a session, gone from every copy that can be changed. */
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { type ErasureResponse, erasureResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Answer, askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'

interface Flags {
  trace?: string
  user?: string
  session?: string
  dryRun?: boolean
  yes?: boolean
  server?: string
  json?: boolean
}

/** Parts of the store are written anew, and the log is read through. */
const TIMEOUT_MS = 3_600_000

export function registerDelete(program: Command): void {
  program
    .command('delete')
    .description('erase a trace, or all traces of a user or a session')
    .option('--trace <id>', 'this trace')
    .option('--user <id>', 'every trace in which a span names this user')
    .option('--session <id>', 'every trace in which a span names this session')
    .option('--dry-run', 'count, and change nothing')
    .option('--yes', 'do not ask')
    .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER}), with the key in ASSAY_KEY`)
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      `
Give the id as it was sent; where it is tokenised at the gateway, its token is looked for as well. Erased are the spans and verdicts
in ClickHouse, the embedded log, dead letters, the judges' remembered answers, and what is on its way. A Kafka log keeps its copy
until its retention ends: the answer says when. Backups are not touched. It takes the role admin, and is told in the audit log.

Examples:
  assay delete --user 4711 --dry-run
  assay delete --trace 0af7651916cd43dd8448eb211c80319c
  assay delete --session s-83 --yes --json

Exit codes: 0 erased, 1 nothing was found by this id, or spans that the store had in hand may be left (ask again in a minute),
2 usage, or Assay refused.`,
    )
    .action(async (flags: Flags) => {
      process.exitCode = await run(flags)
    })
}

async function run(flags: Flags): Promise<number> {
  const given = Object.entries({ trace: flags.trace, user: flags.user, session: flags.session }).filter(
    (one): one is [string, string] => one[1] !== undefined,
  )
  const [only] = given
  if (only === undefined || given.length > 1) return fail('give one of --trace, --user and --session')
  const ask = (dryRun: boolean): Promise<Answer<ErasureResponse>> =>
    askApi(
      serverOf(flags.server),
      '/v1/erasures',
      {},
      erasureResponseSchema,
      { [only[0]]: only[1], dryRun },
      TIMEOUT_MS,
    )
  if (flags.dryRun !== true && flags.yes !== true) {
    if (!process.stdin.isTTY) return fail('--yes is needed where nobody can be asked; --dry-run counts')
    const counted = await ask(true)
    if (!counted.ok) return fail(counted.message)
    if (isNothing(counted.value)) return nothing(flags, only, counted.value)
    process.stderr.write(countsOf(counted.value))
    if (!(await isConfirmed(`Erase what there is of this ${only[0]}, for good? [y/N] `))) return exitCodes.ok
  }
  const answer = await ask(flags.dryRun === true)
  if (!answer.ok) return fail(answer.message)
  const report = answer.value
  if (isNothing(report)) return nothing(flags, only, report)
  process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : textOf(report))
  return report.isSettled ? exitCodes.ok : exitCodes.findings
}

const isNothing = ({ traces, spans, results, records, deadLetters }: ErasureResponse): boolean =>
  traces + spans + results + records + deadLetters === 0

/** Most often a mistyped id, or another tenant's key: whoever has to answer for an erasure must hear of it. */
function nothing({ json }: Flags, [kind, id]: readonly [string, string], report: ErasureResponse): number {
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`)
  process.stderr.write(
    `assay delete: nothing was found of ${kind} ${JSON.stringify(id)}, of the key's tenant; is it written as it was sent?\n`,
  )
  return exitCodes.findings
}

function fail(message: string): number {
  process.stderr.write(`assay delete: ${message}\n`)
  return exitCodes.usage
}

async function isConfirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim())
  } finally {
    terminal.close()
  }
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

function countsOf({ traces, spans, results, records, deadLetters }: ErasureResponse): string {
  const parts = [
    `${counted(spans, 'span')} and ${counted(results, 'result')} in ClickHouse`,
    ...(records > 0 ? [`${counted(records, 'record')} of the log`] : []),
    ...(deadLetters > 0 ? [counted(deadLetters, 'dead letter')] : []),
  ]
  return `${counted(traces, 'trace')}: ${parts.join(', ')}.\n`
}

function textOf(report: ErasureResponse): string {
  if (report.dryRun) return `Would erase ${countsOf(report)}`
  const lines = [`Erased ${countsOf(report)}`]
  if (report.answers > 0) lines.push(`${counted(report.answers, "judge's answer")} forgotten.\n`)
  for (const { topic, until } of report.keptUntil) lines.push(`A copy stays in ${topic} until ${until.slice(0, 10)}.\n`)
  if (!report.isSettled)
    lines.push('The store had spans in hand that may have been written meanwhile: ask again in a minute.\n')
  lines.push('ClickHouse removes the old files within 10 minutes. Backups made before keep their copy.\n')
  return lines.join('')
}
